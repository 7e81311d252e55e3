"""What is drawn at the prompt, where the window may change under it.

A terminal that gets narrower wraps the rows that stand on it, and the cursor moves down with them.
How far up the prompt begins then follows from the rows as they were drawn. The prompt takes no more
rows than it needs: what the terminal pushes into its scrollback nobody can take back.
"""

import asyncio
import os
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from prompt_toolkit.application import Application, get_app
from prompt_toolkit.data_structures import Point
from prompt_toolkit.layout import Layout
from prompt_toolkit.layout.screen import Screen
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.output.plain_text import PlainTextOutput
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import Renderer
from prompt_toolkit.styles import BaseStyle

from chatrepl.terminal.modes import ERASE_BELOW

_FIXED: Final = ("linux", "rxvt", "vt")
# kitty would else take the prompt off the screen by itself when the window changes, and we again.
_PROMPT_BEGINS: Final = "\x1b]133;A;redraw=0\x1b\\"
_INPUT_BEGINS: Final = "\x1b]133;B\x1b\\"
_ROWS_AT_REST: Final = 2  # one of text, and the toolbar
_ROOM_A_ROW: Final = 2  # rows more that a row takes in a window of a third of the width
_ROOM_FOR_A_REPLY: Final = 12  # its open block is wrapped anew as well
_SETTLED_S: Final = 0.1
_TMUX: Final = re.compile(r"(?:next-)?(\d{1,4})\.(\d{1,4})")
_SETTLED_IN_TMUX_S: Final = 0.3  # it tells a size up to 0.25 s after it has wrapped what it shows


class _PromptOutput(Vt100_Output):
    def erase_down(self) -> None:
        self.write_raw(ERASE_BELOW)


def open_output(*, dumb: bool) -> Output:
    """Open standard output for the prompt."""
    if dumb:
        return PlainTextOutput(sys.stdout)
    if not sys.stdout.isatty():
        return create_output()
    return _PromptOutput.from_pty(sys.stdout, term=os.environ.get("TERM"))


class WindowRenderer(Renderer):
    """Draws anew once the window's size has settled; the terminal `wraps` the rows meanwhile.

    tmux pushes rows off the top of the window for those that it wraps, even where there is room
    below. So there the prompt keeps `room_above`: blank rows, where nothing else stands. From
    3.6 on it also wraps as if the second half of a wide character took one cell more: `half`.
    """

    wraps = True
    room_above = False
    half = 0
    marks = True
    settled_s = _SETTLED_S
    _above: int | None = None  # rows of the window above the prompt, where that matters
    _settling: asyncio.TimerHandle | None = None

    @property
    def height_is_known(self) -> bool:
        """Whether the toolbar may be shown: it stands below the text, wherever that is."""
        return True

    def request_absolute_cursor_position(self) -> None:
        """Ask where in the window the prompt begins, where something depends on it."""
        if self.room_above and self._cursor_pos.y == 0:
            super().request_absolute_cursor_position()

    def report_absolute_cursor_row(self, row: int) -> None:
        """Hear where it begins; its height does not depend on that."""
        super().report_absolute_cursor_row(row)
        self._min_available_height = 0
        self._above = row - 1

    def render(self, app: Application[Any], layout: Layout, is_done: bool = False) -> None:
        """Draw what has changed; nothing but the end while the window's size still changes."""
        if self._settling is not None and not is_done:
            return
        if self._last_size not in {None, self.output.get_size()}:
            self.erase()
            self.request_absolute_cursor_position()
        if is_done and app.current_buffer.text:
            self._make_room(_ROOM_FOR_A_REPLY)
        begins = self._last_screen is None and self.marks
        if begins:
            self.output.write_raw(_PROMPT_BEGINS)
        super().render(app, layout, is_done)
        if begins and not is_done:
            self.output.write_raw(_INPUT_BEGINS)
            self.output.flush()
        if self._last_screen is not None:
            self._make_room(_ROOM_A_ROW * (self._last_screen.height - _ROWS_AT_REST))

    def erase(self, leave_alternate_screen: bool = True) -> None:
        """Take what was drawn off the screen; after a change of size, that is done later."""
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        if not leave_alternate_screen:
            loop = asyncio.get_running_loop()
            self._settling = loop.call_later(self.settled_s, self._draw_anew)
            return
        size = self.output.get_size()
        if self.wraps and self._last_screen is not None and self._last_size is not None:
            drawn = self._last_size.columns
            width, half = max(1, size.columns), self.half
            up = rows_above(self._last_screen, self._cursor_pos, drawn, width, half)
            self._cursor_pos = Point(self._cursor_pos.x, min(up, max(0, size.rows - 1)))
        super().erase()

    def reset(self, _scroll: bool = False, leave_alternate_screen: bool = True) -> None:
        """Forget what was drawn, and where."""
        super().reset(_scroll, leave_alternate_screen)
        self._above = None

    def _draw_anew(self) -> None:
        self._settling = None
        get_app().invalidate()

    def _make_room(self, wanted: int) -> None:
        """Move all rows of the window down, if the prompt stands too near to its top."""
        if self._above is None or self._last_screen is None:
            return
        free = self.output.get_size().rows - self._last_screen.height
        above, wanted = min(self._above, free), min(wanted, free)
        if (more := wanted - above) > 0:
            self.output.write_raw(f"\x1b[H\x1b[{more}L")
            self.output.cursor_goto(wanted + self._cursor_pos.y + 1, self._cursor_pos.x + 1)
            self.output.flush()
        self._above = max(above, wanted)


