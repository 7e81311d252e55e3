"""The question before a tool runs: who is asked what, and what each answer does."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chatrepl.core.outcome import Exactly
from chatrepl.core.talk.blocks import TextBlock, ToolResultBlock
from chatrepl.core.tools import ToolAnswer, ToolCall
from chatrepl.session.workbench import HELD, NO, Workbench
from chatrepl.shells.consent import Consent
from chatrepl.shells.tool_consent import ToolConsent
from tests.commands.playing import Player, shared_runner
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

    def ask(question: str) -> bool:
        asked.append(question)
        return next(answers) == "y"

    session = Player().session
    keys = Consent(session, ask, lambda: None)
    bench = Workbench(FakeBox(), tools=(READ,))
    return ToolConsent(choose, seen.append, bench, keys), asked, seen


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


@pytest.mark.parametrize("runs", [True, False])
def test_who_stops_all_calls_hears_whether_any_ran(*, runs: bool) -> None:
    asks, _, _ = consent()
    bench = asks.bench

    async def stopped() -> bool:
        bench.box = FakeBox(answer=lambda *_: None)
        bench.agree = lambda *_: ""
        work = asyncio.ensure_future(bench.work([CALL] if runs else [], lambda _block: None))
        await asyncio.sleep(0.01)
        hears = asks.stop()
        await work
        return hears

    assert shared_runner().run(stopped()) is runs
    assert asks.stop() is False


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


KEY = "AKIA" + "ABCDEFGHIJKLMNOP"


def test_an_answer_that_seems_to_hold_a_key_is_asked_about_once() -> None:
    asks, asked, _ = consent("n", "y")
    plain = ToolAnswer((TextBlock("fine"),)).to_block(CALL)
    holding = ToolAnswer((TextBlock(f"id = {KEY}"),)).to_block(CALL)
    assert asks.passes(CALL, plain)
    assert not asked
    assert not asks.passes(CALL, holding)
    assert asks.passes(CALL, holding)
    assert asks.passes(CALL, holding)
    assert len(asked) == 2
    assert asked[0].startswith("The answer of read_file seems to hold")
    assert KEY not in asked[0]


def test_an_answer_that_is_not_let_out_is_an_error_for_the_model() -> None:
    box = FakeBox(there=(READ,), answer=lambda _t, _c: ToolAnswer((TextBlock(KEY),)))
    bench = Workbench(box, lambda _t, _c: "", lambda _c, _b: False, tools=(READ,))
    told: list[ToolResultBlock] = []
    shared_runner().run(bench.work((CALL,), told.append))
    assert told[0].is_error
    assert HELD in str(told[0].content)
