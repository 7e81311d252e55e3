"""What may be spent: the worst that a request can come to must fit into every budget.

It is held in the ledger until the reply is there, so that several processes at once stay within
one budget. What a process that was killed had held stays held: the service may bill it.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.request import Request
from chatrepl.core.money import BATCH_FACTOR
from chatrepl.core.spending import (
    BudgetError,
    Limit,
    Spending,
    affordable,
    narrowest,
    refusal,
)
from chatrepl.core.words import dollars
from chatrepl.session.books import Reserved
from chatrepl.session.worst_case import WorstCase
from chatrepl.storage.accounts import Accounts, Running

if TYPE_CHECKING:
    from chatrepl.session.till import Till

_UNWRITTEN: Final = "The ledger cannot be written, so nobody can keep to {key}."


async def hold(till: "Till", request: Request, id_: str, *, again: bool) -> Reserved:
    """Hold the worst that a request may cost; its `max_tokens` are lowered where that helps.

    Raises BudgetError where it does not fit. What has no price is not counted, and said.
    """
    worst = WorstCase(till.session, request)
    if worst.price(0, 0) is None:
        words = f"The price of {request.model} is not known, so no budget counts it."
        return Reserved(request, id_, words=(words,) if till.session.announce(words) else ())
    roughly = worst.rough_input
    if roughly is not None:
        with _alone(till) as is_alone:
            held = _held(till, worst, id_, roughly, is_alone, whole=True)
        if isinstance(held, Reserved):
            return held
    exact = await _count(till, request)
    while True:
        is_last = not till.held  # what others of this process hold may be free in a moment
        with _alone(till) as is_alone:
            held = _held(till, worst, id_, exact, is_alone, whole=again or not is_last)
        if isinstance(held, Reserved):
            return held
        if is_last:
            out = worst.wanted if again else worst.least  # it was lowered as far as it helps
            raise refusal(held, worst.usd(exact, out), shortest=not again)
        await till.released()


def worst_usd(till: "Till", request: Request) -> float | None:
    """Give the worst that a request may cost in a batch; None where nobody knows its price."""
    usd = WorstCase(till.session, request).most_usd()
    return None if usd is None else usd * BATCH_FACTOR


def hold_all(till: "Till", usd: float, name: str) -> bool:
    """Hold what a batch may cost, where that is bounded; tell whether anything is held.

    Raises BudgetError where it does not fit.
    """
    with _alone(till) as is_alone:
        limit = narrowest(limits(till))
        if limit is None:
            return False
        if usd > limit.left_usd:
            raise refusal(limit, usd)
        now, model = till.session.edges.clock(), till.session.settings.model
        spending = Spending(name, now, model, open=True, batch=True, held_usd=usd)
        _enter(till, spending, limit, is_alone=is_alone)
    return True


def shortage(till: "Till", usd: float) -> str:
    """Say which budget has no room for so much; nothing where all have."""
    limit = narrowest(limits(till))
    if limit is None or usd <= limit.left_usd:
        return ""
    left = dollars(limit.left_usd)
    return f"{limit.key} leaves {left}: max_tokens would be lowered, or nothing sent."


def limits(till: "Till") -> Iterator[Limit]:
    """Give the bounds that are set, and what is gone of each."""
    session, settings = till.session, till.session.settings
    agreed = session.interactive and session.books.agreed_usd > 0  # a chat asks again by itself
    if settings.max_cost_usd and not agreed:
        gone = till.paid_usd + sum(till.held.values())
        yield Limit("max_cost_usd", settings.max_cost_usd, gone)
    if not (settings.budget_day_usd or settings.budget_month_usd):
        return
    today = datetime.fromtimestamp(session.edges.clock()).astimezone().date()
    for key, most, first in (
        ("budget.day_usd", settings.budget_day_usd, today),
        ("budget.month_usd", settings.budget_month_usd, today.replace(day=1)),
    ):
        if most:
            own = 0.0 if settings.save else till.paid_usd + sum(till.held.values())
            yield Limit(key, most, own + (_running(till).since(first) if till.state else 0.0))


def _running(till: "Till") -> Running:
    if till.running is None:
        accounts = till.accounts
        assert accounts is not None  # noqa: S101 - asked only where there is a folder
        till.running = Running(accounts, till.session.edges.price)
    return till.running


def _alone(till: "Till") -> AbstractContextManager[bool]:
    accounts: Accounts | None = till.accounts
    settings = till.session.settings
    if not (settings.budget_day_usd or settings.budget_month_usd) or not settings.save:
        return nullcontext(True)
    return nullcontext(False) if accounts is None else accounts.alone()


def _held(
    till: "Till", worst: WorstCase, id_: str, tokens: int, is_alone: bool, *, whole: bool
) -> Reserved | Limit:
    """Hold what `tokens` of input and the longest reply that fits come to.

    Gives the limit where none fits.
    """
    limit = narrowest(limits(till))
    if limit is None:
        return Reserved(worst.request, id_)
    wanted = worst.wanted
    out = affordable(limit.left_usd, wanted, lambda out: worst.usd(tokens, out))
    usd = worst.usd(tokens, out)
    if out < (wanted if whole else worst.least) or usd > limit.left_usd:
        return limit
    spending = Spending(
        id_,
        till.session.edges.clock(),
        worst.request.model,
        conversation=till.session.recorder.id or "",
        open=True,
        held_usd=usd,
    )
    _enter(till, spending, limit, is_alone=is_alone)
    held = Reserved(worst.request, id_, usd, usd - worst.usd(tokens, 0))
    if out == wanted:
        return held
    lowered = replace(worst.request, params={**worst.request.params, "max_tokens": out})
    words = f"max_tokens is lowered to {out:,}: {limit.key} leaves {dollars(limit.left_usd)}."
    return replace(held, request=lowered, words=(words,))


def _enter(till: "Till", spending: Spending, limit: Limit, *, is_alone: bool) -> None:
    if is_alone and till.enter(spending):
        return
    till.held.pop(spending.id, None)
    raise BudgetError(
        _UNWRITTEN.format(key=limit.key),
        f"Nothing was sent. --set {limit.key}=0 sends without a budget.",
    )


async def _count(till: "Till", request: Request) -> int:
    """Have the service count the input; where it cannot, count it with some margin."""
    try:
        return await till.count(request)
    except ApiError:
        return WorstCase(till.session, request).estimate()
