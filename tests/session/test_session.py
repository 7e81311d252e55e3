"""The session: requests, undo over conversations, what is learned, what is refused."""

from contextlib import suppress
from pathlib import Path

import pytest

from chatrepl.attachments.attach import from_bytes
from chatrepl.attachments.limits import AttachmentLimits
from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.refused import Refused
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, State
from chatrepl.core.talk.message import Message
from chatrepl.core.world import Edges, NoRecorder
from chatrepl.session.books import Books
from chatrepl.session.session import Session
from chatrepl.session.whole import whole
from chatrepl.storage.journal import Journal
from chatrepl.storage.library import list_entries
from chatrepl.storage.read import load
from tests.commands.playing import Player


def session(model: str = "claude-sonnet-5-5") -> Session:
    """A session that nothing is behind."""
    return Session(Settings(model=model), Edges(lambda: 1.0, lambda: "id"), interactive=True)


def test_what_is_learned_stays_in_the_catalog_and_is_told_to_the_edges() -> None:
    told: list[object] = []
    one = session("claude-haiku-4-5")
    one.equip(learn=lambda model, facts: told.append((model, facts)))
    one.learn("claude-haiku-4-5", prefill=False)

    assert one.service.models["claude-haiku-4-5"].prefill is False
    assert one.model.prefill is False
    assert told == [("claude-haiku-4-5", {"prefill": False})]


def test_a_model_that_no_list_holds_learns_too() -> None:
    one = session("claude-next-9")
    one.learn("claude-next-9", prefill=True, mid_system=True)
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
    one.equip(new_recorder=lambda: Journal.new(tmp_path))
    one.begin_with(Conversation(state=State(system="Be brief.")), Journal.new(tmp_path))
    if is_new:
        player.say("demo: say one")
        player.do("/clear")
    player.say("demo: say two")
    for recorder in (*(recorder for _, recorder in one.shelf.all), one.recorder):
        assert isinstance(recorder, Journal)
        recorder.close()

    assert isinstance(one.recorder, Journal)
    assert load(one.recorder.path).conversation.state.system == "Be brief."


def test_what_the_service_refused_is_in_no_request() -> None:
    player = Player(Settings(model="claude-opus-5"))
    player.say("demo: think")
    one = player.session
    assert any(message.has_thinking for message in one.request(None).messages)
    one.refuse(Refused(thinking=frozenset(one.conversation.turns)))
    assert not any(message.has_thinking for message in one.request(None).messages)


def test_the_list_of_the_service_comes_to_what_was_learned() -> None:
    one = session("claude-new-9")
    one.learn("claude-new-9", prefill=True)
    one.update_models([{"id": "claude-new-9", "max_input_tokens": 7}])
    assert (one.model.context_window, one.model.prefill) == (7, True)


def test_the_end_of_a_model_is_announced_once() -> None:
    one = session()
    assert one.announce("a")
    assert not one.announce("a")
    assert one.announce("b")


def test_a_single_shot_pays_and_notes_nothing_else() -> None:
    player = Player()
    player.session.interactive = False
    player.say("demo: say one")
    books = player.session.books
    assert books == Books(meter=books.meter, talk=books.meter)
    assert books.meter.replies == 1


@pytest.mark.parametrize("how", ["begin_with", "open"])
def test_the_first_count_of_a_loaded_chat_learns_from_its_receipts(how: str) -> None:
    before = Player()
    before.say("demo: say one")
    player = Player()
    getattr(player.session, how)(before.session.conversation, NoRecorder())
    assert player.session.ledger.tally.base is not None


def test_a_reply_that_nobody_could_count_is_learned_from_later() -> None:
    player = Player()
    player.session.equip(can_count=lambda: False)
    player.say("demo: say one")
    assert player.session.books.behind
    assert player.session.ledger.tally.base is not None
    assert not player.session.books.behind


def test_what_the_service_counted_is_believed() -> None:
    player = Player()
    one = player.session
    one.equip(count=lambda text: 10 * len(text))  # far too much
    player.say("demo: say otters")

    assert (
        one.ledger.request(player.requests[0], one.model).tokens
        == one.books.meter.usage.input_tokens
    )


def test_going_on_begins_with_the_reply_and_leaves_the_form_out() -> None:
    player = Player(Settings(model="claude-haiku-4-5"))
    player.do("/choose yes no")
    situation = player.session.situation
    question = player.session.compose("Is it?")

    assert "output_config" in situation.request(question).params
    assert "output_config" not in situation.plain.request(question).params


