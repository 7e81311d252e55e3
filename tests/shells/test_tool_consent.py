"""The question before a tool runs: who is asked what, and what each answer does."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chatrepl.core.outcome import Exactly
from chatrepl.core.tools import ToolCall
from chatrepl.session.workbench import NO, Workbench
from chatrepl.shells.tool_consent import ToolConsent
from tests.toolbox import READ, FakeBox

CALL = ToolCall("1", "read_file", {"path": "notes.txt"})


def consent(*letters: str) -> tuple[ToolConsent, list[str], list[Exactly]]:
    """Make one whose questions are answered by these letters."""
    asked: list[str] = []
    seen: list[Exactly] = []
    answers = iter(letters)

    def choose(question: str, of: str) -> str:
        assert of == "yaNv"
        asked.append(question)
        return next(answers)

    return ToolConsent(choose, seen.append, Workbench(FakeBox(), tools=(READ,))), asked, seen


@pytest.mark.parametrize(
    ("letters", "words", "always"),
    [(("y",), "", False), (("a",), "", True), (("n",), NO, False), (("N",), NO, False),
     (("v", "y"), "", False), (("v", "v", "n"), NO, False)],
)  # fmt: skip
def test_each_answer_does_what_it_says(letters: tuple[str, ...], words: str, always: bool) -> None:
    asks, asked, seen = consent(*letters)
    assert asks.agree(READ, CALL) == words
    assert (READ.name in asks.bench.always) is always
    assert len(asked) == len(letters)
    assert len(seen) == letters.count("v")
    assert all('"path": "notes.txt"' in shown.text for shown in seen)


def test_the_terminal_is_the_questions_own_while_it_is_asked() -> None:
    log: list[str] = []

    @contextmanager
    def apart() -> Iterator[None]:
        log.append("off")
        yield
        log.append("on")

    asks, _, _ = consent("y", "y")
    with asks.asking(apart):
        assert asks.bench.agree(READ, CALL) == ""
    assert log == ["off", "on"]
    asks.agree(READ, CALL)
    assert log == ["off", "on"]
