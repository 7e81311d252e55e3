from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    CitationDelta,
    InputDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    OtherDelta,
    PrefillBegun,
    Remark,
    Reply,
    RetryWait,
    SignatureDelta,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.talk.blocks import TextBlock, ThinkingBlock, ToolUseBlock, block_from_wire
from chatrepl.core.talk.conversation import Prefill
from chatrepl.core.talk.usage import Usage
from chatrepl.core.wire import encode
from tests.core.making import JSON, OBJECT, TEXT, chunked

_INDEX = st.integers(0, 2)
_KIND = st.sampled_from(
    ["text", "thinking", "tool_use", "server_tool_use", "redacted_thinking", "image", "new"]
)
_WIRE = st.builds(lambda kind, rest: {**rest, "type": kind}, _KIND | JSON, OBJECT) | st.builds(
    lambda kind, key, value: {"type": kind, key: value},
    _KIND,
    st.sampled_from(["text", "thinking", "signature", "input", "citations", "id", "name", "data"]),
    JSON,
)
_MODE: Any = st.sampled_from(["native", "schema", "emulated"])
_EVENTS: st.SearchStrategy[StreamEvent] = st.one_of(
    st.builds(MessageStart, TEXT, st.none() | TEXT, st.none() | JSON),
    st.builds(BlockStart, _INDEX, _WIRE),
    st.builds(TextDelta, TEXT, _INDEX),
    st.builds(ThinkingDelta, TEXT, _INDEX),
    st.builds(SignatureDelta, TEXT, _INDEX),
    st.builds(InputDelta, TEXT, _INDEX),
    st.builds(CitationDelta, OBJECT, _INDEX),
    st.builds(OtherDelta, OBJECT, _INDEX),
    st.builds(BlockStop, _INDEX),
    st.builds(MessageDelta, st.none() | TEXT, st.none() | OBJECT, st.none() | JSON),
    st.just(MessageStop()),
    st.builds(RetryWait, TEXT, st.integers(), st.integers(), st.integers()),
    st.builds(PrefillBegun, st.builds(Prefill, TEXT, _MODE)),
    st.builds(Remark, TEXT),
)


def _built(*events: StreamEvent) -> Reply:
    return reduce(Reply.apply, events, Reply())


@given(st.lists(_EVENTS, max_size=12))
def test_no_order_of_events_trips_the_reply(events: list[StreamEvent]) -> None:
    reply = Reply()
    for event in events:
        before = reply
        reply = reply.apply(event)
        assert reply.blocks[: len(before.blocks)] == before.blocks
        content = reply.content()
        assert reply.has_content == bool(content)
        for block in content:
            wire = block.to_wire()
            encode(wire)
            assert block_from_wire(wire) == block
        assert isinstance(reply.text, str)
        assert reply.total_usage.total_input_tokens >= 0


@given(
    st.data(),
    st.lists(st.tuples(st.sampled_from(["text", "thinking", "tool_use"]), TEXT), max_size=4),
)
def test_a_reply_does_not_depend_on_how_its_text_is_cut(
    data: Any, parts: list[tuple[str, str]]
) -> None:
    delta: dict[str, Any] = {"text": TextDelta, "thinking": ThinkingDelta, "tool_use": InputDelta}

    def stream(*, cut: bool) -> list[StreamEvent]:
        events: list[StreamEvent] = [MessageStart("m")]
        for index, (kind, text) in enumerate(parts):
            events.append(BlockStart(index, {"type": kind, "id": "i", "name": "n"}))
            pieces = chunked(data.draw, text) if cut else [text]
            events += [delta[kind](piece, index) for piece in pieces]
            if kind == "thinking":
                events += [SignatureDelta("s", index)]
            events += [BlockStop(index)]
        return [*events, MessageDelta("end_turn"), MessageStop()]

    assert _built(*stream(cut=True)) == _built(*stream(cut=False))


@given(st.lists(st.sampled_from(["a", "b", "\n"]), max_size=8))
def test_deltas_without_a_start_are_kept(pieces: list[str]) -> None:
    reply = _built(*(TextDelta(piece) for piece in pieces))
    assert reply.text == "".join(pieces)
    assert reply.apply(MessageStop()).text == reply.text


def test_thinking_never_gets_into_the_text() -> None:
    reply = _built(
        BlockStart(0, {"type": "text", "text": ""}),
        TextDelta("a"),
        ThinkingDelta("hidden"),
        SignatureDelta("s"),
        TextDelta("b"),
        InputDelta("{"),
        CitationDelta({"url": "u"}),
    )
    assert reply.text == "ab"
    assert reply.content() == (
        TextBlock("a"),
        ThinkingBlock("hidden", "s"),
        TextBlock("b", ({"url": "u"},)),
    )


