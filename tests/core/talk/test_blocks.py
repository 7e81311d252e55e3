import json
from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.talk.blocks import (
    BLOCKS,
    Block,
    DocumentBlock,
    ImageBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    TypedBlock,
    UnknownBlock,
    answered_id,
    block_from_wire,
    call_id,
    class_of,
    enclosing_id,
    misfits,
)
from chatrepl.core.wire import encode
from tests.core.making import JSON, KINDS, OBJECT, blocks, wires_of


@given(blocks)
def test_every_block_comes_back_from_the_wire_as_it_was(block: Block) -> None:
    wire = json.loads(encode(block.to_wire()))
    assert block_from_wire(wire).to_wire() == block.to_wire()
    assert block_from_wire(block.to_wire()) == block
    assert isinstance(block.to_markdown(), str)


_KEYS = ["text", "citations", "source", "title", "thinking", "signature", "data", "id", "name",
         "input", "tool_use_id", "content", "is_error", "cache_control"]  # fmt: skip


@given(
    st.sampled_from([*BLOCKS, "other"]) | JSON,
    st.dictionaries(st.sampled_from(_KEYS), JSON | OBJECT, max_size=5),
)
def test_nothing_that_stands_on_the_wire_is_lost(kind: object, rest: dict[str, object]) -> None:
    wire = {"type": kind, **rest}
    block = block_from_wire(wire)
    said = block.to_wire()
    for key, value in wire.items():
        if value is not None and value != []:
            assert said[key] == value
    assert encode(said)
    assert isinstance(block.to_markdown(), str)
    assert isinstance(block.type, str)


def test_every_class_is_in_the_table_and_takes_the_keys_it_has_fields_for() -> None:
    assert set(BLOCKS.values()) == set(get_args(TypedBlock))
    for cls in BLOCKS.values():
        assert [field.name for field in fields(cls)] == [*cls.KEYS, "more"]


@given(st.sampled_from(KINDS).flatmap(wires_of))
def test_a_whole_block_is_of_its_class_and_loses_nothing(wire: dict[str, object]) -> None:
    block = block_from_wire(wire)
    assert isinstance(block, class_of(wire["type"]) or UnknownBlock)
    assert block.to_wire() == wire


@given(st.sampled_from(list(BLOCKS)).flatmap(wires_of), st.data())
def test_a_value_of_another_type_is_named_and_stays_where_it_was(
    wire: dict[str, object], data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(wire.keys() - {"type"})))
    assert misfits(wire) == frozenset()
    wrong = {**wire, key: 5}
    if key == "content":  # a result holds what it likes
        assert block_from_wire(wrong).to_wire() == wrong
    else:
        assert misfits(wrong) == {key}
        assert block_from_wire(wrong) == UnknownBlock(wrong)


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_without_its_parts_is_kept_whole(kind: str) -> None:
    assert block_from_wire({"type": kind}) == UnknownBlock({"type": kind})


@given(st.sampled_from(KINDS).flatmap(wires_of), OBJECT)
def test_parts_that_we_do_not_know_stay_with_a_block_of_its_class(
    wire: dict[str, object], more: dict[str, object]
) -> None:
    extra = {f"x-{key}": value for key, value in more.items()}
    block = block_from_wire({**wire, **extra})
    assert isinstance(block, class_of(wire["type"]) or UnknownBlock)
    assert block.to_wire() == {**wire, **extra}


@pytest.mark.parametrize("kind", ["tool_use", "server_tool_use", "novel_tool_use"])
@pytest.mark.parametrize("more", [{}, {"name": ""}, {"input": {}}, {"caller": {"tool_id": "c"}}])
def test_whatever_names_itself_a_call_and_has_an_id_is_one(kind: str, more: dict[str, Any]) -> None:
    wire = {"type": kind, "id": "1", **more}
    block = block_from_wire(wire)
    assert isinstance(block, ToolUseBlock)
    assert block.to_wire() == wire
    assert call_id(block) == "1"
    assert answered_id(block) is None
    assert enclosing_id(block) == ("c" if "caller" in more else None)


@pytest.mark.parametrize("kind", ["tool_result", "mcp_tool_result", "novel_tool_result"])
def test_whatever_names_itself_a_result_and_answers_an_id_is_one(kind: str) -> None:
    wire = {"type": kind, "tool_use_id": "1", "is_error": None, "x": None, "content": 5}
    block = block_from_wire(wire)
    assert isinstance(block, ToolResultBlock)
    assert block.to_wire() == {key: part for key, part in wire.items() if key != "is_error"}
    assert answered_id(block) == "1"
    assert call_id(block) is None


def test_calls_and_results_of_other_shapes_are_told_by_their_ids() -> None:
    call = block_from_wire({"type": "x_tool_use", "id": "1", "name": 5, "caller": 5})
    result = block_from_wire({"type": "tool_result", "tool_use_id": "1", "is_error": "no"})
    assert (call_id(call), answered_id(result), enclosing_id(call)) == ("1", "1", None)
    assert call_id(block_from_wire({"type": "x_tool_use", "id": 5})) is None
    assert call_id(TextBlock("x")) is answered_id(TextBlock("x")) is None


@pytest.mark.parametrize(
    ("block", "markdown"),
    [
        (TextBlock("*x*"), "*x*"),
        (ImageBlock.base64("image/png", "AA"), "*[image: image/png]*"),
        (ImageBlock.url("http://x/y.png"), "*[image: http://x/y.png]*"),
        (ImageBlock({}), "*[image: ?]*"),
        (DocumentBlock.plain("x", "notes"), "*[document: notes]*"),
        (DocumentBlock.base64_pdf("AA"), "*[document: application/pdf]*"),
        (ThinkingBlock("a\nb", "s"), "> a\n> b"),
        (RedactedThinkingBlock("x"), "> *[redacted thinking]*"),
        (ToolUseBlock("tool_use", "1", "grep", {}), "*[tool call: grep]*"),
        (ToolResultBlock("web_search_tool_result", "1"), "*[web search tool result]*"),
        (UnknownBlock({"type": "odd"}), "*[odd]*"),
        (UnknownBlock({"type": "odd", "text": "x"}), "x"),
        (UnknownBlock({}), "*[unknown]*"),
    ],
)
def test_people_see_what_a_block_is(block: Block, markdown: str) -> None:
    assert block.to_markdown() == markdown


def test_a_block_of_no_type_is_kept() -> None:
    assert misfits({"a": 1}) == frozenset()
    assert block_from_wire({"a": 1}).to_wire() == {"a": 1}


def test_a_result_says_whether_it_failed_only_where_it_was_said() -> None:
    wire = {"type": "tool_result", "tool_use_id": "1"}
    for more in ({}, {"is_error": False}, {"content": "x"}, {"content": "x", "is_error": True}):
        assert block_from_wire({**wire, **more}).to_wire() == {**wire, **more}