def test_what_is_staged_again_is_taken_back_only_where_an_edit_is_left() -> None:
    player = Player()
    one = player.session
    notes = from_bytes(b"otters", "notes.txt", limits=AttachmentLimits())
    one.stage(notes)
    player.say("demo: say seen")
    one.stage(notes)
    one.leave_edit()
    assert one.next.staged == (notes,)

    one.unstage(notes)
    player.do("/edit")
    assert [item.block for item in one.next.staged] == [notes.block]
    one.leave_edit()
    assert not one.next.staged


def test_an_emulated_prefill_costs_the_reply_no_room() -> None:
    one = session("claude-opus-5-5")
    question = Message.user("Is it?")
    usual = one.request(question).params["max_tokens"]
    one.prepare(pinned_prefill="Well, " * 20)

    assert one.request(question).params["max_tokens"] > usual


def test_why_the_cache_was_missed_is_known_until_the_next_reply() -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    player.say("demo: say one\n" + "otters swim " * 400)
    player.do("/model haiku-5-5")
    player.say("demo: say two")
    assert "missed" in player.session.books.miss
    player.say("demo: say three")
    assert player.session.books.miss == ""


@pytest.mark.parametrize("interactive", [True, False])
def test_only_a_chat_learns_how_the_service_counts(*, interactive: bool) -> None:
    player = Player()
    player.session.interactive = interactive
    player.session.equip(count=lambda text: 10 * len(text))
    player.say("demo: say otters")

    estimate = player.session.ledger.request(player.requests[0], player.session.model).tokens
    assert (estimate == player.session.books.meter.usage.input_tokens) is interactive


def test_a_list_tells_of_every_turn_while_the_conversation_is_open(tmp_path: Path) -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    journal = Journal.new(tmp_path)
    player.session.begin_with(Conversation(), journal)
    limits = AttachmentLimits()
    for number in range(1, 5):
        if number == 2:
            player.session.stage(from_bytes(b"notes", "notes.txt", limits=limits))
        player.say(f"demo: say {number}")
        journal.flush()
        assert [entry.turns for entry in list_entries(tmp_path)] == [number]
    player.do("/retry")
    journal.flush()
    assert [entry.turns for entry in list_entries(tmp_path)] == [4]
    player.do("/undo 2")
    journal.flush()
    assert [entry.turns for entry in list_entries(tmp_path)] == [3]
    journal.close()


@pytest.mark.parametrize("stop", [LookupError(), KeyboardInterrupt()])
def test_a_change_that_breaks_off_is_no_change_at_all(stop: BaseException, tmp_path: Path) -> None:
    player = Player()
    one = player.session
    one.begin_with(one.conversation, Journal.new(tmp_path))
    player.say("demo: say one")
    one.stage(from_bytes(b"text", "a.txt", limits=AttachmentLimits()))
    one.prepare(prefill="So")
    before = (one.settings, one.conversation, one.recorder, one.shelf, one.next, one.books)

    def change() -> None:
        with whole(one):
            one.use(effort="low")
            one.adjust(system="New.")
            one.open(Conversation(), NoRecorder())
            one.prepare(prefill="", staged=())
            one.learn("claude-sonnet-5-5", prefill=False)
            raise stop

    with pytest.raises(type(stop)):
        change()
    now = (one.settings, one.conversation, one.recorder, one.shelf, one.next, one.books)
    assert all(a is b for a, b in zip(now, before, strict=True))
    assert one.model.prefill is False, "what the service taught stays"
    assert isinstance(one.recorder, Journal)
    assert one.recorder.close()
    assert load(one.recorder.path).conversation == one.conversation


def test_a_refusal_leaves_what_was_done_before_it() -> None:
    one = session()
    with suppress(UsageError), whole(one):
        one.use(effort="low")
        raise UsageError("No.")
    assert one.settings.effort == "low"


def test_a_reply_is_kept_though_nobody_can_tell_its_price() -> None:
    def fails(*_args: object) -> None:
        raise LookupError

    player = Player()
    player.session.equip(price=fails)
    player.session.prepare(prefill="An")
    with pytest.raises(LookupError):
        player.say("demo: say one")
    (turn,) = player.session.conversation.path()
    assert player.text
    assert turn.receipt is None
    assert player.session.next.prefill == ""
    player.session.equip(price=lambda *_: None)
    assert player.say("demo: say two").assistant is not None
    assert player.statuses == [200, 200]
