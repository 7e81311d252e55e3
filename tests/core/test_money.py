import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.money import Meter, Rates, turn_cost
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.tokens.estimate import Estimate
from chatrepl.core.words import share_words, tokens_words

RATES = Rates(4, 20, 0.2, 5, 8)
USAGE = Usage(100, 50, 20, 1000)


def test_sums_grow_with_every_reply() -> None:
    meter = Meter().add(USAGE, Cost(0.25, 1)).add(USAGE, Cost(0.5, 1))
    assert meter.usage.output_tokens == 100
    assert meter.cost == Cost(0.75, 2)
    assert meter.replies == 2


def test_what_has_no_price_is_never_nothing() -> None:
    meter = Meter().add(USAGE, None)
    assert meter.money_words() == "price unknown"
    assert meter.known_usd is None


def test_a_sum_that_misses_a_price_says_so() -> None:
    meter = Meter().add(USAGE, None).add(USAGE, Cost(0.25, 0.25))
    assert meter.money_words() == "$0.25 or more, without 1 reply of unknown price"
    assert meter.known_usd == 0.25


def test_savings_and_what_filling_the_cache_cost_are_told() -> None:
    assert Meter().money_words() == "nothing spent yet"
    assert Meter().add(USAGE, Cost(0.2, 0.9)).money_words() == "$0.20, $0.70 saved by the cache"
    filled = Meter().add(USAGE, Cost(0.9, 0.2)).money_words()
    assert filled == "$0.90, $0.70 of it for filling the cache"


def test_what_was_used_is_told_in_a_line() -> None:
    words = Meter().add(USAGE, None).usage_words()
    assert words == "1.1k in (1k cached) · 50 out · 1 reply"


def test_a_limit_is_exceeded_by_what_is_coming() -> None:
    meter = Meter().add(USAGE, Cost(0.9, 1))
    assert meter.exceeds(1, 0.2)
    assert not meter.exceeds(1, 0.05)
    assert not meter.exceeds(0, 100)


def test_a_warm_turn_costs_less_than_a_cold_one() -> None:
    warm = turn_cost(RATES, 50_000, warm=49_000, out=500)
    cold = turn_cost(RATES, 50_000, out=500)
    assert warm.usd == pytest.approx((49_000 * 0.2 + 1000 * 8 + 500 * 20) / 1e6)
    assert cold.usd == pytest.approx((50_000 * 8 + 500 * 20) / 1e6)
    assert warm.uncached_usd == cold.uncached_usd == pytest.approx(0.21)


@given(st.floats(0, 1e6), st.floats(0, 2e6))
def test_without_a_cache_nothing_is_saved_on_fresh_input(tokens: float, out: float) -> None:
    assert turn_cost(RATES, tokens, out=out, ttl=None).saved_usd == pytest.approx(0)


def test_writing_costs_by_its_time() -> None:
    assert (RATES.write("1h"), RATES.write("5m")) == (8, 5)


def test_estimates_carry_their_mark() -> None:
    assert tokens_words(Estimate(12_345)) == "~12k"
    assert tokens_words(Estimate(1234, exact=True)) == "1.2k"


def test_the_share_of_the_budget_is_shown() -> None:
    assert share_words(38_000, 150_000) == "38k/150k 25%"
    assert share_words(10, 0) == "10/0"


def test_what_costs_twice_as_much_does_so_in_all_its_parts() -> None:
    assert RATES.times(2) == Rates(8, 40, 0.4, 10, 16)
    assert Cost(0.5, 1).times(2) == Cost(1, 2)


def test_a_conversation_costs_what_its_receipts_say_as_far_as_they_are_known() -> None:
    talk = Conversation()
    for number, usd in enumerate((0.5, None, 0.25)):
        receipt = Receipt("m", "end_turn", cost_usd=usd, uncached_usd=usd)
        turn = Turn(TurnId(str(number)), talk.head, (Message.user("q"),), receipt)
        talk = talk.add(turn)
    assert Meter.of(talk) == Meter(cost=Cost(0.75, 0.75, at_least=True), replies=3, unpriced=1)
    assert Meter.of(Conversation()) == Meter()
