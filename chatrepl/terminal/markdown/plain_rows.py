"""Plain text that grows, with the same face as `Document`: for thinking, which is no Markdown."""

from collections import deque

from rich.segment import Segment
from rich.style import Style

from chatrepl.terminal.markdown.blocks.lines import LinePart, Lines
from chatrepl.terminal.markdown.wrap import Row, Run, clean, rstrip, wrap

_TAIL = 24  # rows of the screen that a preview shows of an overlong line


class PlainRows:
    """A text shown as it is, in one style; blank lines at its ends are left out.

    With `whole` a line is one row, which the terminal wraps.
    """

    def __init__(self, style: Style, *, whole: bool = False) -> None:
        self._style = style
        self._is_whole = whole
        self._lines = Lines()
        self._begun = ""  # a long line as far as it came
        self._blanks = 0
        self._started = False

    def feed(self, text: str, width: int) -> list[Row]:
        """Take more text and return the rows that are final by it."""
        return self._rows(self._lines.feed(text), width)

    def finish(self, width: int) -> list[Row]:
        """Return the rest of the rows."""
        return self._rows(self._lines.finish(), width)

    def preview(self, width: int) -> list[Row]:
        """What `finish` would return if the text ended here."""
        part = self._begun + self._lines.part
        if not part or part.isspace():
            return []
        part = part[max(0, len(part) // width - _TAIL) * width :]
        return [[]] * (self._blanks * self._started) + self._wrap(part, width)

    def _rows(self, lines: list[str], width: int) -> list[Row]:
        rows: list[Row] = []
        for piece in lines:
            if isinstance(piece, LinePart):
                self._begun += piece
                continue
            line, self._begun = self._begun + piece, ""
            if not line or line.isspace():
                self._blanks += 1
                continue
            if self._started:
                rows += [[]] * self._blanks
            self._started, self._blanks = True, 0
            rows += self._wrap(line, width)
        return rows

    def _wrap(self, line: str, width: int) -> list[Row]:
        if self._is_whole:
            return [rstrip([Segment(clean(line), self._style)])]
        return wrap([(clean(line), self._style)], width)


class Window:
    """Plain text of which only the last rows are seen while it grows, and one line at its end."""

    def __init__(self, text: PlainRows, height: int) -> None:
        self._text = text
        self._rows: deque[Row] = deque(maxlen=height)
        self.summary: list[Run] = []

    def feed(self, text: str, width: int) -> list[Row]:
        """Take more text; nothing of it is final."""
        self._rows.extend(self._text.feed(text, width))
        return []

    def preview(self, width: int) -> list[Row]:
        """The last rows."""
        rows = [*self._rows, *self._text.preview(width)]
        return rows[-(self._rows.maxlen or 1) :]

    def finish(self, width: int) -> list[Row]:
        """The summary, if there is one."""
        return wrap(self.summary, width) if self.summary else []
