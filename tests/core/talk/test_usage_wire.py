"""The service's own counts, whole."""

import pytest

from chatrepl.core.exchange.reply import MessageDelta, MessageStart, Reply
from chatrepl.core.talk.usage import Usage, steps_of, summed, updated


def test_newer_counts_take_the_place_of_older_ones_and_null_says_nothing() -> None:
    older = {"input_tokens": 3, "service_tier": "standard", "cache_creation": {"a": 1, "b": 2}}
    newer = {"input_tokens": 4, "service_tier": None, "cache_creation": {"b": 5}, "speed": None}

    assert updated(older, newer) == {
        "input_tokens": 4, "service_tier": "standard", "cache_creation": {"a": 1, "b": 5},
        "speed": None,
    }  # fmt: skip
    assert updated(older, None) == older


def test_counts_of_two_requests_are_added_up() -> None:
    one = {"n": 1, "tools": {"search": 2}, "iterations": [1], "tier": "a", "x": 1, "flag": True}
    two = {"n": 4, "tools": {"search": 3}, "iterations": [2], "tier": "b", "x": None, "new": None}

    assert summed(one, two) == {
        "n": 5, "tools": {"search": 5}, "iterations": [1, 2], "tier": "b", "x": 1, "flag": True,
        "new": None,
    }  # fmt: skip


def test_a_paused_reply_sums_what_its_requests_took() -> None:
    reply = Reply()
    for reason, count in (("pause_turn", 5), ("end_turn", 7)):
        reply = reply.apply(MessageStart("m", "id", {"input_tokens": count, "tier": "x"}))
        reply = reply.apply(MessageDelta(reason, None, {"output_tokens": 1, "tools": {"a": 1}}))

    assert reply.usage_wire == {
        "input_tokens": 12, "tier": "x", "output_tokens": 2, "tools": {"a": 2},
        "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0,
    }  # fmt: skip


STEP = {"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 3}


@pytest.mark.parametrize(
    ("iterations", "steps"),
    [
        ([{**STEP, "model": "a"}, STEP], [("a", Usage(5, 2, 0, 3)), ("", Usage(5, 2, 0, 3))]),
        ([STEP, 3, None], [("", Usage(5, 2, 0, 3))]),
        ([{**STEP, "output_tokens": 1}], []),  # they do not come to the whole
        ([], []),
        ("many", []),
        (None, []),
    ],
)
def test_a_usage_tells_of_its_steps_where_they_come_to_the_whole(
    iterations: object, steps: list[tuple[str, Usage]]
) -> None:
    whole = Usage().merged(STEP)
    assert list(steps_of({**STEP, "iterations": iterations}, whole)) == steps