def open_renderer(style: BaseStyle, output: Output) -> WindowRenderer:
    """Make the renderer that suits the terminal."""
    renderer = WindowRenderer(style, output)
    renderer.wraps = wraps_anew(os.environ)
    renderer.marks = isinstance(output, Vt100_Output) and os.environ.get("TERM") != "linux"
    renderer.half = half_wide(os.environ)
    if os.environ.get("TMUX"):
        renderer.room_above = output.responds_to_cpr
        renderer.settled_s = _SETTLED_IN_TMUX_S
    return renderer


def wraps_anew(environ: Mapping[str, str]) -> bool:
    """Tell whether a terminal wraps its rows anew when it gets narrower, as most do today."""
    if environ.get("TMUX"):
        return True
    fixed = environ.get("TERM", "").startswith(_FIXED)
    return not (fixed or environ.get("XTERM_VERSION") or environ.get("STY"))


def half_wide(environ: Mapping[str, str]) -> int:
    """Tell how many cells more a wide character has where tmux wraps rows: from 3.6 on, one."""
    version = _TMUX.match(environ.get("TERM_PROGRAM_VERSION", "")) if environ.get("TMUX") else None
    return int(version is not None and (int(version[1]), int(version[2])) >= (3, 6))


def rows_above(screen: Screen, cursor: Point, drawn: int, width: int, half: int = 0) -> int:
    """Count the rows above the cursor once rows that were `drawn` wide are cut at `width`.

    The second cell of a wide character counts `half`.
    """
    above = sum(_rows(_cells(screen, y, drawn, half), width) for y in range(cursor.y))
    before = _cells(screen, cursor.y, drawn, half)[: cursor.x + 1]
    return above + _rows(before, width) - 1


def _cells(screen: Screen, y: int, width: int, half: int) -> list[int]:
    """Give the widths of a row's characters up to the last that is no blank."""
    row = screen.data_buffer[y]
    end = max((x + 1 for x, cell in row.items() if x < width and cell.char != " "), default=0)
    return [row[x].width or half for x in range(end)]


def _rows(cells: Iterable[int], width: int) -> int:
    """Count the rows that characters take; a wide one is not parted."""
    rows, column = 1, 0
    for cell in cells:
        if column + cell > width:
            rows, column = rows + 1, 0
        column += cell
    return rows
