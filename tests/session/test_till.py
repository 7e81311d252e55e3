"""The till: what each request took is in the ledger, and no budget is exceeded."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from chatrepl.api.prices import price
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import (
    MessageDelta,
    MessageStart,
    MessageStop,
    Remark,
    Reply,
    RetryWait,
    StreamEvent,
    TextDelta,
)
from chatrepl.core.exchange.request import Request
from chatrepl.core.settings import Settings
from chatrepl.core.spending import BudgetError, Spending
from chatrepl.core.talk.blocks import ImageBlock
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.session.session import Session
from chatrepl.session.till import Till, is_bounded
from chatrepl.storage.accounts import Accounts
from tests.commands.trimmer import WHEN, Trimmer

MODEL = "claude-opus-5-5"
BEGUN = MessageStart(MODEL, usage={"input_tokens": 100, "output_tokens": 1})
ENDED = MessageDelta("end_turn", usage={"output_tokens": 40})
REPLY: tuple[StreamEvent, ...] = (BEGUN, TextDelta("Hello"), ENDED, MessageStop())
TORN = ApiError(ApiErrorKind.STREAM, "It broke off.")


class Desk:
    """A till with a ledger in a folder, and a service that says what it is told to."""

    def __init__(self, folder: Path, *, tokens: int = 100, **settings: Any) -> None:
        session = Trimmer().session
        self.session: Session = session
        session.use(replace(session.settings, max_tokens=1000, **settings))
        session.equip(clock=lambda: WHEN)
        self.accounts = Accounts.of(folder)
        self.till = Till(session, folder, self.count)
        self.tokens, self.counts = tokens, 0
        self.sent: list[Request] = []

    async def count(self, _request: Request) -> int:
        self.counts += 1
        if self.tokens < 0:
            raise ApiError(ApiErrorKind.NOT_FOUND, "no counts")
        return self.tokens

    def ask(
        self, *events: StreamEvent | Exception, leave_at: int = 99, text: str = "Hi"
    ) -> list[StreamEvent]:
        """Send a message, and give the events that came; it is left at one of them."""
        request = self.session.request(Message.user(text))
        return asyncio.run(self._ask(request, events or REPLY, leave_at))

    async def _ask(
        self, request: Request, events: "tuple[StreamEvent | Exception, ...]", leave_at: int
    ) -> list[StreamEvent]:
        async def send(sent: Request) -> AsyncGenerator[StreamEvent, None]:
            self.sent.append(sent)
            for event in events:
                if isinstance(event, Exception):
                    raise event
                yield event

        came: list[StreamEvent] = []
        async with aclosing(self.till.stream(request, send)) as stream:
            async for event in stream:
                came.append(event)
                if len(came) == leave_at:
                    break
        return came

    @property
    def entered(self) -> list[Spending]:
        return list(self.accounts.read())


def usd(tokens: int, out: int) -> float:
    cost = price(MODEL, Usage(0, out, tokens, cache_creation_1h_tokens=tokens), WHEN)
    assert cost is not None
    return cost.usd


def test_a_reply_is_entered_whole_with_its_price_and_conversation(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.session.recorder.id = "20261128-ab12"  # type: ignore[misc]

    assert desk.ask() == list(REPLY)
    (entry,) = desk.entered
    assert (entry.model, entry.usage, entry.when) == (MODEL, Usage(100, 40), WHEN)
    assert (entry.conversation, entry.at_least, entry.open) == ("20261128-ab12", False, False)
    assert entry.cost == price(MODEL, Usage(100, 40), WHEN)


@pytest.mark.parametrize(
    ("asked", "counted", "is_fast"),
    [
        ("", None, False),
        ("fast", None, True),
        ("fast", "standard", False),  # there was no room
        ("fast", "fast", True),
    ],
)
def test_fast_is_what_was_answered_fast(
    tmp_path: Path, asked: str, counted: str | None, is_fast: bool
) -> None:
    desk = Desk(tmp_path, speed=asked)
    usage: dict[str, Any] = {"output_tokens": 40, **({"speed": counted} if counted else {})}
    desk.ask(BEGUN, TextDelta("Hello"), MessageDelta("end_turn", usage=usage), MessageStop())
    assert [entry.fast for entry in desk.entered] == [is_fast]


@pytest.mark.parametrize(
    ("events", "leave_at", "outs"),
    [
        ((BEGUN, TextDelta("Hel"), TORN), 99, [1]),  # torn
        (REPLY, 2, [1]),  # left by Ctrl-C
        (REPLY, 1, [1]),
        ((TORN,), 99, []),  # refused: nothing was counted
        ((MessageStart(MODEL), TextDelta("x"), MessageStop()), 99, []),  # a server without counts
    ],
)
def test_what_was_cut_took_at_least_what_was_counted(
    tmp_path: Path, events: tuple[StreamEvent, ...], leave_at: int, outs: list[int]
) -> None:
    desk = Desk(tmp_path)
    try:
        desk.ask(*events, leave_at=leave_at)
    except ApiError as error:
        assert error is TORN  # noqa: PT017 - of the cases, some only

    assert [entry.usage.output_tokens for entry in desk.entered] == outs
    assert all(entry.at_least and not entry.open for entry in desk.entered)


def test_each_attempt_that_was_counted_is_a_request_of_its_own(tmp_path: Path) -> None:
    desk = Desk(tmp_path, max_cost_usd=1.0)
    waits = (RetryWait("torn", 2, 1, 4), RetryWait("torn", 1, 1, 4))
    desk.ask(BEGUN, *waits, *waits, *REPLY)

    first, second = desk.entered
    assert (first.at_least, first.usage.output_tokens) == (True, 1)
    assert (second.at_least, second.usage.output_tokens) == (False, 40)
    assert first.id != second.id
    assert desk.till.held == {}


def test_nothing_stays_held_of_an_attempt_that_begins_in_another_month(tmp_path: Path) -> None:
    desk = Desk(tmp_path, budget_month_usd=100.0)
    days = count(0, 20)
    desk.session.equip(clock=lambda: WHEN + next(days) * 86_400)
    desk.ask(BEGUN, TextDelta("Hel"), RetryWait("torn", 1, 1, 4), *REPLY)
    assert [entry.open for entry in desk.entered] == [False, False]


def test_while_a_reply_comes_its_counts_are_there_already(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    async def look() -> list[Spending]:
        request = desk.session.request(Message.user("Hi"))

        async def send(_: Request) -> AsyncGenerator[StreamEvent, None]:
            for event in REPLY[:2]:
                yield event
            await asyncio.sleep(0)  # there is more to come
            entered.extend(desk.entered)

        async for _ in desk.till.stream(request, send):
            pass
        return entered

    entered: list[Spending] = []
    (entry,) = asyncio.run(look())
    assert (entry.open, entry.at_least, entry.usage) == (True, True, Usage(100, 1))


def test_a_reply_that_came_at_once_is_written_down_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.ask()
    (file,) = desk.accounts.files()
    assert len(file.read_text().split()) == 1


@pytest.mark.parametrize("is_kept", [True, False])
def test_nothing_is_written_where_saving_is_off(tmp_path: Path, is_kept: bool) -> None:
    desk = Desk(tmp_path, save=is_kept, budget_day_usd=1.0)
    desk.ask()
    assert len(desk.entered) == is_kept
    assert bool(list(tmp_path.iterdir())) == is_kept
    assert desk.till.paid_usd > 0


@pytest.mark.parametrize("key", ["max_cost_usd", "budget_day_usd", "budget_month_usd"])
def test_a_reply_that_may_not_fit_is_made_shorter_and_that_is_said(
    tmp_path: Path, key: str
) -> None:
    bound = usd(100, 600)
    settings: dict[str, Any] = {key: bound}
    desk = Desk(tmp_path, **settings)
    assert is_bounded(desk.session.settings)

    remark = desk.ask()[0]
    assert isinstance(remark, Remark)
    assert "max_tokens is lowered to" in remark.text
    assert key.replace("budget_", "budget.") in remark.text
    out = desk.sent[0].params["max_tokens"]
    assert 595 <= out <= 600
    assert desk.counts == 1


def test_what_surely_fits_asks_for_no_count_and_leaves_the_request_as_it_is(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, budget_day_usd=50.0)
    assert desk.ask() == list(REPLY)
    assert (desk.counts, desk.sent[0].params["max_tokens"]) == (0, 1000)
    assert not is_bounded(Settings())


@pytest.mark.parametrize("tokens", [100, -1, 10**6])
def test_nothing_is_sent_where_not_even_a_short_reply_fits(tmp_path: Path, tokens: int) -> None:
    desk = Desk(tmp_path, tokens=tokens, budget_day_usd=usd(100, 200))
    with pytest.raises(BudgetError, match=r"budget\.day_usd"):
        desk.ask()
    assert (desk.sent, desk.entered, desk.till.held) == ([], [], {})


def test_what_others_spent_or_hold_counts_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path, budget_day_usd=usd(100, 1000) * 1.5)
    desk.ask()
    other = Spending("x", WHEN, MODEL, open=True, held_usd=usd(100, 1000))
    desk.accounts.enter(other)
    remark = desk.ask()[0]
    assert isinstance(remark, Remark)
    desk.accounts.enter(replace(other, open=False, held_usd=0.0))
    assert desk.ask() == list(REPLY)


def test_what_was_held_for_a_refused_request_is_free_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, budget_day_usd=usd(100, 1000) * 1.1)
    for _ in range(3):
        with pytest.raises(ApiError):
            desk.ask(TORN)
    assert desk.ask() == list(REPLY)
    assert [entry.took_anything for entry in desk.entered] == [False, False, False, True]


def test_a_cut_reply_holds_what_the_service_may_have_written_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path, budget_day_usd=50.0)
    desk.ask(leave_at=2)
    (entry,) = desk.entered
    assert entry.cost is not None
    assert entry.cost.usd < entry.held_usd < usd(3000, 1000)


@pytest.mark.parametrize(
    ("came", "seconds", "share"),
    [
        ("", 0.0, 0.1),  # what a count may be off by
        ("Hel", 0.0, 0.1015),
        ("ä" * 100, 0.0, 0.2),  # two bytes of UTF-8 are a token at most
        ("Hel", 1.0, 0.4),  # it may have written on all the time
        ("Hel", 2.5, 0.85),
        ("x" * 600, 0.5, 0.4),
        ("Hel", 3.5, 1.0),
        ("x" * 5000, 0.0, 1.0),
        ("Hel", -9.0, 0.1015),  # the clock was set back
    ],
)
def test_a_cut_reply_holds_what_may_have_been_written_until_it_was_noticed(
    tmp_path: Path, came: str, seconds: float, share: float
) -> None:
    desk = Desk(tmp_path, max_cost_usd=50.0)
    clock, held = [WHEN], list[float]()
    desk.session.equip(clock=lambda: clock[-1])

    def events() -> Iterator[StreamEvent]:
        yield BEGUN
        yield TextDelta(came)
        clock.append(WHEN + seconds)

    asyncio.run(_held(desk, desk.session.request(Message.user("Hi")), held, events()))
    (entry,) = desk.entered
    assert entry.held_usd == pytest.approx(held[0] - (1 - share) * usd(0, 1_000))
    assert desk.till.paid_usd == entry.held_usd


@pytest.mark.parametrize("limit", [0, -1, True, None])
def test_a_cut_reply_that_nothing_bounds_holds_the_whole(tmp_path: Path, limit: object) -> None:
    desk = Desk(tmp_path, max_cost_usd=5_000.0)
    request = desk.session.request(Message.user("Hi"))
    request = replace(request, params={**request.params, "max_tokens": limit})
    held: list[float] = []
    asyncio.run(_held(desk, request, held, (BEGUN, TextDelta("Hel"))))
    assert [entry.held_usd for entry in desk.entered] == held


@pytest.mark.parametrize(("named", "entered"), [("claude-opus-5", "claude-opus-5"), ("", MODEL)])
def test_it_is_entered_under_the_model_that_answered(
    tmp_path: Path, named: str, entered: str
) -> None:
    desk = Desk(tmp_path)
    desk.ask(MessageStart(named, usage={"input_tokens": 9, "output_tokens": 1}), *REPLY[1:])
    assert [entry.model for entry in desk.entered] == [entered]


def test_a_reply_that_is_begun_again_is_as_long_as_it_was_or_does_not_come(tmp_path: Path) -> None:
    desk = Desk(tmp_path, max_cost_usd=usd(100, 1_000) * 1.2)
    with pytest.raises(BudgetError, match="max_cost_usd"):
        desk.ask(BEGUN, TextDelta("x" * 5_000), RetryWait("torn", 1, 1, 4), *REPLY)
    assert [entry.at_least for entry in desk.entered] == [True]
    assert desk.till.held == {}


def test_a_batch_is_held_only_where_something_is_bounded(tmp_path: Path) -> None:
    free, bound = Desk(tmp_path / "free"), Desk(tmp_path / "bound", max_cost_usd=50.0)
    request = free.session.request(Message.user("Hi"))
    assert free.till.worst_usd(request) is None
    worst = bound.till.worst_usd(request)
    assert worst is not None
    for desk in (free, bound):
        assert desk.till.hold_all("batch", worst) is (desk is bound)
        desk.till.let_go("batch")
        assert len(desk.entered) == (desk is bound)


@pytest.mark.parametrize(("named", "entered"), [("claude-opus-5", "claude-opus-5"), ("", MODEL)])
def test_a_reply_of_a_batch_is_entered_once_at_half_its_price(
    tmp_path: Path, named: str, entered: str
) -> None:
    desk = Desk(tmp_path)
    request = desk.session.request(Message.user("Hi"))
    usage = {"input_tokens": 100, "output_tokens": 40, "service_tier": "batch"}
    reply = Reply().apply(MessageStart(named, usage=usage))
    for name in ("batch:1", "batch:1", "batch:2"):
        desk.till.enter_batched(name, request, reply)
        desk.till.enter_batched("none", request, Reply())  # which the service did not count
    assert [entry.id for entry in desk.entered] == ["batch:1", "batch:2"]
    cost = price(MODEL, Usage(100, 40), WHEN)
    assert cost is not None
    for entry in desk.entered:
        assert (entry.model, entry.batch, entry.usage) == (entered, True, Usage(100, 40))
        assert entry.cost == cost.times(0.5)


def test_an_unknown_price_is_said_once_and_sent_all_the_same(tmp_path: Path) -> None:
    desk = Desk(tmp_path, model="claude-nobody-1", budget_day_usd=0.01)
    first = desk.ask()[0]
    assert isinstance(first, Remark)
    assert "not known" in first.text
    assert desk.ask() == list(REPLY)
    assert len(desk.sent) == 2


def test_files_are_counted_by_the_service(tmp_path: Path) -> None:
    desk = Desk(tmp_path, budget_day_usd=50.0)
    image = ImageBlock({"type": "base64", "media_type": "image/png", "data": "aGk="})
    request = desk.session.request(Message.user("Hi", image))
    asyncio.run(desk._ask(request, REPLY, 99))
    assert desk.counts == 1


def test_without_a_ledger_that_can_be_written_no_budget_is_kept_and_nothing_sent(
    tmp_path: Path,
) -> None:
    (tmp_path / "ledger").write_text("")
    desk = Desk(tmp_path, budget_day_usd=50.0)
    with pytest.raises(BudgetError, match="cannot be written"):
        desk.ask()
    desk.till.state = None
    with pytest.raises(BudgetError, match="cannot be written"):
        desk.ask()
    desk.session.use(save=False)
    assert desk.ask() == list(REPLY)


def test_who_agreed_to_pay_more_in_a_chat_is_not_held_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path, max_cost_usd=0.000001)
    with pytest.raises(BudgetError):
        desk.ask()
    desk.session.account(agreed_usd=1.0)
    assert desk.ask() == list(REPLY)


@pytest.mark.parametrize(
    "change",
    [
        lambda params: {**params, "fallbacks": [{"model": "claude-opus-5"}]},
        lambda params: {**params, "tools": [{"type": "web_search_20260318", "max_uses": 3}]},
        lambda params: {**params, "tools": [{"type": "code_execution_20260521"}]},
        lambda params: {**params, "tools": [{"type": "mcp_toolset"}]},
        lambda params: {**params, "speed": "fast"},
    ],
)
def test_what_may_make_a_request_dearer_is_held_too(
    tmp_path: Path, change: Callable[[dict[str, object]], dict[str, object]]
) -> None:
    desk = Desk(tmp_path, budget_day_usd=500.0)
    request = desk.session.request(Message.user("Hi"))
    held: list[float] = []
    for one in (request, replace(request, params=change(dict(request.params)))):
        asyncio.run(_held(desk, one, held))
    assert held[1] > 1.5 * held[0]


async def _held(
    desk: Desk, request: Request, held: list[float], events: Iterable[StreamEvent] = REPLY
) -> None:
    async def send(_: Request) -> AsyncGenerator[StreamEvent, None]:
        held.extend(desk.till.held.values())
        for event in events:
            yield event

    async for _ in desk.till.stream(request, send):
        pass


def test_one_waits_for_what_another_of_the_same_process_holds(tmp_path: Path) -> None:
    desk = Desk(tmp_path, budget_day_usd=usd(100, 1000) * 1.2)
    request = desk.session.request(Message.user("Hi"))
    under_way: list[int] = []

    async def send(sent: Request) -> AsyncGenerator[StreamEvent, None]:
        desk.sent.append(sent)
        under_way.append(len(desk.till.held))
        for event in REPLY:
            await asyncio.sleep(0)
            yield event

    async def ask() -> None:
        async for _ in desk.till.stream(request, send):
            pass

    async def both() -> None:
        await asyncio.gather(ask(), ask())

    asyncio.run(both())
    assert [one.params["max_tokens"] for one in desk.sent] == [1000, 1000]
    assert under_way == [1, 1]
    assert len(desk.entered) == 2
