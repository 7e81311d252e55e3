from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.api.translate import Translator
from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    CitationDelta,
    InputDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    OtherDelta,
    SignatureDelta,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.wire import encode
from chatrepl.storage.records import block_as_it_came
from tests.api.helpers import reply
from tests.core.making import KINDS as BLOCK_KINDS
from tests.core.making import wires_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = [
    "type", "index", "delta", "content_block", "message", "usage", "text", "thinking", "citation",
    "signature", "partial_json", "stop_reason", "stop_details", "citations", "input", "id", "model",
]  # fmt: skip
KINDS = [
    "message_start", "content_block_start", "content_block_delta", "content_block_stop",
    "message_delta", "message_stop", "text_delta", "thinking_delta", "input_json_delta",
    "signature_delta", "citations_delta", "text", "thinking", "tool_use", "server_tool_use", "odd",
]  # fmt: skip
LEAVES = st.sampled_from(KINDS) | st.integers(-2, 3) | JSON
ODD = st.recursive(
    st.dictionaries(st.sampled_from(NAMES), LEAVES, max_size=6),
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner | LEAVES, max_size=6),
    max_leaves=6,
)


def translate(*data: dict[str, Any]) -> list[StreamEvent]:
    translator = Translator("req_1")
    found = [event for one in data for event in translator.translate("", one)]
    return [*found, *translator.end()]


def delta(kind: str, index: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **more}}


@given(st.lists(st.tuples(st.sampled_from(KINDS), ODD), max_size=12))
def test_whatever_comes_is_translated_applied_and_can_be_sent_again(
    events: list[tuple[str, dict[str, Any]]],
) -> None:
    translator = Translator()
    found = [event for kind, data in events for event in translator.translate(kind, data)]
    made = reply([*found, *translator.end()])
    for block in made.content():
        encode(dict(block.to_wire())).encode()


@given(st.text(st.characters(min_codepoint=0x1F300, max_codepoint=0x1F6FF), max_size=8), st.data())
def test_a_character_cut_in_half_over_two_deltas_is_whole_again(
    text: str, data: st.DataObject
) -> None:
    units = text.encode("utf-16-le", "surrogatepass")
    at = 2 * data.draw(st.integers(0, len(units) // 2))
    halves = [part.decode("utf-16-le", "surrogatepass") for part in (units[:at], units[at:])]
    found = translate(*(delta("text_delta", text=half) for half in halves))
    assert "".join(event.text for event in found if isinstance(event, TextDelta)) == text


def test_half_a_character_without_its_other_half_is_replaced() -> None:
    assert translate(delta("text_delta", text="a\ud83d")) == [TextDelta("a"), TextDelta("\ufffd")]
    assert translate(
        delta("text_delta", text="\ud83d"), delta("thinking_delta", 1, thinking="t\ude00")
    ) == [TextDelta("\ufffd"), ThinkingDelta("t\ufffd", 1)]


def test_each_event_of_the_service_has_its_own() -> None:
    start = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": {"a": 1}}}
    block = {"type": "text", "text": ""}
    opened = {"type": "content_block_start", "index": 0, "content_block": block}
    details = {"type": "refusal"}
    end = {"delta": {"stop_reason": "refusal", "stop_details": details}, "usage": {"b": 2}}
    assert translate(
        start,
        opened,
        delta("text_delta", text="x"),
        delta("thinking_delta", thinking="y"),
        delta("signature_delta", signature="z"),
        delta("input_json_delta", partial_json="{"),
        delta("citations_delta", citation={"type": "c"}),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", **end},
        {"type": "message_stop"},
    ) == [
        MessageStart("m", "msg_1", {"a": 1}, "req_1"),
        BlockStart(0, block),
        TextDelta("x"),
        ThinkingDelta("y"),
        SignatureDelta("z"),
        InputDelta("{"),
        CitationDelta({"type": "c"}),
        BlockStop(0),
        MessageDelta("refusal", details, {"b": 2}),
        MessageStop(),
    ]


def test_a_second_start_of_a_message_or_a_block_is_passed_over() -> None:
    start = {"type": "message_start", "message": {"id": "1"}}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}}
    assert len(translate(start, start, block, block)) == 2


def test_blocks_without_a_number_are_counted() -> None:
    found = translate(
        {"type": "content_block_start", "content_block": {"type": "thinking"}},
        {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "t"}},
        {"type": "content_block_stop"},
        {"type": "content_block_start", "content_block": {"type": "text"}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "x"}},
    )
    assert [event.index for event in found if hasattr(event, "index")] == [0, 0, 0, 1, 1]


def test_the_name_of_the_event_stands_in_for_a_missing_type() -> None:
    assert Translator().translate("message_stop", {}) == [MessageStop()]