def test_a_call_counts_only_when_it_is_complete() -> None:
    start = BlockStart(1, {"type": "tool_use", "id": "i", "name": "n", "input": {}})
    open_ = _built(start, InputDelta('{"a"', 1), InputDelta("lost", 0))
    assert open_.content() == ()
    closed = open_.apply(InputDelta(":1}", 1)).apply(BlockStop(1))
    assert closed.content() == (ToolUseBlock("tool_use", "i", "n", {"a": 1}),)
    assert _built(InputDelta("{}")).open is None


@pytest.mark.parametrize("mode", ["native", "emulated", "schema"])
def test_the_first_text_begins_with_the_prefill(mode: Any) -> None:
    reply = _built(
        PrefillBegun(Prefill("P ", mode)),
        MessageStart("m"),
        ThinkingDelta("t", 0),
        SignatureDelta("s", 0),
        BlockStop(0),
        BlockStart(1, {"type": "text"}),
        TextDelta("x", 1),
        BlockStop(1),
        TextDelta("y", 2),
    )
    assert reply.text == ("xy" if mode == "schema" else "P xy")


def test_what_is_shown_of_a_prefill_may_be_a_part_of_it() -> None:
    assert PrefillBegun(Prefill("P", "native")).text == "P"
    assert PrefillBegun(Prefill("whole", "native"), "part").text == "part"
    assert PrefillBegun(Prefill("P", "schema"), "P").text == ""


def test_a_pause_adds_up_and_a_second_start_does_not() -> None:
    first = {"input_tokens": 5, "output_tokens": 1}
    reply = _built(
        MessageStart("m", "id1", first, "r1"),
        MessageStart("other"),
        MessageDelta("pause_turn", None, {"output_tokens": 7}),
        MessageStart("m", "id2", {"input_tokens": 9}),
        MessageDelta("refusal", {"category": "x"}, {"output_tokens": 2}),
        MessageStop(),
    )
    assert (reply.model, reply.message_id, reply.request_id) == ("m", "id2", "r1")
    assert reply.total_usage == Usage(14, 9)
    assert (reply.stop_reason, reply.stop_details) == ("refusal", {"category": "x"})
    assert reply.complete
    assert reply.usage_known


def test_what_is_sent_again_begins_anew_and_keeps_what_came_before_it() -> None:
    counted = {"input_tokens": 5, "output_tokens": 1}
    again = RetryWait("busy", 1, 1, 2)
    once = _built(
        MessageStart("m", "id1", counted, "r1"), again, MessageStart("n", "id2", counted, "r2")
    )
    assert (once.model, once.message_id, once.request_id) == ("n", "id2", "r2")
    assert (once.total_usage, once.again) == (Usage(5, 1), False)

    pause = MessageDelta("pause_turn", None, {"output_tokens": 7})
    for events in (
        (again, MessageStart("m", "id2", counted)),
        (MessageStart("m", "id2", counted), again, MessageStart("m", "id3", counted)),
    ):
        reply = _built(MessageStart("m", "id1", counted), pause, *events)
        assert reply.total_usage == Usage(10, 8)
        assert reply.usage_wire["input_tokens"] == 10


def test_thinking_without_a_signature_is_told_and_not_sent_back() -> None:
    signed = {"type": "thinking", "thinking": "b", "signature": "s"}
    reply = _built(
        TextDelta("a", 0), ThinkingDelta("hm", 1), BlockStart(2, signed), BlockStop(2),
        TextDelta("c", 3), ThinkingDelta("so", 4),
    )  # fmt: skip
    text, thinking = TextBlock("a"), ThinkingBlock("b", "s")
    assert reply.content() == (text, thinking, TextBlock("c"))
    assert reply.came() == (
        text, ThinkingBlock("hm"), thinking, TextBlock("c"), ThinkingBlock("so"),
    )  # fmt: skip
    assert _built(TextDelta("a")).came() == (text,)


def test_retries_are_counted_and_remarks_change_nothing() -> None:
    reply = _built(RetryWait("busy", 3, 2, 4))
    assert reply.retries == 2
    assert reply.apply(Remark("x")) is reply
    assert not reply.has_content


def test_what_stops_without_a_reason_has_ended_and_what_does_not_stop_was_cut() -> None:
    begun = _built(TextDelta("a"))
    assert begun.apply(MessageStop()).stop_reason == "end_turn"
    assert begun.apply(MessageDelta("max_tokens")).apply(MessageStop()).stop_reason == "max_tokens"
    assert begun.apply(MessageDelta(None)).stop_reason is None


def test_ours_to_answer_is_what_the_service_does_not_run_itself() -> None:
    ours = ToolUseBlock("tool_use", "b", "read", {})
    theirs = ToolUseBlock("server_tool_use", "a", "web_search", {})
    assert Reply(blocks=(TextBlock("x"), theirs, ours)).calls == (ours,)
