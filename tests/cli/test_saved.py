from pathlib import Path

import pytest

from chatrepl.cli.assemble import new_session
from chatrepl.cli.options import Options
from chatrepl.cli.saved import Resumed, leave_unanswered, look_at, put_away
from chatrepl.cli.saved import keep as keep_saved
from chatrepl.core.errors import StorageError, UsageError
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.session.next_on_disk import keep_unsent
from chatrepl.session.session import Session
from chatrepl.storage.journal import Journal, resume
from chatrepl.storage.paths import find_folders
from tests.cli.given import loaded, settle


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settle(monkeypatch, tmp_path)


def session(*sets: str) -> Session:
    return new_session(Options(), loaded(*sets), interactive=False)


def begin(options: Options, made: Session) -> Resumed:
    return keep_saved(options, made, find_folders())


def keep(options: Options, words: str, answer: str = "yes") -> Session:
    """Keep one turn as a single shot does; without an answer it failed."""
    made = session()
    begin(options, made)
    reply = (Message("assistant", (TextBlock(answer),)),) if answer else ()
    turn = Turn(TurnId(words), made.conversation.head, (Message.user(words), *reply), Receipt())
    made.recorder.begin(turn)
    for kind in ("prefill", "text", "thinking"):
        made.recorder.delta(turn.id, "x", kind)
    made.conversation = made.conversation.add(turn)
    made.recorder.finish(turn)
    assert not made.recorder.unsaved
    assert put_away(made) == 0
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
            begin(Options(save=name), session())


def test_a_system_prompt_replaces_the_kept_one_only_where_it_is_given() -> None:
    keep(Options(save="notes"), "one")
    given = session("system=Be kind.")
    begin(Options(continue_=True, system="Be kind."), given)
    assert given.conversation.state.system == "Be kind."
    put_away(given)

    again = session()
    begin(Options(continue_=True), again)
    put_away(again)
    assert again.conversation.state.system == "Be kind."


def test_where_nothing_can_be_kept_it_is_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="off"):
        begin(Options(continue_=True), session("save=false"))
    for nothing in (Options(continue_=True), Options(resume="nowhere")):
        with pytest.raises(StorageError, match="no saved") as found:
            begin(nothing, session())
        assert found.value.exit_code == 2
    monkeypatch.setenv("HOME", "")
    with pytest.raises(StorageError, match="home"):
        begin(Options(save="x"), session())


def test_without_a_wish_a_conversation_is_begun_or_memory_serves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = session()
    assert begin(Options(), made) == Resumed()
    assert made.recorder.id
    off = session("save=false")
    assert begin(Options(), off) == Resumed()
    assert off.recorder.id is None
    assert not off.recorder.unsaved

    monkeypatch.setenv("HOME", "")
    homeless = session()
    assert begin(Options(), homeless) == Resumed()
    assert homeless.recorder.unsaved
    assert put_away(homeless) == 0


def test_a_question_that_failed_is_kept_and_asked_again_by_who_runs_the_command_again() -> None:
    keep(Options(save="notes"), "one")
    for words in ("two", "three"):
        again = keep(Options(resume="notes"), words, answer="")
        assert [turn.text for turn in again.conversation.path()] == ["yes", ""]
    seen = session()
    look_at(Options(resume="notes"), seen, find_folders())
    leave_unanswered(seen)
    assert [turn.id for turn in seen.conversation.path()] == ["one"]
    assert [turn.id for turn in seen.conversation.children(TurnId("one"))] == ["two", "three"]

    by_hand = session()
    begin(Options(resume="notes"), by_hand)
    by_hand.add_turn(by_hand.conversation.head, Message.user("added"))
    put_away(by_hand)
    last = session()
    begin(Options(resume="notes"), last)
    assert [turn.question for turn in last.conversation.path()[1:]] == [
        Message.user("added").content
    ]
    put_away(last)


@pytest.mark.parametrize("undone", [False, True])
def test_a_copy_that_was_only_looked_at_leaves_no_file(*, undone: bool) -> None:
    first = keep(Options(save="notes"), "one")
    if undone:
        begin(Options(continue_=True), first)
        first.undo()
        put_away(first)
    folder = first.edges.library
    assert folder is not None
    (file,) = folder.iterdir()
    holder = resume(file).journal  # as another chatrepl has it

    second = session()
    begin(Options(resume="notes"), second)
    second.open(Conversation(), second.edges.new_recorder())
    keep_unsent(second)
    put_away(second)
    assert list(folder.iterdir()) == [file]

    third = session()
    begin(Options(resume="notes"), third)
    third.change(third.conversation.with_system("Be kind."))
    put_away(third)
    assert len(list(folder.iterdir())) == 2
    holder.close()


def test_a_model_that_was_chosen_goes_on_unless_another_is_asked_for() -> None:
    first = keep(Options(save="notes"), "one")
    begin(Options(continue_=True), first)
    assert isinstance(first.recorder, Journal)
    first.recorder.beside(first.conversation, {"model": "claude-haiku-4-5"}, ())
    put_away(first)

    for options, model in (
        (Options(continue_=True), "claude-haiku-4-5"),
        (Options(continue_=True, model="x"), "claude-opus-5"),
        (Options(continue_=True, set_=["model=x"]), "claude-opus-5"),
    ):
        again = session("model=claude-opus-5")
        seen = session("model=claude-opus-5")
        look_at(options, seen, find_folders())
        begin(options, again)
        put_away(again)
        assert again.settings.model == seen.settings.model == model