def test_a_block_opens_as_it_came_also_where_its_parts_are_of_other_types() -> None:
    text = {"type": "text", "text": 5, "citations": 7, "more": [1]}
    odd = {"type": "hologram", "text": 5}
    found = translate(
        {"type": "content_block_start", "index": 0, "content_block": text},
        {"type": "content_block_start", "index": 1, "content_block": odd},
    )
    assert found == [BlockStart(0, text), BlockStart(1, odd)]


def start(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


CITED = {"url": "u", "cited_text": "x"}
FIRST: list[tuple[dict[str, Any], list[StreamEvent]]] = [
    ({"type": "text", "text": "Once "}, [TextDelta("Once ")]),
    ({"type": "text", "text": "a", "citations": [CITED]}, [TextDelta("a"), CitationDelta(CITED)]),
    (
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        [ThinkingDelta("hm"), SignatureDelta("s")],
    ),
    ({"type": "tool_use", "id": "1", "name": "n", "input": {"a": 1}}, []),
]


@pytest.mark.parametrize(("block", "first"), FIRST)
def test_what_a_block_opens_with_is_its_first_delta_and_stands_in_the_reply_once(
    block: dict[str, Any], first: list[StreamEvent]
) -> None:
    opened, *found = translate(start(0, **block, mood="glad"))
    assert isinstance(opened, BlockStart)
    assert found == first
    stop = {"type": "content_block_stop", "index": 0}
    made = reply(translate(start(0, **block, mood="glad"), stop))
    assert [part.to_wire() for part in made.blocks] == [{**block, "mood": "glad"}]
    in_message = {"type": "message_start", "message": {"content": [block, block]}}
    made = reply(translate(in_message, {"type": "message_stop"}))
    assert [part.to_wire() for part in made.blocks] == [block, block]


def test_content_of_the_message_itself_goes_on_in_its_block() -> None:
    given = {"type": "text", "text": "Once upon "}
    message = {"type": "message_start", "message": {"content": [given]}}
    rest = delta("text_delta", text="a time")
    whole = "Once upon a time"
    assert reply(translate(message, rest)).text == whole
    assert reply(translate(message, start(0, **given), rest)).text == whole
    assert reply(translate(message, start(0, type="text", text=""), rest)).text == whole
    assert reply(translate(message, start(0, type="text", text="a time"))).text == whole
    other = reply(translate(message, start(0, type="hologram"), {"type": "message_stop"}))
    assert [block.type for block in other.blocks] == ["text", "hologram"]


def test_halves_of_a_character_may_stand_in_a_start_and_in_its_delta() -> None:
    found = translate(start(0, type="text", text="a\ud83d"), delta("text_delta", text="\ude00"))
    assert reply(found).text == "a😀"


def test_deltas_that_nobody_knows_go_with_their_block() -> None:
    found = translate(
        start(0, type="compaction", content=None),
        delta("compaction_delta", content="so far", encrypted_content="x"),
        delta("compaction_delta", content=None),
        delta("compaction_delta", 7, content="of no block"),
        {"type": "content_block_delta", "index": 0, "delta": {"content": "of no type"}},
    )
    assert found[1] == OtherDelta({"content": "so far", "encrypted_content": "x"})
    made = reply([*found, MessageStop()])
    wire = {"type": "compaction", "content": "so far", "encrypted_content": "x"}
    assert [block.to_wire() for block in made.blocks] == [wire]


@given(st.sampled_from(BLOCK_KINDS).flatmap(wires_of), st.data())
def test_whatever_a_block_opens_with_can_be_read_back_from_a_journal(
    wire: dict[str, Any], data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(wire.keys() - {"type"})))
    opened = {**wire, key: data.draw(JSON)}
    made = reply(translate({"type": "content_block_start", "index": 0, "content_block": opened}))
    assert [block_as_it_came(block.to_wire()) for block in made.content()] == [*made.content()]


def test_where_code_ran_and_what_stopped_the_reply_is_told() -> None:
    box = {"id": "container_1", "expires_at": "2026-12-01T00:00:00Z"}
    found = translate(
        {"type": "message_start", "message": {"id": "m", "container": box}},
        {"type": "message_delta", "delta": {"stop_sequence": "END", "container": box}},
        {"type": "message_delta", "delta": {"stop_sequence": 1, "container": "x"}},
    )

    assert found[1:] == [
        MessageDelta(container=box),
        MessageDelta(stop_sequence="END", container=box),
        MessageDelta(),
    ]


@pytest.mark.parametrize("foreign", [None, 3, "text", [], {}, {"type": 5}, True])
def test_what_is_no_block_in_the_message_itself_is_passed_over(foreign: object) -> None:
    message = {"type": "message_start", "message": {"content": [foreign]}}
    begun = start(0, type="text", text="Once")
    assert reply(translate(message, begun)).text == "Once"
