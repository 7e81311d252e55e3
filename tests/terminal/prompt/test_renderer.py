"""Where the prompt begins after the terminal has wrapped its rows anew."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.data_structures import Point
from prompt_toolkit.layout.screen import Char, Screen

from chatrepl.terminal.prompt.renderer import half_wide, rows_above, wraps_anew
from tests.e2e.terminal import DONE, Terminal
from tests.e2e.tmux import NEEDS_TMUX, Tmux


def drawn(*rows: str) -> Screen:
    screen = Screen()
    for y, row in enumerate(rows):
        x = 0
        for letter in row:
            cell = Char(letter)
            screen.data_buffer[y][x] = cell
            if cell.width == 2:
                screen.data_buffer[y][x + 1] = Char("")
            x += cell.width
    return screen


@pytest.mark.parametrize(
    ("rows", "cursor", "width", "above"),
    [
        (["› abc"], (5, 0), 80, 0),
        (["x" * 100, "x" * 30], (30, 1), 120, 1),
        (["x" * 100, "x" * 30], (30, 1), 50, 2),
        (["x" * 100, "x" * 30], (30, 1), 10, 12),
        (["x" * 100, "x" * 30], (0, 1), 10, 10),
        (["x" * 30 + " " * 50, "", "x"], (1, 2), 20, 3),
        (["漢" * 15], (30, 0), 9, 3),  # four in a row, and a blank
    ],
)
def test_rows_are_counted_as_the_terminal_wraps_them(
    rows: list[str], cursor: tuple[int, int], width: int, above: int
) -> None:
    assert rows_above(drawn(*rows), Point(*cursor), 200, width) == above


@pytest.mark.parametrize(
    ("environ", "half", "above"),
    [
        ({"TMUX": "/tmp/s,1,0", "TERM_PROGRAM_VERSION": "3.3a"}, 0, 2),
        ({"TMUX": "/tmp/s,1,0", "TERM_PROGRAM_VERSION": "3.6"}, 1, 3),
        ({"TMUX": "/tmp/s,1,0", "TERM_PROGRAM_VERSION": "next-3.10"}, 1, 3),
        ({"TMUX": "/tmp/s,1,0", "TERM_PROGRAM_VERSION": "4.0b"}, 1, 3),
        ({"TMUX": "/tmp/s,1,0"}, 0, 2),
        ({"TERM_PROGRAM_VERSION": "3.7"}, 0, 2),
    ],
)
def test_tmux_counts_more_for_wide_characters(
    environ: Mapping[str, str], half: int, above: int
) -> None:
    assert half_wide(environ) == half
    assert rows_above(drawn("漢" * 15, "漢" * 15), Point(0, 1), 30, 20, half) == above


@given(st.lists(st.text("ab 漢", max_size=40), min_size=1, max_size=5), st.integers(2, 90))
def test_a_wider_window_moves_nothing_and_a_narrower_one_only_down(
    rows: list[str], width: int
) -> None:
    cursor = Point(0, len(rows) - 1)
    assert rows_above(drawn(*rows), cursor, 200, 200) == len(rows) - 1
    assert rows_above(drawn(*rows), cursor, 200, width) >= len(rows) - 1


@pytest.mark.parametrize(
    ("environ", "wraps"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "XTERM_VERSION": "XTerm(390)"}, False),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/s,1,0", "XTERM_VERSION": "XTerm(390)"}, True),
        ({"TERM": "screen", "STY": "1.pts"}, False),
        ({"TERM": "linux"}, False),
    ],
)
def test_old_terminals_leave_their_rows_as_they_are(
    environ: Mapping[str, str], wraps: bool
) -> None:
    assert wraps_anew(environ) is wraps


DRAFTS = {
    "plain": " ".join(f"word{number:02}" for number in range(34)),
    "wide": "".join(f"漢字{number:02}" for number in range(36)),
    "lines": "first " + "x" * 90 + "\nsecond " + "y" * 120,
}
WAYS: dict[str, list[tuple[int, int]]] = {
    "there and back": [(60, 30), (120, 30)],
    "many": [(45, 30), (100, 30), (70, 30), (90, 30)],
    "lower too": [(60, 20)],
}


@contextmanager
def chat(home: Path, columns: int = 100) -> Iterator[Tmux]:
    argv = [sys.executable, "-m", "chatrepl", "--demo"]
    env = {"HOME": str(home), "XDG_STATE_HOME": "", "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": ""}
    with Tmux(argv, env, columns=columns) as tmux:
        yield tmux.wait_for("^sonnet")


def letters(text: str) -> str:
    return re.sub(r"\s", "", text)


@NEEDS_TMUX
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", DRAFTS)
def test_a_draft_stands_once_however_the_window_changes(
    tmp_path: Path, kind: str, way: str
) -> None:
    draft = DRAFTS[kind]
    with chat(tmp_path) as tmux:
        tmux.type(draft).settle()
        for columns, rows in WAYS[way]:
            tmux.resize(columns, rows)
        tmux.settle().type("!").settle()
        everything = letters(tmux.everything())
        assert everything.count(letters(draft) + "!") == 1, tmux.everything()
        assert everything.count(letters(draft)[:6]) == 1, tmux.everything()
        assert everything.count("·demo") == 1, tmux.everything()
        assert everything.count("chatrepl0") == 1, tmux.everything()


@NEEDS_TMUX
def test_a_reply_stands_once_however_the_window_changes(tmp_path: Path) -> None:
    replies = []
    for sizes in ([], [60, 120, 45]):
        with chat(tmp_path) as tmux:
            tmux.type("demo: pace 120; long 1500").keys("Enter").wait_for("Section 1")
            for columns in sizes:
                tmux.resize(columns, 30).settle(0.1)
            tmux.wait_for(DONE).settle()
            replies.append(letters(tmux.everything()).partition("Section1")[2].partition("in·")[0])
    assert replies[0] == replies[1]


def test_a_window_that_was_not_wrapped_keeps_what_stands_above(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XTERM_VERSION": "XTerm(390)", "XDG_CONFIG_HOME": ""}
    argv = [sys.executable, "-m", "chatrepl", "--demo"]
    with Terminal(argv, columns=100, rows=20, env=env) as terminal:
        terminal.wait_for("^sonnet")
        terminal.send(DRAFTS["plain"]).wait_for("word33")
        for columns in (60, 120):
            terminal.resize(columns, 20).settle(0.4)
        assert terminal.everything().count("word00") == 1
        assert terminal.everything().count("chatrepl 0") == 1
