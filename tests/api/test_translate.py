import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.api.translate import Translator, scrubbed
from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    CitationDelta,
    InputDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    SignatureDelta,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.talk.blocks import BLOCKS
from chatrepl.core.wire import encode
from chatrepl.storage.records import block_from_record
from tests.api.helpers import reply
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


def test_a_known_block_loses_fields_of_the_wrong_type_and_an_unknown_one_stays_as_it_is() -> None:
    text = {"type": "text", "text": 5, "citations": 7, "more": [1]}
    odd = {"type": "hologram", "text": 5}
    found = translate(
        {"type": "content_block_start", "index": 0, "content_block": text},
        {"type": "content_block_start", "index": 1, "content_block": odd},
    )
    assert found == [BlockStart(0, {"type": "text", "more": [1]}), BlockStart(1, odd)]


@given(st.sampled_from(list(BLOCKS)).flatmap(wires_of), st.data())
def test_whatever_a_block_opens_with_can_be_read_back_from_a_journal(
    wire: dict[str, Any], data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(wire.keys() - {"type"})))
    opened = {**wire, key: data.draw(JSON)}
    made = reply(translate({"type": "content_block_start", "index": 0, "content_block": opened}))
    assert [block_from_record(block.to_wire()) for block in made.content()] == [*made.content()]


def test_texts_anywhere_in_a_value_are_made_sendable() -> None:
    value = json.loads('{"a\\ud83d":["\\ud83d\\ude00",{"b":"\\udc00"},1,null]}')
    assert scrubbed(value) == {"a\ufffd": ["😀", {"b": "\ufffd"}, 1, None]}
