"""What was spent, as it is written down, read back and summed up; what may still be spent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.spending import (
    Limit,
    Spending,
    affordable,
    grouped,
    narrowest,
    refusal,
)
from chatrepl.core.talk.usage import Cost, Usage

COUNT = st.integers(0, 10**9)
USAGE = st.builds(Usage, COUNT, COUNT, COUNT, COUNT, COUNT, web_search_requests=COUNT)
USD = st.floats(0, 1e6)
SPENDING = st.builds(
    Spending,
    st.text(),
    st.integers(0, 4 * 10**9).map(float),
    st.text(),
    USAGE,
    st.text(),
    st.none() | st.builds(Cost, USD, USD),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    USD,
    st.booleans(),
)
WHEN = 1_790_000_000.0


def price(model: str, usage: Usage, _when: float) -> Cost | None:
    if model == "nobody":
        return None
    usd = usage.input_tokens + 5 * usage.output_tokens + 100 * usage.web_search_requests
    return Cost(float(usd), 2.0 * usd)


@given(SPENDING)
def test_what_is_written_is_read_back(spending: Spending) -> None:
    assert Spending.from_wire(spending.to_wire()) == spending


@pytest.mark.parametrize(
    "wire",
    [
        None,
        [],
        {},
        {"id": 3, "at": 1, "model": "m"},
        {"id": "a", "at": "soon", "model": "m"},
        {"id": "a", "at": True, "model": "m"},
        {"id": "a", "at": -1, "model": "m"},
        {"id": "a", "at": 1, "model": None},
    ],
)
def test_what_is_no_spending_is_none(wire: object) -> None:
    assert Spending.from_wire(wire) is None


def test_odd_values_of_a_record_say_nothing() -> None:
    wire = {"id": "a", "at": 1, "model": "m", "in": -4, "out": "x", "usd": 1e300, "chat": 7}
    assert Spending.from_wire(wire) == Spending("a", 1.0, "m")
    bare = Spending.from_wire({"id": "a", "at": 1, "model": "m", "usd": 2})
    assert bare is not None
    assert bare.cost == Cost(2.0, 2.0)


def test_a_price_is_that_entered_else_that_of_the_list() -> None:
    usage = Usage(10, 2, web_search_requests=1)
    plain = Spending("a", WHEN, "m", usage)
    assert plain.priced(price) == Cost(120, 240)
    assert Spending("a", WHEN, "m", usage, cost=Cost(3, 4)).priced(price) == Cost(3, 4)
    assert Spending("a", WHEN, "m", usage, batch=True).priced(price) == Cost(60, 120)
    assert Spending("a", WHEN, "m", usage, fast=True).priced(price) == Cost(140, 280)
    assert Spending("a", WHEN, "nobody", usage, fast=True).priced(price) is None


def test_sums_stand_under_what_their_requests_have_in_common() -> None:
    day = 86_400
    spendings = [
        Spending("a", WHEN, "m", Usage(1), "talk"),
        Spending("b", WHEN + 3 * day, "nobody", Usage(2), at_least=True),
        Spending("c", WHEN + 3 * day, "m", Usage(4), "talk"),
        Spending("d", WHEN, "m", held_usd=3, open=True),
    ]
    by_model, total = grouped(spendings, "model", price)
    assert {name: spent.meter.usage.input_tokens for name, spent in by_model.items()} == {
        "m": 5,
        "nobody": 2,
    }
    assert (total.meter.replies, total.meter.unpriced, total.cut) == (3, 1, 1)
    assert total.meter.cost == Cost(5, 10, at_least=True)
    by_chat, _ = grouped(spendings, "conversation", price)
    assert {name: spent.meter.replies for name, spent in by_chat.items()} == {"": 1, "talk": 2}
    by_day, _ = grouped(reversed(spendings), "day", price)
    assert [spent.meter.replies for spent in by_day.values()] == [1, 2]


@given(st.floats(0, 1e4), st.integers(0, 10**6), st.floats(0, 1e3), st.floats(0, 1e-2))
def test_what_is_affordable_fits_and_little_more_would(
    left: float, wanted: int, fixed: float, each: float
) -> None:
    def cost(out: int) -> float:
        return fixed + each * out

    out = affordable(left, wanted, cost)

    assert 0 <= out <= wanted
    assert out == 0 or cost(out) <= left
    if out < wanted and fixed < left:
        assert cost(out + out // 500 + 3) >= left


def test_a_price_that_jumps_is_met_all_the_same() -> None:
    assert affordable(1.0, 1000, lambda out: 0.0 if out < 10 else 3.0) < 10


def test_the_limit_that_leaves_least_is_the_one_that_counts() -> None:
    wide, narrow, gone = Limit("a", 9, 1), Limit("b", 5, 4), Limit("c", 2, 3)
    assert narrowest([wide, narrow]) is narrow
    assert narrowest([wide, narrow, gone]) is gone
    assert gone.left_usd == 0
    assert narrowest([]) is None
    error = refusal(narrow, 1.5)
    assert error.exit_code == 5
    assert "$1.50" in error.message
    assert "b = 5 leaves $1.00" in error.message
    assert "Nothing was sent" in error.hint
