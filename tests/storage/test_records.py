from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.core.talk.blocks import BLOCKS, UnknownBlock
from chatrepl.core.talk.conversation import Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.storage import records
from chatrepl.storage.records import DamagedError, line, loads
from tests.core.making import wires_of
from tests.storage.strategies import receipts, turns

GOOD: dict[str, Any] = {"t": "turn", "id": "a", "parent": None, "created": 0, "messages": []}


@settings(max_examples=60, deadline=None)
@given(turns(1, TurnId("before")))
def test_a_turn_comes_back_as_it_was(turn: Turn) -> None:
    assert records.turn_from_record(loads(line(records.turn_to_record(turn)))) == turn


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(BLOCKS)).flatmap(wires_of), st.data())
def test_a_block_with_a_part_of_another_type_is_damaged(
    wire: dict[str, Any], data: st.DataObject
) -> None:
    assert records.block_from_record(wire).to_wire() == wire
    key = data.draw(st.sampled_from(sorted(wire.keys() - {"content"})))
    with pytest.raises(DamagedError):
        records.block_from_record({**wire, key: 5})


@settings(max_examples=60)
@given(receipts)
def test_a_receipt_comes_back_as_it_was(receipt: Receipt) -> None:
    assert records.receipt_from_record(loads(line(records.receipt_to_record(receipt)))) == receipt


def test_an_empty_receipt_takes_no_space() -> None:
    assert records.receipt_to_record(Receipt()) == {}


def test_keys_nobody_knows_are_passed_over() -> None:
    turn = records.turn_from_record({**GOOD, "novel": 1})
    assert turn == Turn(TurnId("a"), None, ())


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": 5},
        {"id": None},
        {"parent": ["x"]},
        {"created": "now"},
        {"created": 1e400},
        {"created": True},
        {"ours": -1},
        {"messages": None},
        {"messages": [5]},
        {"messages": [{"role": "robot", "content": []}]},
        {"messages": [{"role": ["user"], "content": []}]},
        {"messages": [{"role": "user", "content": "text"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]},
        {"messages": [{"role": "user", "content": [{"type": "image", "source": "x"}]}]},
        {"messages": [{"role": "user", "content": [None]}]},
        {"receipt": []},
        {"receipt": {"duration_s": "long"}},
    ],
)
def test_what_we_cannot_have_written_is_damaged(wrong: dict[str, Any]) -> None:
    with pytest.raises(DamagedError):
        records.turn_from_record({**GOOD, **wrong})


@pytest.mark.parametrize(
    "text",
    [
        b'{"t":"turn","id":"a","parent":null,"created":1e400,"messages":[]}',
        b'{"t":"turn","id":"a","parent":null,"messages":[],"ours":0,"x":[NaN,-Infinity]}',
        b'{"t":"turn","id":"a","parent":null,"messages":[],"created":' + b"9" * 5000 + b"}",
    ],
)
def test_a_turn_of_old_is_mended_where_it_holds_a_number_beyond_all_measure(text: bytes) -> None:
    assert records.turn_from_record(loads(text)) == Turn(TurnId("a"), None, ())


@pytest.mark.parametrize("count", [-5, 10**20, 10**400, "12", 1.5, True, None])
def test_a_count_that_cannot_be_is_not_known(count: object) -> None:
    receipt = {"model": "m", "usage": {"input_tokens": count, "output_tokens": 7}}
    read = records.receipt_from_record(receipt)
    assert read == Receipt("m", usage=Usage(output_tokens=7))


def test_model_and_past_of_a_message_are_kept() -> None:
    message = Message("assistant", (), "m", "abc")
    assert records.message_from_record(records.message_to_record(message)) == message


@pytest.mark.parametrize("effort", [None, "", "low"])
def test_what_a_message_changes_is_kept(effort: str | None) -> None:
    gone = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "web_search"}}
    message = Message("system", (UnknownBlock(gone),), effort=effort)
    assert records.message_from_record(records.message_to_record(message)) == message
    odd = {**records.message_to_record(message), "output_config": "low"}
    assert records.message_from_record(odd) == replace(message, effort=None)
    odd["output_config"] = {"effort": 7}
    with pytest.raises(records.DamagedError):
        records.message_from_record(odd)
