from pathlib import Path

import pytest

from chatrepl.cli.assemble import new_session
from chatrepl.cli.options import Options
from chatrepl.cli.saved import close_saved, open_saved
from chatrepl.core.blocks import TextBlock
from chatrepl.core.conversation import Message, Receipt, Turn, TurnId
from chatrepl.core.errors import StorageError, UsageError
from chatrepl.session import Session
from tests.cli.given import loaded, settle


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settle(monkeypatch, tmp_path)


def session(*sets: str) -> Session:
    return new_session(Options(), loaded(*sets), interactive=False)


def keep(options: Options, words: str) -> Session:
    """Keep one turn as a single shot does."""
    made = session()
    journal = open_saved(options, made)
    turn = Turn(
        TurnId(words), made.conversation.head, (Message("user", (TextBlock(words),)),), Receipt()
    )
    made.recorder.begin(turn)
    for kind in ("prefill", "text", "thinking"):
        made.recorder.delta(turn.id, "x", kind)
    made.conversation = made.conversation.add(turn)
    made.recorder.finish(turn)
    assert not made.recorder.unsaved
    assert close_saved(journal, made) == 0
    return made


def test_what_is_kept_is_gone_on_with() -> None:
    first = keep(Options(save="notes"), "one")
    second = keep(Options(continue_=True), "two")
    third = keep(Options(resume="notes"), "three")

    assert first.recorder.id == second.recorder.id == third.recorder.id
    assert [turn.id for turn in third.conversation.path()] == ["one", "two", "three"]


def test_a_name_is_given_only_once() -> None:
    keep(Options(save="notes"), "one")

    for name in ("Notes", " "):
        with pytest.raises(UsageError):
            open_saved(Options(save=name), session())


def test_a_system_prompt_replaces_the_kept_one_only_where_it_is_given() -> None:
    keep(Options(save="notes"), "one")
    given = session("system=Be kind.")
    journal = open_saved(Options(continue_=True, system="Be kind."), given)
    assert given.conversation.state.system == "Be kind."
    close_saved(journal, given)

    again = session()
    close_saved(open_saved(Options(continue_=True), again), again)
    assert again.conversation.state.system == "Be kind."


def test_where_nothing_can_be_kept_it_is_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="off"):
        open_saved(Options(continue_=True), session("save=false"))
    with pytest.raises(StorageError, match="no saved"):
        open_saved(Options(continue_=True), session())
    monkeypatch.setenv("HOME", "")
    with pytest.raises(StorageError, match="home"):
        open_saved(Options(save="x"), session())
