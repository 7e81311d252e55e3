"""What is heard as prompt_toolkit's key presses."""

import pytest
from prompt_toolkit.input import DummyInput
from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES

from chatrepl.terminal.keys.typing import Typing
from chatrepl.terminal.prompt.keyboard_input import key_presses
from chatrepl.terminal.prompt.prompt import Prompt
from tests.terminal.keys.test_extended import REPORTS


def pressed(typed: str) -> list[tuple[str, str]]:
    typing = Typing()
    strokes = typing.feed(typed.encode()) + typing.silence()
    return [(str(getattr(key.key, "value", key.key)), key.data) for key in key_presses(strokes)]


def test_keys_and_pastes_are_told_apart() -> None:
    assert pressed("a\x1b[A\r\x1b[200~p\r\nq\x1b[201~") == [
        ("a", "a"),
        ("up", ""),
        ("c-m", "\r"),
        ("<bracketed-paste>", "p\r\nq"),
    ]
    assert pressed("é") == [("é", "é")]


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("\x1b[", ["escape", "["]), ("\x1bx", ["escape", "x"]), ("\x1b\r", ["escape", "c-m"]),
        ("\x1b\x1b[A", ["escape", "up"]), ("\x1b[1;3A", ["escape", "up"]), ("\x1b\t", ["s-tab"]),
        ("\x1b[13;2u", ["c-j"]), ("\x1bOM", ["c-m"]), ("\x1b[27u", ["escape"]), ("", []),
        ("\x1b[99;5u", ["c-c"]), ("\x1b[98;3u", ["escape", "b"]),
        ("\x1b[3;5R", ["<cursor-position-response>"]),
    ],
)  # fmt: skip
def test_sequences_are_the_keys_they_stand_for(typed: str, keys: list[str]) -> None:
    assert [key for key, _ in pressed(typed)] == keys


@pytest.mark.parametrize("report", REPORTS, ids=ascii)
def test_what_a_terminal_reports_presses_no_key(report: str) -> None:
    assert pressed(f"ab{report}cd") == [(char, char) for char in "abcd"]


@pytest.mark.parametrize("sequence", [s for s in ANSI_SEQUENCES if s[:2] in {"\x1b[", "\x1bO"}])
def test_a_key_types_nothing_by_itself(sequence: str) -> None:
    assert "".join(data for _, data in pressed(sequence)).strip() == ""


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("one\rtwo", "one\ntwo"),
        ("one\r\r", "one\n"),
        ("onex\x7f\x1b[A!", "one!"),
        ("\x1b[200~p\r\nq\x1b[201~ r", "p\nq r"),
        ("", ""),
    ],
)
def test_what_was_typed_ahead_can_be_taken_out_as_text(typed: str, text: str) -> None:
    prompt = object.__new__(Prompt)
    prompt._input = DummyInput()
    typing = Typing()
    prompt.type_ahead(typing.feed(typed.encode()) + typing.silence())
    assert prompt.take_ahead() == text
    assert prompt.take_ahead() == ""
