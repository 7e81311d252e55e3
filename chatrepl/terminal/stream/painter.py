"""A reply on the screen while it streams: frames in time, work in slices, one write a frame.

feed(text)         a delta came; paints if a frame is due
tick()             the caller's timer, and after SIGWINCH; paints what is due
wait()             seconds until the next tick is worth it; None if all is painted
status(row)        a dim row below the open block
suspend, resume    Ctrl-Z and fg
finish, abort      the whole reply is final; the reply ends as it is shown

Thinking on the screen: a few dim rows while it lasts, one line when it is over.
"""

from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from chatrepl.terminal.markdown.plain_rows import PlainRows, Window
from chatrepl.terminal.markdown.wrap import Row, chop, width_of_row
from chatrepl.terminal.stream.ansi import Ansi
from chatrepl.terminal.stream.pen import RESET
from chatrepl.terminal.stream.screen import Screen

_SLICE = 2_000  # characters between two looks at the clock
_MOST = 64_000  # characters in one frame
_BUDGET_S = 0.015
_SLOWEST_S = 0.3
_LEAST = 6  # live rows, where there is room
_SHARE = 12  # a frame that takes t seconds is followed by a pause of 12 t


class Growing(Protocol):
    """A text that gives rows as it grows: `elements.Document`, or plain text."""

    def feed(self, text: str, width: int) -> list[Row]: ...
    def finish(self, width: int) -> list[Row]: ...
    def preview(self, width: int) -> list[Row]: ...


