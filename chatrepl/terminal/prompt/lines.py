"""The prompt for screen readers and braille: lines that are written once, and no cursor that moves.

All that leaves is text, CR and LF. A row that changes elsewhere than at its end is written again:
from its beginning while it fits into the window, else in a fresh row. What is not text of the
message, such as the candidates of a completion, stands in lines of its own.
"""

import os
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer, CompletionState
from prompt_toolkit.data_structures import Size
from prompt_toolkit.layout import Layout
from prompt_toolkit.layout.controls import BufferControl
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.renderer import Renderer
from prompt_toolkit.search import SearchState
from prompt_toolkit.styles import DummyStyle

from chatrepl.terminal.prompt.folds import Folds
from chatrepl.terminal.prompt.line_editor import cells
from chatrepl.terminal.prompt.picture import draw, picture

_MOST_CANDIDATES: Final = 30


class Unseen(DummyOutput):
    """What prompt_toolkit writes to where nothing but lines may be written."""

    def get_size(self) -> Size:
        """Give the window's size."""
        columns, rows = os.get_terminal_size() if os.isatty(1) else (80, 24)
        return Size(rows=max(1, rows), columns=max(1, columns))


class Standing(NamedTuple):
    """Whole lines, the row that is being edited, and how much of it stands before the cursor."""

    lines: tuple[str, ...] = ()
    row: str = ""
    before: str = ""


class LineRenderer(Renderer):
    """Writes a buffer as lines; `mark` begins the first, `hint` is said when there is a new one."""

    def __init__(
        self,
        write: Callable[[str], object],
        mark: str,
        hint: Callable[[], str],
        folds: Folds,
    ) -> None:
        self._out = write
        self._folds = folds
        self._mark = mark
        self._hint = hint
        self._page: Standing | None = None
        self._width = 0  # the narrowest that the window was since the row began
        self._left_out = 0  # characters of a long line before those that stand in the row
        self._listed: CompletionState | None = None
        self._hinted = ""
        super().__init__(DummyStyle(), Unseen())

    def render(self, app: Application[Any], layout: Layout, is_done: bool = False) -> None:
        """Write what has changed."""
        buffer = _edited(layout)
        if buffer is None:
            return
        buffer.load_history_if_not_yet_loaded()
        self._aside([] if is_done else self._said(buffer))
        page = self._searched(layout, buffer) or self._written(buffer, whole=is_done)
        if page != self._page:
            self._change(page)
        if is_done:
            self._out("\r\n")
            self.reset()
        app.layout.visible_windows = []

    def reset(self, _scroll: bool = False, leave_alternate_screen: bool = True) -> None:
        """Begin with a fresh row the next time; the cursor stands at the start of one."""
        super().reset(_scroll, leave_alternate_screen)
        self._page, self._listed, self._hinted, self._left_out = None, None, "", 0

    def erase(self, leave_alternate_screen: bool = True) -> None:
        """Leave the row, as something else is to be written; a change of size is no reason."""
        if leave_alternate_screen and self._page is not None:
            self._out("\r\n")
            self.reset()

    def clear(self) -> None:
        """Write the row anew: nothing is taken off the screen."""
        self.erase()

    def request_absolute_cursor_position(self) -> None:
        """Ask nothing."""

    def _said(self, buffer: Buffer) -> list[str]:
        """Give lines that are to be said beside the text."""
        said = []
        if (hint := self._hint()) != self._hinted:
            self._hinted = hint
            said += hint.splitlines()
        state = buffer.complete_state
        if state is not None and state.completions and state is not self._listed:
            said += [candidate.display_text for candidate in state.completions[:_MOST_CANDIDATES]]
            more = len(state.completions) - _MOST_CANDIDATES
            said += [f"and {more} more"] if more > 0 else []
        self._listed = state if state is not None and state.completions else None
        return said

    def _aside(self, said: list[str]) -> None:
        if said:
            fresh = "" if self._page is None else "\r\n"
            self._out(fresh + "".join(f"{picture(line)[0]}\r\n" for line in said))
            self._page, self._left_out = None, 0

    def _searched(self, layout: Layout, buffer: Buffer) -> Standing | None:
        query = layout.current_control
        searched = layout.search_target_buffer_control
        if searched is None or not isinstance(query, BufferControl):
            return None
        text = query.buffer.text
        state = SearchState(text, searched.search_state.direction, ignore_case=True)
        match = buffer.document_for_search(state).text
        if text.casefold() not in match.casefold():
            match = "not found"
        row = f"search {text}: " + " ".join(match.splitlines()) if text else "search "
        row = draw(row, self._folds)[0]
        return Standing((), row, row)

    def _written(self, buffer: Buffer, *, whole: bool) -> Standing:
        document = buffer.document
        lines = [self._mark + document.lines[0], *document.lines[1:]]
        at = len(lines) - 1 if whole else document.cursor_position_row
        drawn, offsets = draw(lines[at], self._folds)
        column = len(lines[at])
        if not whole:
            column = document.cursor_position_col + (len(self._mark) if at == 0 else 0)
        above = tuple(draw(line, self._folds)[0] for line in lines[:at])
        if self._page is None or above != self._page.lines or offsets[column] < self._left_out:
            self._left_out = 0
        return Standing(above, drawn[self._left_out :], drawn[self._left_out : offsets[column]])

    def _change(self, page: Standing) -> None:
        """Turn what stands there into a page."""
        before, width = self._page, self.output.get_size().columns
        self._page, self._width = page, min(self._width or width, width)
        if before is None:
            self._out("".join(f"{line}\r\n" for line in page.lines))
            self._row_anew("", page, width)
        elif page.lines == before.lines:
            self._row(before, page, width)
        elif page.lines[: len(before.lines)] == before.lines and len(page.lines) > len(
            before.lines
        ):
            first, *rest = page.lines[len(before.lines) :]
            self._row(before, Standing(before.lines, first, first), width)
            self._out("\r\n" + "".join(f"{line}\r\n" for line in rest))
            self._row_anew("", page, width)
        else:
            self._out("\r\n" + "".join(f"{line}\r\n" for line in page.lines))
            self._row_anew("", page, width)

    def _row(self, before: Standing, page: Standing, width: int) -> None:
        at_ends = before.before == before.row and page.before == page.row
        if at_ends and page.row.startswith(before.row):
            self._out(page.row[len(before.row) :])
        elif max(cells(before.row), cells(page.row)) < self._width:
            self._row_anew(before.row, page, width)
        else:
            self._out("\r\n")
            cut = page.row.rfind(" ", 0, max(0, len(page.before) - width // 2)) + 1
            self._left_out += cut
            self._page = Standing(page.lines, page.row[cut:], page.before[cut:])
            self._row_anew("", self._page, width)

    def _row_anew(self, stands: str, page: Standing, width: int) -> None:
        """Write the row over what `stands` there; the cursor goes where it belongs, if it can."""
        blanks = " " * (cells(stands) - cells(page.row))
        self._out(("\r" if stands else "") + page.row + blanks)
        self._width = width if not stands else self._width
        if not blanks and page.before == page.row:
            return
        if cells(page.row + blanks) < width:
            self._out("\r" + page.before)
        else:
            self._out("\r\n" + page.before)


def _edited(layout: Layout) -> Buffer | None:
    """Give the buffer of the message, also while something is searched for."""
    control = layout.search_target_buffer_control or layout.current_control
    return control.buffer if isinstance(control, BufferControl) else None
