"""The prompt for screen readers: text, CR and LF only, and what stands there is what was typed."""

import re

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.data_structures import Size

from chatrepl.terminal.prompt.folds import Folds
from chatrepl.terminal.prompt.line_editor import cells
from chatrepl.terminal.prompt.lines import LineRenderer, Standing

WIDTH = 24


class Desk:
    """A renderer whose lines are seen on a screen of its own."""

    def __init__(self, width: int = WIDTH) -> None:
        self.screen = pyte.Screen(width, 200)
        self.screen.set_mode(pyte.modes.LNM)
        self.stream = pyte.Stream(self.screen)
        self.written = ""
        self.renderer = LineRenderer(self.write, "you: ", lambda: "", Folds())
        self.renderer.output.get_size = lambda: Size(rows=200, columns=width)  # type: ignore[method-assign]

    def write(self, text: str) -> None:
        self.written += text
        self.stream.feed(text)

    def show(self, page: Standing) -> None:
        if page != self.renderer._page:
            self.renderer._change(page)

    def row(self) -> str:
        return self.screen.display[self.screen.cursor.y].rstrip()


ROWS = st.text("ab 漢é", max_size=WIDTH - 3).filter(lambda row: cells(row) < WIDTH - 1)
PAGES = st.builds(
    lambda row, at: Standing((), row, row[: round(at * len(row))]), ROWS, st.floats(0, 1)
)


@given(st.lists(PAGES, min_size=1, max_size=12))
def test_a_row_that_fits_is_always_the_last_that_was_shown(pages: list[Standing]) -> None:
    desk = Desk()
    for page in pages:
        desk.show(page)
        assert desk.row() == page.row.rstrip()
        assert desk.screen.cursor.x == cells(page.before)
    assert re.sub(r"[^\x00-\x1f\x7f-\x9f]", "", desk.written).strip("\r\n") == ""


@given(st.lists(st.text("ab c", max_size=90), min_size=1, max_size=8))
def test_the_end_of_a_long_line_is_always_seen(rows: list[str]) -> None:
    desk = Desk()
    for row in rows:
        desk.show(Standing((), row, row))
        end = row.rstrip()[-5:]
        assert end in re.sub(r"\s+$", "", "".join(desk.screen.display).rstrip()) or not end


def test_a_letter_at_the_end_is_written_alone() -> None:
    desk = Desk()
    desk.show(Standing((), "you: hell", "you: hell"))
    desk.written = ""
    desk.show(Standing((), "you: hello", "you: hello"))
    assert desk.written == "o"


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        (Standing((), "you: a", "you: a"), Standing(("you: a",), "", ""), ["you: a", ""]),
        (Standing((), "you: abcd", "you: ab"), Standing(("you: ab",), "cd", ""), ["you: ab", "cd"]),
        (
            Standing(("you: a",), "b", "b"),
            Standing(("you: a", "b", "c"), "d", "d"),
            ["you: a", "b", "c", "d"],
        ),
        (
            Standing(("you: a",), "b", "b"),
            Standing((), "you: x", "you: x"),
            ["you: a", "b", "you: x"],
        ),
    ],
)
def test_lines_that_are_whole_stay_where_they_are(
    before: Standing, after: Standing, seen: list[str]
) -> None:
    desk = Desk()
    desk.show(before)
    desk.show(after)
    assert [row.rstrip() for row in desk.screen.display[: len(seen)]] == seen
