"""Side questions: answered from the conversation, kept beside it, and no part of it."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.commands.beside import LISTED
from chatrepl.commands.slash import complete_line
from chatrepl.core.errors import ApiError, UsageError
from chatrepl.core.models import TABLE
from chatrepl.core.outcome import Beside, Notice, Several
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.world import BESIDE
from chatrepl.session.beside import plans_beside, turns_beside
from chatrepl.storage.journal import Journal
from chatrepl.storage.read import load_bytes
from tests.commands.playing import CutError, Player, probe
from tests.commands.trimmer import Trimmer

MODELS = tuple(TABLE)
SET = (
    "/prefill pin Well", "/prefill So", "/system Be brief.", "/think on", "/think off",
    "/effort low", "/web on", "/choose yes no", "/set stop_sequences END",
    "/set cache.enabled false", "/pin 1", "/drop! 1", "/model claude-haiku-4-5", "/goto 1",
    "/set cite_documents true", "/user And this.", "/assistant Said by hand.",
)  # fmt: skip


def on_disk(journal: Journal) -> bytes:
    """Give what a kill would leave of a journal."""
    assert journal.flush()
    return journal.path.read_bytes()


def up_to_the_question(chat: Player, question: str) -> tuple[bytes, bytes]:
    """Cut the next turn's body and the side question's before the words of the question."""
    session = chat.session
    beside = plans_beside(session, session.compose(question))().request.encode()
    turn = session.request(session.compose(question)).encode()
    mark = json.dumps(question).encode()
    return beside[: beside.index(mark)], turn[: turn.index(mark)]


@settings(max_examples=60, deadline=None)
@given(
    model=st.sampled_from(MODELS),
    lines=st.lists(st.sampled_from([*SET, "demo: think", "demo: say yes", "hello"]), max_size=7),
)
def test_a_side_question_is_the_next_turn_up_to_the_question(model: str, lines: list[str]) -> None:
    chat = Trimmer(Settings(model=model))
    chat.engine.caller = "none"
    for line in lines:
        try:
            if line.startswith("/"):
                chat.do(line)
            else:
                chat.talk(line)
        except (UsageError, ApiError):
            pass
    with suppress(UsageError):  # with a prefill and thinking there is no next turn to be like
        beside, turn = up_to_the_question(chat, "demo: say what was that again")
        assert beside == turn


def test_in_a_form_it_is_answered_so_and_that_is_said_once() -> None:
    chat = Trimmer()
    chat.do("/choose yes no")
    chat.talk("demo: say yes " + "word " * 3000)
    chat.do("/btw demo: say no")
    chat.do("/btw demo: say yes")
    chat.do("/btw -m haiku-5-5 demo: say freely")
    *formed, free = turns_beside(chat.session.recorder.facts)
    for turn in formed:
        assert turn.text in {'{"choice":"yes"}', '{"choice":"no"}'}
        assert turn.receipt is not None
        assert turn.receipt.usage.cache_read_input_tokens > 1000
    assert free.text == "freely"
    assert sum("in the form that is set" in words for words in chat.said) == 1


@pytest.mark.parametrize("model", MODELS)
def test_it_is_answered_with_a_prefill_pinned_and_thinking_in_the_past(model: str) -> None:
    chat = Trimmer(Settings(model=model))
    chat.engine.caller = "none"
    chat.talk("demo: think", "demo: think")
    chat.do("/prefill pin Well")
    chat.do("/btw demo: say here")
    assert chat.statuses[-1] == 200
    (turn,) = turns_beside(chat.session.recorder.facts)
    assert turn.text == "here"
    assert chat.requests[-1].messages[-1].role != "assistant"


def test_it_enters_neither_what_is_sent_nor_undo_nor_context_and_is_paid_for() -> None:
    chat = Trimmer()
    chat.talk("demo: say one", "demo: say two")
    before, sent, tokens = chat.session.conversation, chat.bytes(), chat.tokens()
    paid = chat.session.books.meter.cost.usd
    chat.do("/btw demo: say aside")
    assert chat.session.conversation is before
    assert (chat.bytes(), chat.tokens()) == (sent, tokens)
    assert chat.session.books.meter.cost.usd > paid
    assert chat.session.books.talk.replies == 3
    chat.do("/undo")
    assert len(chat.session.conversation.path()) == 1


def test_all_that_went_before_is_read_from_the_cache() -> None:
    chat = Trimmer()
    chat.talk("demo: say one. " + "word " * 3000, "demo: say two")
    held = chat.session.conversation.path()[-1].receipt
    chat.do("/btw demo: say aside")
    (turn,) = turns_beside(chat.session.recorder.facts)
    assert held is not None
    assert turn.receipt is not None
    assert turn.receipt.usage.cache_read_input_tokens >= held.usage.cache_read_input_tokens > 0


def test_what_is_stopped_is_kept_as_far_as_it_came_and_before_that_leaves_its_cost() -> None:
    chat = Trimmer()
    chat.talk("demo: say one")
    chat.cut_after = 1
    with pytest.raises(CutError):
        chat.do("/btw demo: long 500")
    assert list(turns_beside(chat.session.recorder.facts)) == []
    assert chat.session.books.meter.replies == 2
    chat.cut_after = 150
    with pytest.raises(CutError):
        chat.do("/btw demo: long 500")
    (turn,) = turns_beside(chat.session.recorder.facts)
    assert turn.was_cut
    assert turn.text
    assert chat.session.books.meter.replies == 3


def test_whatever_a_kill_leaves_on_the_disk_is_the_chat_without_the_side_question(
    tmp_path: Path,
) -> None:
    chat = Trimmer()
    journal = Journal.new(tmp_path)
    chat.session.begin_with(Conversation(), journal)
    chat.talk("demo: think", "demo: say two", "demo: say three")
    for line in ("/undo", "/pin 1", "/effort low"):
        chat.do(line)
    written = [on_disk(journal)]
    chat.cut_after = 150
    with pytest.raises(CutError):
        chat.do("/btw demo: long 3000")
    chat.cut_after = None
    for line in ("/btw demo: think", "/btw keep"):
        written.append(on_disk(journal))
        chat.do(line)
    before, _, answered, kept = *written, on_disk(journal)

    def left(data: bytes) -> tuple[object, ...]:
        talk = load_bytes(data).conversation
        return talk.state, talk.past, talk.future, probe(talk, "claude-opus-5-5")

    assert all(left(kept[:at]) == left(before) for at in range(len(before), len(answered), 41))
    ways = left(before), left(kept)
    assert all(left(kept[:at]) in ways for at in range(len(answered), len(kept), 17))
    assert ways[0] != ways[1]


def test_what_fails_midway_is_kept_as_far_as_it_came_and_what_fails_before_goes_back() -> None:
    chat = Trimmer()
    chat.talk("demo: say one")
    with pytest.raises(ApiError):
        chat.do("/btw demo: stream torn after 40")
    (turn,) = turns_beside(chat.session.recorder.facts)
    assert turn.was_cut
    assert turn.receipt is not None
    assert turn.receipt.error
    chat.do("/btw")
    assert "*[cut]*" in chat.heard

    with pytest.raises(ApiError):
        chat.do("/btw demo: error 400")
    assert len(list(turns_beside(chat.session.recorder.facts))) == 1


def test_kept_it_is_a_turn_where_it_was_asked_and_one_step_takes_it_back() -> None:
    chat = Trimmer()
    chat.talk("demo: think")
    first = chat.session.conversation.head
    chat.do("/btw demo: think")
    chat.talk("demo: say later")
    before = chat.session.conversation
    chat.do("/btw keep")
    assert "turn 2, in a branch of its own" in chat.heard
    now = chat.session.conversation
    assert now.path()[-1].parent == first
    assert now.undo().state == before.state
    chat.do("/btw keep")
    assert chat.heard == "It is the last turn already."
    chat.do("/btw")
    assert "kept as turn 2" in chat.heard

    chat.talk("demo: say on")  # the thinking of a side question is bound to the very same past
    assert b"signature" in chat.requests[-1].encode()
    assert chat.statuses[-1] == 200

    chat.do("/undo 2")
    assert chat.session.conversation.state == before.state
    chat.do("/btw")
    assert "kept in a branch" in chat.heard
    chat.do("/btw keep")  # it is there already, and only gone to
    assert len(chat.session.conversation.turns) == len(before.turns) + 2
    assert chat.session.conversation.undo().state == before.state


def test_what_was_kept_is_paid_for_once() -> None:
    chat = Trimmer()
    chat.talk("demo: say one")
    chat.do("/btw demo: say two")
    paid = chat.session.books.talk.cost.usd
    chat.do("/btw keep")
    conversation, facts = chat.session.conversation, chat.session.recorder.facts
    assert chat.session.books.elsewhere(conversation, facts).talk.cost.usd == pytest.approx(paid)
    undone = conversation.undo()
    assert chat.session.books.elsewhere(undone, facts).talk.cost.usd == pytest.approx(paid)


def test_the_last_ones_are_shown_with_where_they_were_asked() -> None:
    chat = Trimmer()
    chat.do("/btw")
    assert chat.heard == "Nothing was asked beside this conversation. /btw QUESTION does."
    chat.do("/btw demo: say at first")
    chat.do("/btw")
    assert chat.heard == "**/btw demo: say at first** · at the beginning\n\n> at first"
    chat.talk("demo: say one")
    for number in range(LISTED):
        chat.do(f"/btw demo: say number {number}\n")
    chat.do("/btw")
    assert chat.heard.startswith("*1 earlier: /export md has all.*")
    assert "**/btw demo: say number 0** · after turn 1\n\n> number 0" in chat.heard
    chat.do("/undo")
    chat.do("/btw")
    assert "in another branch" in chat.heard
    chat.session.recorder.keep(chat.session.conversation, **{f"{BESIDE}x": {"id": 7}})
    chat.do("/btw")  # what is damaged costs nothing else
    assert "say number 4" in chat.heard


def test_another_model_is_asked_and_that_it_reads_no_cache_is_said() -> None:
    chat = Trimmer()
    chat.do("/btw -m haiku-4-5 demo: say at first")
    chat.talk("demo: say one")
    before = chat.session.model
    outcome = chat.do("/btw -m haiku-4-5 demo: say other")
    assert isinstance(outcome, Several)
    assert outcome.outcomes[0] == Notice(
        "claude-haiku-4-5 reads the whole conversation anew: no cache."
    )
    assert chat.requests[-1].model == "claude-haiku-4-5"
    assert chat.session.model == before
    for line in ("/btw -m", "/btw -m haiku-4-5", "/btw -m nomodelatall what?", "/btw keep"):
        fresh = Trimmer()
        with pytest.raises(UsageError):
            fresh.do(line)


def test_it_completes_what_may_follow() -> None:

    chat = Player()
    offered = [word for word, _ in complete_line(chat.session, "/btw k")[1]]
    assert offered == ["keep"]
    assert "-m claude-haiku-4-5" in [word for word, _ in complete_line(chat.session, "/btw -m")[1]]
    assert isinstance(chat.do("/btw demo: say yes"), Beside)


def test_it_stands_apart_in_what_people_read_and_nowhere_in_what_is_sent(
    tmp_path: Path,
) -> None:
    chat, path = Trimmer(), tmp_path / "out"
    chat.talk("demo: say one")
    chat.do("/btw demo: say an aside")
    for format_, heading in (
        ("md", "## Beside the conversation\n\n### You, after turn 1\n"),
        ("html", "<aside>\n<h2>Beside the conversation</h2>"),
    ):
        chat.do(f"/export! {format_} {path}")
        assert "an aside" in path.read_text().partition(heading)[2]
    for format_ in ("json", "curl", "python"):
        chat.do(f"/export {format_}")
        assert "aside" not in chat.heard
    chat.do("/btw keep")
    chat.do("/export md")  # what is kept is a turn as others are
    assert "Beside the conversation" not in chat.heard
