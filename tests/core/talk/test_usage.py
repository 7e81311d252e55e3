from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.foreign_json import MOST_COUNT
from chatrepl.core.talk.usage import Cost, Usage

_COUNT = st.integers(0, 10**6)
_USAGE = st.builds(Usage, *([_COUNT] * 7))
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2),
)


@given(_USAGE, _USAGE)
def test_sums_are_counted_field_by_field(one: Usage, other: Usage) -> None:
    both = one + other
    assert both.total_input_tokens == one.total_input_tokens + other.total_input_tokens
    assert both.thinking_tokens == one.thinking_tokens + other.thinking_tokens
    assert one + Usage() == one


@given(_USAGE, st.dictionaries(st.sampled_from([*Usage().to_wire(), "cache_creation"]), _ANYTHING))
def test_odd_counts_are_passed_over(usage: Usage, wire: dict[str, Any]) -> None:
    merged = usage.merged(wire)
    for key, kept in usage.to_wire().items():
        value = wire.get(key)
        good = type(value) is int and 0 <= value <= MOST_COUNT
        assert merged.to_wire()[key] == (value if good else kept)


@given(_USAGE)
def test_nothing_new_changes_nothing(usage: Usage) -> None:
    assert usage.merged(None) == usage
    assert usage.merged({}) == usage


def test_details_are_read_where_they_stand() -> None:
    wire = {
        "input_tokens": 1,
        "cache_creation": {"ephemeral_1h_input_tokens": 2},
        "output_tokens_details": {"thinking_tokens": 3},
        "server_tool_use": {"web_search_requests": 4},
    }
    assert Usage().merged(wire) == Usage(1, 0, 0, 0, 2, 3, 4)


def test_costs_add_up_and_tell_what_the_cache_saved() -> None:
    total = Cost(1.0, 3.0) + Cost(0.5, 1.0)
    assert (total.usd, total.uncached_usd, total.saved_usd) == (1.5, 4.0, 2.5)
