"""A bug somewhere in the middle of a chat costs a log and a line: a small run of the soak."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chatrepl.shells.guard import Guard
from chatrepl.shells.repl import Repl
from tests.soak import bugs, bugs_in_runs


def test_a_chat_survives_a_bug_at_any_line_with_all_that_was_typed() -> None:
    _, wrong = bugs.run(20, 3)

    assert wrong == []


@pytest.mark.parametrize(("kind", "runs"), [("each", 5), ("batch", 3)])
def test_a_bug_at_any_line_of_a_run_over_many_items_costs_one_item(kind: str, runs: int) -> None:
    held = bugs_in_runs.run(kind, runs, 20)

    assert held.wrong == []
    assert held.codes[9] or held.codes[70]  # in the middle of it, or beside all items


def test_the_chat_finds_a_guard_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def away(_guard: Guard, *, repeats: bool = True) -> Iterator[None]:
        yield

    monkeypatch.setattr(Guard, "around", away)

    assert bugs.hold()[1].wrong


class Forgetful:
    """A draft that is gone as soon as it is there."""

    def __get__(self, _owner: object, _kind: object = None) -> str:
        return ""

    def __set__(self, _owner: object, _value: str) -> None: ...


def test_the_chat_finds_text_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    site = min(site for site in bugs.sites() if site[0] == "turn.py")
    monkeypatch.setattr(Repl, "draft", Forgetful())

    assert any("is lost" in what for what in bugs.hold(site)[1].wrong)
