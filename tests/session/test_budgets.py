"""Budgets: what a request may come to at most, and what of that is let go out."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.request import Request
from chatrepl.core.settings import Settings
from chatrepl.core.spending import BudgetError, Spending
from chatrepl.core.talk.blocks import ImageBlock
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.words import dollars
from chatrepl.core.world import Edges
from chatrepl.session.books import Reserved
from chatrepl.session.budgets import hold, hold_all, limits, shortage, worst_usd
from chatrepl.session.session import Session
from chatrepl.session.till import Till
from chatrepl.storage.accounts import Accounts

WHEN = 1_790_000_000.0
DAY_S = 86_400
MODEL, DEAR, NOBODY = "claude-opus-4-8", "claude-opus-5", "nobody"
IN, OUT, WRITE, WRITE_1H, SEARCH = 1e-6, 5e-6, 1.25e-6, 2e-6, 1e-2
COUNTED = 1_000
PICTURE = Message.user("Hi", ImageBlock({"type": "base64", "media_type": "i", "data": "aGk="}))


def price(model: str, usage: Usage, _when: float) -> Cost | None:
    """Price as nobody does, but by figures that are easy to follow."""
    written = usage.cache_creation_input_tokens - usage.cache_creation_1h_tokens
    usd = (
        usage.input_tokens * IN
        + usage.output_tokens * OUT
        + written * WRITE
        + usage.cache_creation_1h_tokens * WRITE_1H
        + usage.web_search_requests * SEARCH
    )
    if model == NOBODY:
        return None
    return Cost(usd * (10 if model == DEAR else 1))


def till_of(folder: Path | None = None, *, is_counted: bool = True, **settings: Any) -> Till:
    async def count(_request: Request) -> int:
        if is_counted:
            return COUNTED
        raise ApiError(ApiErrorKind.NOT_FOUND, "no counts")

    edges = Edges(lambda: WHEN, lambda: "id", price, count=len)
    return Till(Session(Settings(**settings), edges), folder, count)


def request(*messages: Message, out: int = 1_000, **params: Any) -> Request:
    return Request({"model": MODEL, "max_tokens": out, **params}, messages or (PICTURE,))


def held(till: Till, asked: Request, *, again: bool = False) -> Reserved:
    return asyncio.run(hold(till, asked, "id", again=again))


def uses(count: int, kind: str = "web_search_20260318") -> dict[str, Any]:
    return {"type": kind, "name": f"{kind}-{count}", "max_uses": count}


def paid(id_: str, usd: float, when: float = WHEN) -> Spending:
    return Spending(id_, when, MODEL, Usage(1), cost=Cost(usd))


def under_way(id_: str, usd: float) -> Spending:
    return Spending(id_, WHEN, MODEL, open=True, held_usd=usd)


TALK = COUNTED * IN, 1_000 * OUT


@pytest.mark.parametrize(
    ("params", "in_usd", "out_usd"),
    [
        ({}, *TALK),
        ({"cache_control": {"type": "ephemeral"}}, COUNTED * WRITE, 1_000 * OUT),
        ({"cache_control": {"type": "ephemeral", "ttl": "1h"}}, COUNTED * WRITE_1H, 1_000 * OUT),
        ({"system": [{"cache_control": {"type": "ephemeral"}}]}, COUNTED * WRITE, 1_000 * OUT),
        ({"fallbacks": [{"model": DEAR}]}, 11 * COUNTED * IN, 11 * 1_000 * OUT),
        ({"fallbacks": [{}, {"model": MODEL}]}, 2 * COUNTED * IN, 2 * 1_000 * OUT),
        ({"tools": [uses(1)]}, (2 * COUNTED + 10_000) * IN + SEARCH, 1_000 * OUT),
        ({"tools": [uses(3)]}, (4 * COUNTED + 60_000) * IN + 3 * SEARCH, 1_000 * OUT),
        (
            {"tools": [uses(2), uses(1, "web_fetch_20260318")]},
            (4 * COUNTED + 60_000) * IN + 3 * SEARCH,
            1_000 * OUT,
        ),
        ({"tools": [{"name": "own", "input_schema": {}}]}, *TALK),
        (
            {"tools": [{"type": "code_execution_20260521", "name": "code_execution"}]},
            (11 * COUNTED + 550_000) * IN,
            1_000 * OUT,
        ),
        (
            {"tools": [{"type": "mcp_toolset", "mcp_server_name": "x"}, uses(1)]},
            (12 * COUNTED + 660_000) * IN + SEARCH,
            1_000 * OUT,
        ),
        (
            {"speed": "fast", "tools": [uses(1)]},
            2 * (2 * COUNTED + 10_000) * IN + SEARCH,
            2 * 1_000 * OUT,
        ),
    ],
)
def test_the_worst_of_a_request_is_all_new_all_out_and_read_again_for_each_use(
    params: dict[str, Any], in_usd: float, out_usd: float
) -> None:
    reserved = held(till_of(max_cost_usd=1_000.0), request(**params))
    assert reserved.usd == pytest.approx(in_usd + out_usd)
    assert reserved.out_usd == pytest.approx(out_usd)


@pytest.mark.parametrize(
    "limit", [{}, {"max_tokens": True}, {"max_tokens": "9"}, {"max_tokens": 0}, {"max_tokens": -1}]
)
def test_a_request_without_a_limit_may_take_all_that_the_model_gives(limit: dict[str, Any]) -> None:
    till = till_of(max_cost_usd=1_000.0)
    most = till.session.service.model(MODEL).max_output
    assert most
    params = {"model": MODEL, **limit}
    assert held(till, Request(params, (PICTURE,))).out_usd == pytest.approx(most * OUT)


def test_texts_alone_are_held_by_their_bytes_and_all_else_is_counted() -> None:
    text = request(Message.user("ä" * 500))
    till = till_of(max_cost_usd=1_000.0, is_counted=False)
    assert held(till, text).usd == pytest.approx((len(text.encode()) + 2_000) * IN + 1_000 * OUT)


@pytest.mark.parametrize(
    ("params", "added"), [({}, 50), ({"output_config": {"format": {}}}, 2_000)]
)
def test_what_nobody_counts_is_estimated_with_a_margin(params: dict[str, Any], added: int) -> None:
    till = till_of(max_cost_usd=1_000.0, is_counted=False)
    picture = request(**params)
    model = till.session.service.model(MODEL)
    tokens = till.session.ledger.request(picture, model).tokens
    assert held(till, picture).usd == pytest.approx((int(tokens * 1.3) + added) * IN + 1_000 * OUT)


@pytest.mark.parametrize(
    ("params", "least"),
    [
        ({}, 256),
        ({"thinking": {"type": "adaptive"}}, 256),
        ({"thinking": {"type": "enabled", "budget_tokens": 512}}, 768),
        ({"thinking": None}, 256),
        ({"max_tokens": 100}, 100),
    ],
)
def test_a_reply_is_made_shorter_as_far_as_it_is_of_use_and_no_further(
    params: dict[str, Any], least: int
) -> None:
    asked = request(**params)
    enough = till_of(max_cost_usd=COUNTED * IN + (least + 0.5) * OUT)
    assert held(enough, asked).request.params["max_tokens"] == least
    with pytest.raises(BudgetError, match="Even a short reply") as told:
        held(till_of(max_cost_usd=COUNTED * IN + (least - 0.5) * OUT), asked)
    assert dollars(COUNTED * IN + least * OUT) in told.value.message
    assert "max_tokens" not in told.value.hint


def test_what_is_sent_again_is_not_made_shorter_but_refused() -> None:
    till = till_of(max_cost_usd=COUNTED * IN + 999.5 * OUT)
    with pytest.raises(BudgetError, match="This may cost"):
        held(till, request(), again=True)
    assert held(till, request()).words == (
        "max_tokens is lowered to 999: max_cost_usd leaves $0.0060.",
    )


@given(st.floats(0, 0.02), st.integers(1, 3_000))
def test_whatever_is_left_what_goes_out_costs_no_more(left_usd: float, out: int) -> None:
    till = till_of(max_cost_usd=max(left_usd, 1e-9))
    try:
        reserved = held(till, request(out=out))
    except BudgetError:
        assert COUNTED * IN + min(out, 256) * OUT > left_usd - 1e-6
    else:
        allowed = reserved.request.params["max_tokens"]
        assert reserved.usd == pytest.approx(COUNTED * IN + allowed * OUT)
        assert reserved.usd <= left_usd
        assert allowed <= out
        assert till.held == {"id": reserved.usd}


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**30) | st.floats(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["name", "type", "model", "max_uses", "budget_tokens", "ttl"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=4,
)
_READ = ("max_tokens", "tools", "fallbacks", "thinking", "cache_control", "speed")


@given(st.dictionaries(st.sampled_from(_READ), _ODD | st.lists(_ODD, max_size=2), min_size=1))
def test_whatever_extra_body_puts_into_a_request_is_priced_or_refused(odd: dict[str, Any]) -> None:
    for most_usd in (0.003, 1_000.0):
        till = till_of(max_cost_usd=most_usd)
        try:
            assert 0 < held(till, request(**odd)).usd <= most_usd
        except BudgetError:
            assert till.held == {}


@pytest.mark.parametrize(
    ("entries", "gone"),
    [
        ([], 0.0),
        ([paid("a", 0.25)], 0.25),
        ([under_way("a", 0.5)], 0.5),
        ([under_way("a", 0.5), paid("a", 0.25)], 0.25),
        ([under_way("a", 0.5), under_way("b", 0.125), paid("c", 0.25)], 0.875),
        ([under_way("a", 0.5), replace(paid("c", 0.25), at_least=True, held_usd=1.0)], 1.5),
    ],
)
@pytest.mark.parametrize("place", ["saved", "unsaved", "nowhere"])
def test_each_bound_counts_what_is_paid_and_what_is_held(
    tmp_path: Path, entries: list[Spending], gone: float, place: str
) -> None:
    till = till_of(
        None if place == "nowhere" else tmp_path, save=place == "saved",
        max_cost_usd=3.0, budget_day_usd=4.0, budget_month_usd=5.0,
    )  # fmt: skip
    for entry in entries:
        assert till.enter(entry)
    bounds = list(limits(till))
    assert [(bound.key, bound.most_usd) for bound in bounds] == [
        ("max_cost_usd", 3.0), ("budget.day_usd", 4.0), ("budget.month_usd", 5.0),
    ]  # fmt: skip
    assert [bound.gone_usd for bound in bounds] == pytest.approx([gone] * 3)


def test_the_month_counts_all_of_its_days_and_the_day_its_own(tmp_path: Path) -> None:
    till = till_of(tmp_path, budget_day_usd=4.0, budget_month_usd=5.0)
    others = Accounts.of(tmp_path)
    for days, usd in ((0, 0.25), (1, 0.5), (40, 1.0)):
        others.enter(paid(f"{days}", usd, WHEN - days * DAY_S))
    assert [(bound.key, bound.gone_usd) for bound in limits(till)] == [
        ("budget.day_usd", 0.25), ("budget.month_usd", 0.75),
    ]  # fmt: skip


def test_a_batch_is_held_at_half_the_worst_and_what_has_no_price_is_not_counted() -> None:
    till = till_of(is_counted=False)
    asked = request()
    most = held(till_of(max_cost_usd=1_000.0, is_counted=False), asked).usd
    assert worst_usd(till, asked) == pytest.approx(most / 2)
    unknown = replace(asked, params={**asked.params, "model": NOBODY})
    assert worst_usd(till, unknown) is None


@pytest.mark.parametrize(
    ("usd", "bounds", "outcome"),
    [
        (9.0, {}, False),
        (0.5, {"max_cost_usd": 1.0}, True),
        (1.0 - 1e-9, {"max_cost_usd": 1.0}, True),
        (1.0001, {"max_cost_usd": 1.0}, None),
        (1.5, {"max_cost_usd": 2.0, "budget_day_usd": 1.0}, None),
    ],
)
def test_a_batch_is_held_whole_or_not_sent(
    tmp_path: Path, usd: float, bounds: dict[str, Any], outcome: bool | None
) -> None:
    till = till_of(tmp_path, **bounds)
    if outcome is None:
        with pytest.raises(BudgetError):
            hold_all(till, usd, "batch")
    else:
        assert hold_all(till, usd, "batch") is outcome
    entry = Spending(
        "batch", WHEN, till.session.settings.model, open=True, batch=True, held_usd=usd
    )
    assert list(Accounts.of(tmp_path).read()) == ([entry] if outcome else [])
    assert till.held == ({"batch": usd} if outcome else {})


def test_what_is_held_for_a_batch_goes_over_to_its_id_and_is_let_go_whole(tmp_path: Path) -> None:
    till = till_of(tmp_path, max_cost_usd=1.0)
    till.rename("nothing", "id")
    assert (till.held, list(Accounts.of(tmp_path).read())) == ({}, [])
    hold_all(till, 0.75, "mark")
    till.rename("mark", "id")
    assert till.held == {"id": 0.75}
    (entry,) = (one for one in Accounts.of(tmp_path).read() if one.open)
    assert (entry.id, entry.batch, entry.held_usd) == ("id", True, 0.75)
    till.let_go("id")
    assert (till.held, till.paid_usd) == ({}, 0.0)
    assert [entry.held_usd for entry in Accounts.of(tmp_path).read()] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("usd", "words"),
    [
        (0.5, ""),
        (1.0 - 1e-9, ""),
        (2.0, "max_cost_usd leaves $1.00: max_tokens would be lowered, or nothing sent."),
    ],
)
def test_a_shortage_is_said_before_anything_is_sent(usd: float, words: str) -> None:
    assert shortage(till_of(max_cost_usd=1.0), usd) == words
    assert not shortage(till_of(), usd)
