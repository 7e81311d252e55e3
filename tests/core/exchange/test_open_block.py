import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.exchange.open_block import OpenBlock, Rope
from chatrepl.core.talk.blocks import (
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    is_unread,
)


@given(st.lists(st.text(max_size=9), max_size=60))
def test_a_rope_holds_what_was_added_in_few_pieces(texts: list[str]) -> None:
    rope = Rope()
    for text in texts:
        rope = rope.add(text)
    whole = "".join(texts)
    assert str(rope) == whole
    assert len(rope) == len(whole)
    assert len(rope.pieces) <= math.log2(len(whole) + 1) + 1
    assert all(rope.pieces)


def _closed(wire: dict[str, Any], *texts: str) -> Any:
    block = OpenBlock(0, wire)
    for text in texts:
        block = block.add(text)
    return block.close()


def test_text_and_thinking_go_on_from_what_they_opened_with() -> None:
    cited = {"type": "text", "text": "a", "citations": [{"url": "u"}], "other": None}
    assert _closed(cited, "b") == TextBlock("ab", ({"url": "u"},), {"other": None})
    assert _closed({"type": "text", "text": 5, "citations": 5}, "b") == TextBlock("b")
    signed = {"type": "thinking", "thinking": "a", "signature": "s"}
    assert _closed(signed, "b") == ThinkingBlock("ab", "s")


def test_what_a_new_kind_of_delta_brings_goes_with_the_block() -> None:
    block = OpenBlock(0, {"type": "compaction", "content": None, "n": 1})
    for parts in ({"content": "so ", "x": "a"}, {"content": None}, {"content": "far", "n": 2}):
        block = block.merged({"type": "compaction_delta", **parts})
    closed = block.close()
    assert closed is not None
    assert closed.to_wire() == {"type": "compaction", "content": "so far", "n": 2, "x": "a"}


def test_a_call_without_input_stays_without() -> None:
    wire = {"type": "x_tool_use", "id": "1", "server_name": "s"}
    assert _closed(wire).to_wire() == wire
    assert _closed({**wire, "input": 5}).to_wire() == {**wire, "input": 5}


def test_what_could_not_be_sent_back_is_no_block() -> None:
    assert _closed({"type": "text"}) is None
    assert _closed({"type": "thinking"}, "unsigned") is None


def test_halves_of_a_character_that_came_apart_are_joined() -> None:
    assert _closed({"type": "text"}, "\ud83d", "\ude00") == TextBlock("😀")


@pytest.mark.parametrize(
    ("pieces", "value"),
    [
        (['{"a"', ":1}"], {"begun": 1, "a": 1}),
        (['{"begun"', ":2}"], {"begun": 2}),
        ([], {"begun": 1}),
        (["[1]"], {"begun": 1}),
        (['{"a"'], {"begun": 1}),
        (['{"a":1e999}'], {"begun": 1}),
        (['{"a":' * 100_000], {"begun": 1}),
        ([" "], {"begun": 1}),
    ],
)
def test_the_input_of_a_call_is_read_when_it_is_complete(
    pieces: list[str], value: dict[str, object]
) -> None:
    wire = {"type": "server_tool_use", "id": "1", "name": "n", "input": {"begun": 1}}
    assert _closed(wire, *pieces) == ToolUseBlock("server_tool_use", "1", "n", value)
    assert _closed({**wire, "type": "new_use"}, *pieces).to_wire()["input"] == value


@pytest.mark.parametrize(
    ("begun", "pieces", "value"),
    [
        ({"a": 1}, [], {"a": 1}),
        ({"a": 1}, ['{"b"', ":2}"], {"a": 1, "b": 2}),
        ({}, [" "], {}),
        (None, [], {}),
        ([], [], {}),
        ("", [], {}),
        ('{"a":1}', [], {"a": 1}),
        ("", ['{"a":1}'], {"a": 1}),
        ({}, ['{"a": "rm", '], None),
        ({"a": 1}, ['{"b":'], None),
        ({}, ["[1]"], None),
        ({}, ["1"], None),
        ({}, ["null"], None),
        ({}, ['{"a":1}{"a":1}'], None),
        ({}, ['{"a":1,"b":1e999}'], None),
        ({}, ['{"a":' * 100_000], None),
        ([1], [], None),
        (5, [], None),
        ("rm", [], None),
    ],
)
def test_a_call_of_ours_has_its_whole_input_or_none_that_could_be_run(
    begun: object, pieces: list[str], value: dict[str, object] | None
) -> None:
    call = _closed({"type": "tool_use", "id": "1", "name": "n", "input": begun}, *pieces)
    assert isinstance(call, ToolUseBlock)
    assert call.to_wire()["input"] == call.input
    assert is_unread(call.input) is (value is None)
    assert value in (None, call.input)
    assert len(str(call.input)) < 3_000


def test_other_blocks_come_whole() -> None:
    assert _closed({"type": "redacted_thinking", "data": "x"}) == RedactedThinkingBlock("x")
    assert OpenBlock(0, {"type": "server_tool_use"}).is_call
    assert not OpenBlock(0, {}).is_call
