"""What is in the cache is read again before it expires, where that is expected to pay."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chatrepl.api.prices import SteadyPrices
from chatrepl.core.exchange.plan import plan_beside
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.keep_warm import MOST_IN_A_ROW, Absences
from chatrepl.core.settings import Settings
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.session.warming import Warming, enter, is_kept, is_worth_it, next_warming, priced
from tests.session.cache_model import MODEL, Talk, question
from tests.session.idle_patterns import KINDS, WHEN, Bill, User

_PRICES = SteadyPrices()
_REWRITE_USD = 0.031  # of the past that each of these chats begins with


def waiting(turns: int = 2, model: str = MODEL, **settings: Any) -> Talk:
    """A chat that waits at its prompt."""
    edges = {"price": lambda model, usage, _: _PRICES.price(model, usage, WHEN)}
    chosen = Settings(model=model, cache_keep_warm="auto", **settings)
    talk = Talk(chosen, WHEN, edges)
    for _ in range(turns):
        talk.say(question(random.Random(1), 2000))
    return talk


def planned(talk: Talk) -> Warming:
    warming = next_warming(talk.session)
    assert warming is not None
    return warming


@pytest.mark.parametrize("ttl", ["1h", "5m"])
def test_over_a_hundred_patterns_it_costs_less_than_half_of_what_it_avoids(ttl: str) -> None:
    total = Bill()
    for kind in KINDS.values():
        for seed in range(100 // len(KINDS)):
            settings = Settings(model=MODEL, cache_keep_warm="auto", cache_ttl=ttl)
            bill = User(settings).live(kind(random.Random(seed)))
            assert bill.cost - bill.avoided < _REWRITE_USD / 2, (kind, seed)
            assert bill.told == pytest.approx(bill.avoided, abs=1e-6)
            total += bill
    assert total.reads > 100
    assert total.cost < total.avoided / 2


def test_the_request_is_the_next_turns_as_far_as_that_is_in_the_cache() -> None:
    talk = waiting()
    request = planned(talk).plan.request
    after = plan_beside(talk.session.situation, Message.user("And?"), talk.session.model).request
    count = len(request.messages)
    assert count == 3
    assert [m.encoded for m in request.messages] == [m.encoded for m in after.messages[:count]]
    assert request.params == {**after.params, "max_tokens": 0}
    assert (request.streams, request.warms, request.prefill) == (False, True, None)
    usage = talk.bill(request)
    assert usage.cache_read_input_tokens == planned(talk).left.tokens
    assert usage.total_input_tokens == usage.cache_read_input_tokens


def test_it_is_read_so_often_in_a_row_and_no_more_until_somebody_comes() -> None:
    talk = waiting()
    for count in range(MOST_IN_A_ROW):
        talk.now = planned(talk).at
        assert talk.read_again() is not None
        kept = talk.session.books.kept
        assert kept is not None
        assert kept.in_a_row == count + 1
        assert talk.warmth.minutes_left(talk.now) == 60
    assert talk.read_again() is None
    assert is_kept(talk.session)
    talk.say(Message.user("back"))
    assert not is_kept(talk.session)
    assert talk.read_again() is not None


def test_reads_are_paid_for_and_are_no_replies() -> None:
    talk = waiting()
    before = talk.session.books.meter
    warming = planned(talk)
    usage = talk.bill(warming.plan.request)
    reply = Reply(usage=usage, usage_known=True)
    cost = talk.session.pay_aside(warming.plan.request, reply, talk.session.recorder)
    after = talk.session.books.meter
    assert cost is not None
    assert after.cost.usd == before.cost.usd + cost.usd
    assert after.cost.saved_usd == pytest.approx(before.cost.saved_usd - cost.usd)
    assert after.replies == before.replies
    again = priced(talk.session, warming)
    assert again is not None
    assert again.usd == pytest.approx(cost.usd)


def _undone(talk: Talk) -> None:
    talk.session.undo()
    talk.session.undo()


@pytest.mark.parametrize(
    "change",
    [
        lambda talk: talk.session.use(cache_keep_warm="off"),
        lambda talk: talk.session.use(save=False),
        lambda talk: talk.session.use(model="claude-haiku-5-5"),
        lambda talk: talk.session.use(extra_body={"output_config": {"effort": "high"}}),
        lambda talk: talk.session.use(cache_enabled=False),
        lambda talk: talk.session.equip(guide="the demo's"),
        lambda talk: setattr(talk, "now", talk.now + 3601),
        _undone,
    ],
)
def test_nothing_is_read_again_where_that_is_not_wanted_or_of_no_use(
    change: Callable[[Talk], object],
) -> None:
    talk = waiting()
    assert next_warming(talk.session) is not None
    change(talk)
    assert next_warming(talk.session) is None


@pytest.mark.parametrize("budget", [None, 2048])
def test_nothing_is_read_where_the_model_would_have_to_think_for_it(budget: int | None) -> None:
    talk = waiting(model="claude-opus-4-5", thinking="on", thinking_budget=budget)
    assert talk.warmth.state == "warm"
    assert next_warming(talk.session) is None
    thoughtless = waiting(model="claude-opus-4-5", turns=4)
    assert next_warming(thoughtless.session) is not None


def test_what_has_no_price_or_may_not_be_spent_is_not_read_again() -> None:
    talk = waiting()
    warming = planned(talk)
    assert priced(talk.session, warming) is not None
    talk.session.use(max_cost_usd=talk.session.books.meter.cost.usd)
    assert priced(talk.session, warming) is None
    talk.session.account(agreed_usd=1.0)
    assert priced(talk.session, warming) is not None
    talk.session.equip(price=lambda _model, _usage, _when: None)
    assert priced(talk.session, warming) is None


def test_who_never_comes_back_is_not_waited_for_and_who_always_does_is() -> None:
    talk = waiting()
    warming = planned(talk)
    again = priced(talk.session, warming)
    assert again is not None
    talk.now = warming.at
    worth = {
        name: is_worth_it(talk.session, warming, again, absences)
        for name, absences in {
            "nobody": Absences(),
            "leaver": Absences(lasting=(1e5,) * 40),
            "lunch": Absences(ended=(4500.0,) * 4, lasting=(1e5,) * 40),
        }.items()
    }
    assert worth == {"nobody": True, "leaver": False, "lunch": True}


def test_a_cache_that_was_gone_all_the_same_is_told_apart() -> None:
    talk = waiting()
    warming = planned(talk)
    again = priced(talk.session, warming)
    assert again is not None
    missed = Reply(usage=Usage(0, 0, 5000, 0, 5000), usage_known=True)
    assert not enter(talk.session, warming, again, talk.now, missed)
    kept = talk.session.books.kept
    assert kept is not None
    assert kept.usd > again.usd * 10
    unpriced = replace(talk.session.edges, price=lambda _model, _usage, _when: None)
    talk.session.edges = unpriced
    assert not enter(talk.session, warming, again, talk.now, missed)


def test_what_is_said_elsewhere_ends_a_row() -> None:
    talk = waiting()
    talk.read_again()
    other = Talk(talk.settings, WHEN).session
    talk.session.open(other.conversation, other.recorder)
    kept = talk.session.books.kept
    assert kept is not None
    assert (kept.times, kept.in_a_row) == (1, 0)