class Painter:
    """Paints a growing text on a console's terminal; without `live`, only what is final."""

    def __init__(
        self,
        console: Console,
        document: Growing,
        *,
        clock: Callable[[], float],
        live: bool = True,
        fps: float = 20.0,
    ) -> None:
        self._console = console
        self._document = document
        self._clock = clock
        self._live = live
        self._interval = 1.0 / fps
        self._screen = Screen(self._write, Ansi(console))
        self._pending: list[str] = []
        self._backlog = ""
        self._status: Row = []
        self._stale = False  # the screen differs from what is known
        self._next = float("-inf")
        self._size = (0, 0)
        self._suspended = False
        self._torn = False  # a write was interrupted
        self._ended = False
        self._begun = False  # a row is final
        self._shown: list[Row] = []

    def feed(self, text: str) -> None:
        """Take a delta."""
        self._pending.append(text)
        self._stale = True
        if self._clock() >= self._next:
            self.tick()

    def status(self, text: Text | None) -> None:
        """Set the row below the open block; it is cut to the window."""
        row: Row = []
        if text:
            style = self._console.get_style(text.style)
            row = list(Segment.apply_style(text.render(self._console, end=""), style))
        if row != self._status:
            self._status = row
            self._stale = True

    def tick(self) -> None:
        """Paint a frame if one is due."""
        if not self._suspended and not self._ended and self._clock() >= self._next:
            self._frame()

    def wait(self) -> float | None:
        """Seconds until something is to be painted; None if nothing is."""
        if self._ended or self._suspended or not (self._stale or self._backlog):
            return None
        return max(0.0, self._next - self._clock())

    def finish(self) -> None:
        """Make all of the text final; the cursor is left at the start of a fresh row."""
        if self._ended:
            return
        self._ended = True
        self._mend()
        width, _ = self._fit()
        text = self._backlog + "".join(self._pending)
        self._backlog = ""
        self._pending.clear()
        for start in range(0, len(text), _SLICE):
            rows = self._document.feed(text[start : start + _SLICE], width)
            if rows:
                self._screen.paint(rows, [], width)
        self._screen.paint(self._document.finish(width), [], width)

    def abort(self) -> None:
        """End with what is shown, without the status; the cursor is left on a fresh row.

        Text that came since the last frame is not shown: `finish` shows all of it.
        """
        if self._ended:
            return
        self._ended = True
        if self._torn:
            self._mend()
            return
        width, height = self._fit()
        self._screen.paint(self._shown[-max(1, height - 1) :], [], width)

    def suspend(self) -> None:
        """Take the live rows off the screen, before the program is stopped."""
        self._screen.clear(*self._fit())
        self._suspended = True

    def resume(self) -> None:
        """Go on after `suspend`."""
        self._suspended = False
        self._stale = True
        self._next = float("-inf")

    def _frame(self) -> None:
        self._mend()
        width, height = self._fit()
        if not self._stale and not self._backlog:
            return
        begin = self._clock()
        rows = self._work(width, begin)
        self._begun = self._begun or bool(rows)
        painted = self._clock()
        if self._backlog:
            if rows:
                self._shown = []
                self._screen.paint(rows, [], width)
        else:
            self._stale = False
            self._screen.paint(rows, self._preview(width, height), width)
        end = self._clock()
        self._next = end + max(self._interval, min(_SLOWEST_S, _SHARE * (end - painted)))
        if self._backlog:
            self._next = end

    def _work(self, width: int, begin: float) -> list[Row]:
        """Read what came, as much of it as a frame has time for."""
        text = self._backlog + "".join(self._pending)
        self._pending.clear()
        rows: list[Row] = []
        start = 0
        while start < min(len(text), _MOST):
            rows += self._document.feed(text[start : start + _SLICE], width)
            start += _SLICE
            if self._clock() - begin > _BUDGET_S:
                break
        self._backlog = text[start:]
        return rows

    def _preview(self, width: int, height: int) -> list[Row]:
        """The live rows: the end of the open block and the status, half a screen.

        A window that becomes half as wide makes twice as many of them, and what scrolls out of it
        cannot be taken back.
        """
        if not self._live:
            return []
        room = max(min(height - 1, _LEAST), height // 2)
        status = chop([(part.text, part.style or Style.null()) for part in self._status], width)
        status = status[:1] if self._status else []
        self._shown = self._document.preview(width)
        rows = [part for row in self._shown for part in _folded(row, width)]
        if status and room > 3 and (rows or self._begun):
            status.insert(0, [])
        return _last(rows, room - len(status)) + status

    def _fit(self) -> tuple[int, int]:
        """The size of the window; after a change the live rows are taken off the screen."""
        size = self._console.size
        width, height = max(1, size.width), max(1, size.height)
        if self._size not in {(0, 0), (width, height)}:
            self._screen.clear(width, height)
            self._stale = True
        self._size = width, height
        return width, height

    def _mend(self) -> None:
        """Go on in a fresh row after a write that was interrupted."""
        if self._torn:
            self._write(RESET)
            self._screen.forget()

    def _write(self, text: str) -> None:
        self._torn = True
        self._console.file.write(text)
        self._console.file.flush()
        self._torn = False


def _folded(row: Row, width: int) -> list[Row]:
    """A row as the terminal wraps it, which must not wrap what is to be taken off again."""
    if width_of_row(row) <= width:
        return [row]
    return chop([(part.text, part.style or Style.null()) for part in row], width)


def _last(rows: list[Row], room: int) -> list[Row]:
    """The last rows that have room; they move up by half of it at a time, not at each new row."""
    over = len(rows) - room
    if over <= 0:
        return rows
    step = max(1, room // 2)
    return rows[-(-over // step) * step :] if room > 0 else []


DIM = Style(dim=True, italic=True)
_ROWS = 4


class Thinking(Painter):
    """Paints thinking: all of it if `whole`, else its last rows, which one line replaces."""

    def __init__(
        self,
        console: Console,
        *,
        clock: Callable[[], float],
        whole: bool = False,
        live: bool = True,
        style: Style = DIM,
    ) -> None:
        text = PlainRows(style)
        self._style = style
        self._window = None if whole else Window(text, _ROWS)
        super().__init__(console, self._window or text, clock=clock, live=live)

    def conclude(self, seconds: float) -> None:
        """End it, with a line that says how long it took; where all is shown, without one."""
        if self._window:
            self._window.summary = [(f"thought for {duration(seconds)}", self._style)]
        self.finish()


def duration(seconds: float) -> str:
    """Seconds as people read them: `3.2 s`, `1 min 5 s`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
