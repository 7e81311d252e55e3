"""The session: requests, undo over conversations, what is learned, what is distrusted."""

from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.api.catalog import Catalog
from chatrepl.attachments.attach import from_bytes
from chatrepl.attachments.limits import AttachmentLimits
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, Message, State
from chatrepl.core.world import Edges, NoRecorder
from chatrepl.session.session import Session
from chatrepl.storage.read import load
from chatrepl.storage.saved import Journaled, begin_kept
from tests.commands.playing import Player


def session(model: str = "claude-sonnet-5-5") -> Session:
    """A session that nothing is behind."""
    return Session(Settings(model=model), Edges(lambda: 1.0, lambda: "id"), interactive=True)


def test_what_is_learned_stays_in_the_catalog_and_is_told_to_the_edges() -> None:
    told: list[object] = []
    one = session("claude-haiku-4-5")
    one.models = Catalog()
    one.edges = replace(one.edges, learn=lambda model, facts: told.append((model, facts)))
    one.learn(prefill=False)

    assert isinstance(one.models, Catalog)
    assert one.model.prefill is False
    assert told == [("claude-haiku-4-5", {"prefill": False})]


def test_a_model_that_no_list_holds_learns_too() -> None:
    one = session("claude-next-9")
    one.learn(prefill=True, mid_system=True)
    assert one.model.prefill is True
    assert one.model.mid_system is True


def test_opening_another_conversation_keeps_both_and_their_recorders() -> None:
    one = session()
    first, recorder = one.conversation, NoRecorder()
    one.open(Conversation(), recorder)
    assert one.recorder is recorder
    assert one.undo()
    assert one.conversation == first
    assert not one.undo()
    assert one.redo()
    assert one.recorder is recorder
    assert not one.redo()


def test_the_system_prompt_is_the_newest_that_was_told() -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    assert player.session.system == ""
    player.say("demo: say one")
    player.do("/system One.")
    assert player.session.system == "One."
    player.say("demo: say two")
    assert player.session.system == "One."


def test_turns_by_hand_stand_in_the_conversation() -> None:
    one = session()
    turn = one.add_turn(None, Message.user("Hi"))
    assert one.conversation.head == turn.id
    assert one.undo()
    assert one.conversation.head is None


@pytest.mark.parametrize("is_new", [True, False])
def test_the_system_prompt_is_kept_with_the_first_question(tmp_path: Path, *, is_new: bool) -> None:
    player = Player()
    one = player.session
    one.edges = replace(one.edges, new_recorder=lambda: begin_kept(tmp_path))
    one.recorder = begin_kept(tmp_path)
    one.conversation = Conversation(state=State(system="Be brief."))
    if is_new:
        player.say("demo: say one")
        player.do("/clear")
    player.say("demo: say two")
    for recorder in (*(kept[1] for kept in one.shelf.all), one.recorder):
        assert isinstance(recorder, Journaled)
        recorder.journal.close()

    assert isinstance(one.recorder, Journaled)
    assert load(one.recorder.journal.path).conversation.state.system == "Be brief."


def test_what_the_service_counted_is_believed() -> None:
    player = Player()
    one = player.session
    one.edges = replace(one.edges, count=lambda text: 10 * len(text))  # far too much
    player.say("demo: say otters")

    assert one.estimate(player.requests[0]).tokens == one.meter.usage.input_tokens


def test_a_prefill_of_the_request_replaces_what_is_set_and_leaves_the_form_out() -> None:
    player = Player(Settings(model="claude-haiku-4-5"))
    player.do("/choose yes no")
    player.do("/prefill pin Well")
    question = player.session.compose("Is it?")
    usual = player.session.request(question)
    other = player.session.request(question, prefill="Sure")

    assert "output_config" in usual.params
    assert "output_config" not in other.params
    assert other.messages[-1].text == "Sure"


def test_what_is_staged_again_is_taken_back_only_where_an_edit_is_left() -> None:
    player = Player()
    one = player.session
    notes = from_bytes(b"otters", "notes.txt", limits=AttachmentLimits())
    one.staged = (notes,)
    player.say("demo: say seen")
    one.staged = (notes,)
    one.leave_edit()
    assert one.staged == (notes,)

    player.session.staged = ()
    player.do("/edit")
    assert [item.block for item in one.staged] == [notes.block]
    one.leave_edit()
    assert not one.staged


def test_an_emulated_prefill_costs_the_reply_no_room() -> None:
    one = session("claude-opus-5-5")
    question = Message.user("Is it?")
    usual = one.request(question).params["max_tokens"]
    one.pinned_prefill = "Well, " * 20

    assert one.request(question).params["max_tokens"] > usual


def test_why_the_cache_was_missed_is_known_until_the_next_reply() -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    player.say("demo: say one\n" + "otters swim " * 400)
    player.do("/model haiku-5-5")
    player.say("demo: say two")
    assert "missed" in player.session.miss
    player.say("demo: say three")
    assert player.session.miss == ""


@pytest.mark.parametrize("interactive", [True, False])
def test_only_a_chat_learns_how_the_service_counts(*, interactive: bool) -> None:
    player = Player()
    player.session.interactive = interactive
    player.session.edges = replace(player.session.edges, count=lambda text: 10 * len(text))
    player.say("demo: say otters")

    estimate = player.session.estimate(player.requests[0]).tokens
    assert (estimate == player.session.meter.usage.input_tokens) is interactive
