"""What stands above the first prompt fits into any window."""

from typing import cast

import pytest

from chatrepl.cli.chat import NO_KEY, _greet, _wrapped
from chatrepl.core.settings import Settings
from chatrepl.startup.early_prompt import EarlyPrompt
from chatrepl.terminal.modes import Tty
from tests.commands.playing import Player


class Wall:
    """What a terminal was told."""

    knows_escapes = True

    def __init__(self) -> None:
        self.written = ""

    def write(self, text: str) -> None:
        self.written += text


@pytest.mark.parametrize(("theme", "is_faint"), [("dark", True), ("contrast", False)])
def test_the_first_line_is_faint_but_for_who_needs_contrast(theme: str, *, is_faint: bool) -> None:
    wall = Wall()
    early = EarlyPrompt(cast("Tty", wall), "› ", {})
    _greet(early, Player(Settings(theme=theme)).session, (), "")
    assert ("\x1b[2m" in wall.written) is is_faint


@pytest.mark.parametrize("columns", [30, 40, 61, 78])
@pytest.mark.parametrize("note", [note for note in NO_KEY if note.startswith(" ")])
def test_a_row_stands_whole_or_its_meaning_below_it_further_in(note: str, columns: int) -> None:
    lines = _wrapped(note, columns).split("\n")
    row, _, meaning = note.strip().partition("   ")

    assert " ".join("\n".join(lines).split()) == " ".join(note.split())
    assert max(map(len, lines)) <= max(columns, len(row) + 2)
    if len(note) > columns:
        indents = [len(line) - len(line.lstrip()) for line in lines]
        assert set(indents) == {2, 6}
        assert " ".join(line.strip() for line in lines if line.startswith(" " * 6)) == (
            meaning.strip()
        )


@pytest.mark.parametrize("note", NO_KEY)
def test_a_window_of_eighty_columns_shows_each_row_as_it_is(note: str) -> None:
    if note.startswith(" "):
        assert _wrapped(note, 80) == note
