from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.storage.read import load_bytes
from chatrepl.storage.record_log import RecordLog, title_of
from tests.storage.strategies import histories


def spoken(history: list[Conversation], recorder: RecordLog) -> list[bytes]:
    """What is written while a history happens, with every new turn begun, streamed and ended."""
    written = [recorder.opening()]
    seen: set[TurnId] = set(recorder.turns)
    for conversation in history:
        for turn in conversation.turns.values():
            if turn.id not in seen and turn.receipt is not None:
                seen.add(turn.id)
                written.append(recorder.begin(replace(turn, messages=turn.messages[:1])))
                written.append(recorder.delta(turn.id, "text", "piece"))
                written.append(recorder.finish(turn))
        written.append(recorder.state(conversation))
    return written


@settings(max_examples=60, deadline=None)
@given(histories())
def test_a_conversation_comes_back_whole(history: list[Conversation]) -> None:
    loaded = load_bytes(b"".join(spoken(history, RecordLog(0.0))))
    assert loaded.conversation == history[-1]
    assert list(loaded.conversation.turns) == list(history[-1].turns)
    assert (loaded.skipped, loaded.newer, loaded.recovered) == (0, 0, False)


@settings(max_examples=40, deadline=None)
@given(histories())
def test_written_anew_it_comes_back_just_as_well(history: list[Conversation]) -> None:
    recorder = RecordLog(0.0)
    spoken(history, recorder)
    assert load_bytes(recorder.everything()).conversation == history[-1]


@settings(max_examples=40, deadline=None)
@given(histories())
def test_a_turn_whose_end_was_never_told_is_none_that_still_streams(
    history: list[Conversation],
) -> None:
    recorder = RecordLog(0.0)
    for conversation in history:
        for turn in conversation.turns.values():
            if turn.id not in recorder.turns and turn.receipt is not None:
                recorder.begin(replace(turn, messages=turn.messages[:1]))
                recorder.delta(turn.id, "text", "piece")
        recorder.state(conversation)
    assert load_bytes(recorder.everything()).conversation == history[-1]


@settings(max_examples=60, deadline=None)
@given(histories(), st.data())
def test_torn_anywhere_the_intact_records_come_back(
    history: list[Conversation], data: st.DataObject
) -> None:
    recorder = RecordLog(0.0)
    pieces = spoken(history, recorder)
    whole = b"".join(pieces)
    cut = data.draw(st.integers(0, len(whole)))
    loaded = load_bytes(whole[:cut])
    assert loaded.skipped <= 1
    intact = [line for line in whole[:cut].split(b"\n")[:-1] if line.startswith(b'{"t":"end"')]
    final = history[-1].turns
    found = [t for t in loaded.conversation.turns.values() if t == final.get(t.id)]
    assert len(found) >= len(intact)
    assert all(t.parent in {None, *loaded.conversation.turns} for t in found)


@settings(max_examples=40, deadline=None)
@given(histories(), st.data())
def test_a_torn_file_can_be_gone_on_with(history: list[Conversation], data: st.DataObject) -> None:
    whole = b"".join(spoken(history, RecordLog(0.0)))
    cut = data.draw(st.integers(0, len(whole)))
    torn = whole[:cut]
    loaded = load_bytes(torn)
    recorder = RecordLog.after(loaded.recorded, loaded.meta, 0.0)
    turn = Turn(TurnId("later"), loaded.conversation.head, (Message.user("on"),), Receipt())
    later = loaded.conversation.add(turn)
    more = spoken([loaded.conversation, later], recorder)
    again = load_bytes(torn + b"\n" + b"".join(more))
    assert again.conversation == later
    assert not again.recovered


@settings(max_examples=40, deadline=None)
@given(histories(), st.data())
def test_a_lost_record_costs_no_more_than_what_it_said(
    history: list[Conversation], data: st.DataObject
) -> None:
    lines = b"".join(spoken(history, RecordLog(0.0))).split(b"\n")[:-1]
    lost = data.draw(st.integers(0, len(lines) - 1))
    kept = [line for i, line in enumerate(lines) if i != lost]
    loaded = load_bytes(b"\n".join([*kept[:lost], b"\xff{broken", *kept[lost:]]))
    assert loaded.skipped == 1
    assert len(loaded.conversation.turns) >= len(history[-1].turns) - 1
    heads = [s.head for s in (loaded.conversation.state, *loaded.conversation.past)]
    assert all(head is None or head in loaded.conversation.turns for head in heads)
    for turn in loaded.conversation.turns.values():
        assert loaded.conversation.path(turn.id)[-1] == turn


def test_a_reply_without_its_end_comes_back_as_one_that_was_cut() -> None:
    recorder = RecordLog(0.0)
    turn = Turn(TurnId("a"), None, (Message.user("why?"),))
    written = recorder.meta({"model": "m"}) + recorder.begin(turn)
    written += recorder.delta(turn.id, "thinking", "hm")
    written += recorder.delta(turn.id, "text", "beca") + recorder.delta(turn.id, "text", "use")
    loaded = load_bytes(written)
    assert loaded.recovered
    last = loaded.conversation.path()[-1]
    assert last.was_cut
    assert last.messages == (turn.messages[0], Message("assistant", (TextBlock("because"),), "m"))


def test_a_question_that_was_asked_again_is_no_turn_of_its_own() -> None:
    recorder = RecordLog(0.0)
    first = Turn(TurnId("a"), None, (Message.user("why?"),))
    again = Turn(TurnId("b"), None, (Message.user("why?"),))
    done = replace(again, messages=(*again.messages, Message("assistant", (TextBlock("so"),))))
    conversation = Conversation().add(done)
    written = recorder.begin(first) + recorder.begin(again) + recorder.finish(done)
    loaded = load_bytes(written + recorder.state(conversation))
    assert loaded.conversation == conversation
    assert not loaded.recovered


def test_what_is_written_for_a_turn_does_not_grow_with_the_conversation() -> None:
    recorder = RecordLog(0.0)
    conversation = Conversation()
    sizes = []
    for number in range(300):
        turn = Turn(TurnId(f"{number:04}"), conversation.head, (Message.user("x"),), Receipt("m"))
        conversation = conversation.add(turn)
        written = recorder.begin(turn) + recorder.finish(turn) + recorder.state(conversation)
        sizes.append(len(written))
    assert max(sizes) - min(sizes) <= 12


def test_undo_writes_less_than_a_line_of_text() -> None:
    recorder = RecordLog(0.0)
    conversation = Conversation()
    for number in range(50):
        turn = Turn(TurnId(str(number)), conversation.head, (Message.user("x" * 500),))
        conversation = conversation.add(turn)
    recorder.state(conversation)
    assert len(recorder.state(conversation.undo())) < 150


def test_the_title_is_the_first_words_of_the_question() -> None:
    words = "one two three four five six seven eight nine ten eleven twelve thirteen"
    turn = Turn(TurnId("a"), None, (Message.user(words), Message("assistant", ())))
    assert title_of(turn) == "one two three four five six seven eight nine ten eleven…"
    assert title_of(replace(turn, messages=(Message.user(" a\n\nb "),))) == "a b"
    assert title_of(replace(turn, messages=())) == ""
