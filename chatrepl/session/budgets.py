"""What may be spent: the worst that a request can come to must fit into every budget.

It is held in the ledger until the reply is there, so that several processes at once stay within
one budget. What a process that was killed had held stays held: the service may bill it.
"""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.request import Request
from chatrepl.core.exchange.terms import offered
from chatrepl.core.foreign_json import counted
from chatrepl.core.money import BATCH_FACTOR
from chatrepl.core.spending import (
    BudgetError,
    Limit,
    Spending,
    affordable,
    narrowest,
    refusal,
)
from chatrepl.core.talk.usage import Usage
from chatrepl.core.wire import Wire
from chatrepl.core.words import dollars
from chatrepl.session.books import Reserved
from chatrepl.storage.accounts import Accounts, Running

if TYPE_CHECKING:
    from chatrepl.session.till import Till

LEAST_OUT: Final = 256  # a shorter reply is of no use
_DOUBT: Final = 1.3  # what our own count of tokens may be wrong by
_FORM_TOKENS: Final = 2_000  # what the service adds, such as what it says of tools
_SEARCH_TOKENS: Final = 10_000  # that one search brings into the input
_ROUNDS: Final = 10  # of the service's own, before it pauses
_UNBOUNDED: Final = r"code_execution_|mcp_toolset$"
_TEXTS: Final = frozenset({"text", "thinking", "redacted_thinking", "tool_use", "tool_result"})
_UNWRITTEN: Final = "The ledger cannot be written, so nobody can keep to {key}."


async def hold(till: "Till", request: Request, id_: str, *, again: bool) -> Reserved:
    """Hold the worst that a request may cost; its `max_tokens` are lowered where that helps.

    Raises BudgetError where it does not fit. What has no price is not counted, and said.
    """
    worst = _WorstCase(till, request)
    if worst.price(0, 0) is None:
        words = f"The price of {request.model} is not known, so no budget counts it."
        return Reserved(request, id_, words=(words,) if till.session.announce(words) else ())
    roughly = worst.rough_input
    if roughly is not None:
        with _alone(till) as is_alone:
            held = _held(worst, id_, roughly, is_alone, whole=True)
        if isinstance(held, Reserved):
            return held
    exact = await _count(till, request)
    while True:
        is_last = not till.held  # what others of this process hold may be free in a moment
        with _alone(till) as is_alone:
            held = _held(worst, id_, exact, is_alone, whole=again or not is_last)
        if isinstance(held, Reserved):
            return held
        if is_last:
            raise refusal(held, worst.usd(exact, worst.wanted))
        await till.released()


def worst_usd(till: "Till", request: Request) -> float | None:
    """Give the worst that a request may cost in a batch; None where nobody knows its price."""
    case = _WorstCase(till, request)
    usd = case.price(case.estimate(), case.wanted)
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
    worst: "_WorstCase", id_: str, tokens: int, is_alone: bool, *, whole: bool
) -> Reserved | Limit:
    """Hold what `tokens` of input and the longest reply that fits come to.

    Gives the limit where none fits.
    """
    limit = narrowest(limits(worst.till))
    if limit is None:
        return Reserved(worst.request, id_)
    wanted = worst.wanted
    out = affordable(limit.left_usd, wanted, lambda out: worst.usd(tokens, out))
    usd = worst.usd(tokens, out)
    if out < (wanted if whole else worst.least) or usd > limit.left_usd:
        return limit
    spending = Spending(
        id_,
        worst.till.session.edges.clock(),
        worst.request.model,
        conversation=worst.till.session.recorder.id or "",
        open=True,
        held_usd=usd,
    )
    _enter(worst.till, spending, limit, is_alone=is_alone)
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
        return _WorstCase(till, request).estimate()


class _WorstCase:
    """What a request may come to at most."""

    def __init__(self, till: "Till", request: Request) -> None:
        self.till, self.request = till, request

    @property
    def wanted(self) -> int:
        """The tokens that may come out."""
        limit = counted(self.request.params.get("max_tokens"))
        return limit or self.till.session.service.model(self.request.model).max_output or 0

    @property
    def least(self) -> int:
        """The shortest reply that is of use, what is thought before it included."""
        thinking = self.request.params.get("thinking")
        budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
        return min(self.wanted, LEAST_OUT + (counted(budget) or 0))

    @property
    def rough_input(self) -> int | None:
        """A count of the input that is surely too high; None where it holds more than texts."""
        blocks = (block for message in self.request.messages for block in message.content)
        if any(block.type not in _TEXTS for block in blocks):
            return None
        return len(self.request.encode()) + _FORM_TOKENS

    def estimate(self) -> int:
        """Count the input without the service, with some margin."""
        session = self.till.session
        estimate = session.ledger.request(self.request, session.service.model(self.request.model))
        return int(estimate.tokens * _DOUBT) + _FORM_TOKENS

    def usd(self, tokens: int, out: int) -> float:
        return self.price(tokens, out) or 0.0

    def price(self, tokens: int, out: int) -> float | None:
        """Price so many tokens in, all of them new, and `out`; None where nobody knows a price."""
        usage = self._usage(tokens, out)
        others = [one.get("model") for one in self._listed("fallbacks")]
        usd = 0.0
        for name in (self.request.model, *(name for name in others if isinstance(name, str))):
            params = {**self.request.params, "model": name}
            cost = self.till.session.prices.of_request(replace(self.request, params=params), usage)
            if cost is None:
                return None
            usd += cost.usd
        return usd

    def _usage(self, tokens: int, out: int) -> Usage:
        uses = self._uses
        reads = uses + (_ROUNDS if self._runs else 0)
        # Each use of a tool of the service reads all of the input again.
        tokens = tokens * (reads + 1) + _SEARCH_TOKENS * reads * (reads + 1) // 2
        control = self.request.params.get("cache_control")
        if not isinstance(control, dict):
            return Usage(tokens, out, web_search_requests=uses)
        lasts = tokens if control.get("ttl") == "1h" else 0
        return Usage(0, out, tokens, 0, lasts, web_search_requests=uses)

    def _listed(self, key: str) -> list[Wire]:
        """Give the tables that a parameter lists; `extra_body` may put anything there."""
        listed = self.request.params.get(key)
        return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []

    @property
    def _tools(self) -> tuple[Wire, ...]:
        return offered(self._listed("tools"), self.request.messages)

    @property
    def _uses(self) -> int:
        return sum(counted(tool.get("max_uses")) or 0 for tool in self._tools)

    @property
    def _runs(self) -> bool:
        """Whether the service may call tools whose uses nothing bounds but its own rounds."""
        return any(re.match(_UNBOUNDED, str(tool.get("type"))) for tool in self._tools)
