"""What is refused of a past: left out of it, put together, and written down."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.catalog import OFFICIAL
from chatrepl.core.exchange.refused import (
    Refused,
    from_facts,
    names_of,
    of_server,
    to_facts,
)
from chatrepl.core.talk.blocks import TextBlock, ThinkingBlock, UnknownBlock
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.message import Message

CITED = TextBlock("Yes.", ({"url": "u"},), {"scent": "rain"})
REPLY = Message("assistant", (ThinkingBlock("hm", "s"), CITED, UnknownBlock({"type": "ray"})))
TALK = Conversation()
for name in "ab":
    TALK = TALK.add(Turn(TurnId(name), TALK.head, (Message.user("q"), REPLY)))
IDS = st.sampled_from([TurnId("a"), TurnId("b")])
WORDS = st.frozensets(st.sampled_from(["image", "scent"]))
PLACES = st.tuples(IDS, st.integers(0, 2), st.integers(0, 3))
REFUSED = st.builds(
    Refused, st.frozensets(IDS), st.frozensets(PLACES), st.frozensets(IDS), WORDS, WORDS, WORDS
)


@given(REFUSED)
def test_what_is_written_down_is_read_again(refused: Refused) -> None:
    turns = TALK.turns.keys()
    facts = to_facts(refused, turns, {}, OFFICIAL)
    assert from_facts(facts, OFFICIAL) == refused
    both = to_facts(refused, turns, facts, "http://b")
    assert from_facts(both, OFFICIAL) == refused
    assert from_facts(both, "http://c") == Refused()
    assert from_facts(both, "http://b") == replace(refused, keys=frozenset(), types=frozenset())
    gone = {"containers": sorted(refused.containers)} if refused.containers else {}
    assert to_facts(refused, frozenset(), {}, "http://b") == {"refused": {"http://b": gone}}


@pytest.mark.parametrize(
    "record", [None, [], {"blocks": 3, "turns": "a"}, {"blocks": [3, ["a"], ["a", "b", 1]]}]
)
def test_of_a_damaged_record_nothing_is_refused(record: Any) -> None:
    assert from_facts({"refused": {OFFICIAL: record}}, OFFICIAL) == Refused()
    assert from_facts({"refused": record}, OFFICIAL) == Refused()


def test_what_a_server_takes_of_no_past_has_names() -> None:
    names = names_of(["thinking"], ["citations"])
    kinds = Refused(keys=frozenset({"citations"}), types=frozenset({"thinking"}))
    assert of_server([*names, "cache_control", "thinking"]) == kinds
    assert of_server(["cache_control"]) == Refused()


def test_a_type_and_a_key_are_left_out_of_the_whole_past_and_nothing_else() -> None:
    kinds = Refused(keys=frozenset({"citations"}), types=frozenset({"thinking", "ray"}))
    for turn in kinds.without(TALK).path():
        question, reply = turn.messages
        assert question is TALK.turns[turn.id].messages[0]
        assert reply.content == (TextBlock("Yes.", (), {"scent": "rain"}),)


@given(REFUSED, REFUSED)
def test_two_refusals_together_leave_out_what_each_does(one: Refused, other: Refused) -> None:
    other = replace(other, blocks=frozenset())  # places are those of the whole conversation
    assert (one | other).without(TALK) == other.without(one.without(TALK))
    assert one | Refused() == one
