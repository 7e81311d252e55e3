"""The till: every request whose answer streams goes through here, and is entered in the ledger.

What is asked of the disk waits until the first of the answer is out; only where a budget is set
something is written before a request leaves.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatrepl.core.exchange.reply import (
    InputDelta,
    MessageDelta,
    MessageStart,
    Remark,
    Reply,
    RetryWait,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.exchange.request import Request
from chatrepl.core.settings import Settings
from chatrepl.session.books import Reserved
from chatrepl.session.session import Session

if TYPE_CHECKING:  # what a single shot does not need before its answer is out
    from chatrepl.core.spending import Spending
    from chatrepl.core.talk.usage import Cost
    from chatrepl.storage.accounts import Accounts, Running

_TOKENS_PER_S: Final = 300  # no model writes faster
_BYTES_PER_TOKEN: Final = 2  # no text has fewer, but for single words
_TOKENS_OF_FORM: Final = 100


def is_bounded(settings: Settings) -> bool:
    """Tell whether what may be spent is bounded."""
    bounds = settings.max_cost_usd, settings.budget_day_usd, settings.budget_month_usd
    return any(bound > 0 for bound in bounds)


class Till:
    """What this process spends: entered in the ledger of the `state` folder, within all budgets.

    Without that folder, or where saving is off, nothing is written. `count` asks the service for
    the tokens of a request.
    """

    def __init__(
        self,
        session: Session,
        state: Path | None,
        count: Callable[[Request], Coroutine[None, None, int]],
    ) -> None:
        self.session, self.state, self.count = session, state, count
        self.paid_usd = 0.0
        self.held: dict[str, float] = {}
        self.running: Running | None = None
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def accounts(self) -> "Accounts | None":
        """The ledger, where there is a place for it."""
        if self.state is None:
            return None
        from chatrepl.storage.accounts import Accounts

        return Accounts.of(self.state)

    async def stream(
        self, request: Request, send: Callable[[Request], AsyncGenerator[StreamEvent, None]]
    ) -> AsyncGenerator[StreamEvent, None]:
        """Send a request and yield what comes, as `send` does. Raises BudgetError before that."""
        slip = _Slip(self, await self._hold(request))
        try:
            for words in slip.held.words:
                yield Remark(words)
            async with aclosing(send(slip.held.request)) as events:
                async for event in events:
                    if isinstance(event, RetryWait) and slip.reply.usage_known:
                        slip.close()  # what was counted before it was torn is paid for
                        slip = _Slip(self, await self._hold(slip.held.request, again=True))
                    slip.take(event)
                    yield event
                    slip.note_soon()
        finally:
            slip.close()

    async def _hold(self, request: Request, *, again: bool = False) -> Reserved:
        """Hold what a request may come to; one that is sent `again` stays as it is."""
        if not is_bounded(self.session.settings):
            return Reserved(request, _new_id())
        from chatrepl.session.budgets import hold

        return await hold(self, request, _new_id(), again=again)

    def worst_usd(self, request: Request) -> float | None:
        """Tell what a request may cost in a batch; None where nothing is bounded or has a price."""
        if not is_bounded(self.session.settings):
            return None
        from chatrepl.session.budgets import worst_usd

        return worst_usd(self, request)

    def hold_all(self, name: str, usd: float) -> bool:
        """Hold what a batch may come to, under its name; tell whether anything is held.

        Raises BudgetError.
        """
        from chatrepl.session.budgets import hold_all

        return hold_all(self, usd, name)

    def rename(self, name: str, other: str) -> None:
        """Hold under another name what is held under one."""
        if usd := self.held.get(name):
            from chatrepl.core.spending import Spending

            model, now = self.session.settings.model, self.session.edges.clock()
            self.enter(Spending(other, now, model, open=True, batch=True, held_usd=usd))
            self.let_go(name)

    def let_go(self, name: str) -> None:
        """Hold no more what is held under a name, by whoever it was."""
        if is_bounded(self.session.settings):
            from chatrepl.core.spending import Spending

            self.enter(Spending(name, self.session.edges.clock(), self.session.settings.model))

    def enter_batched(self, name: str, request: Request, reply: Reply) -> None:
        """Enter a reply that came in a batch; whoever takes it again enters nothing new."""
        from chatrepl.core.spending import Spending

        session = self.session
        cost = session.prices.of_reply(request, reply)
        now, model = session.edges.clock(), reply.model or request.model
        if reply.usage_known:
            self.enter(Spending(name, now, model, reply.total_usage, cost=cost, batch=True))

    async def released(self) -> None:
        """Wait until something is held no more."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def _release(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    def enter(self, spending: "Spending") -> bool:
        """Write a spending down, where anything is; tell whether all is well."""
        if spending.open:
            self.held[spending.id] = spending.held_usd
        else:
            self.held.pop(spending.id, None)
            self._release()
            cost = spending.cost.usd if spending.cost is not None else 0.0
            self.paid_usd += max(cost, spending.held_usd)
        accounts = self.accounts if self.session.settings.save else None
        return accounts is None or accounts.enter(spending)


class _Slip:
    """One request under way, and what came of it so far."""

    def __init__(self, till: Till, held: Reserved) -> None:
        self.till, self.held, self.reply = till, held, Reply()
        self.begun_at = till.session.edges.clock()
        self.came_bytes = 0
        self.is_noted = False

    def take(self, event: StreamEvent) -> None:
        """Take over what is counted."""
        match event:
            case TextDelta(text) | ThinkingDelta(text) | InputDelta(text):
                self.came_bytes += len(text.encode("utf-8", "replace"))
            case MessageStart() | MessageDelta() | RetryWait():
                self.reply = self.reply.apply(event)
            case _:
                pass

    def note_soon(self) -> None:
        """Write the counts down once the first of the reply is out, unless all of it is by then."""
        if self.came_bytes and not self.is_noted and self.reply.usage_known:
            self.is_noted = True
            asyncio.get_running_loop().call_soon(self._note)

    def _note(self) -> None:
        if self.is_noted:
            self.till.enter(self._spending(is_open=True))

    def close(self) -> None:
        """Enter what the request took; what was held for it and did not come is free again."""
        if self.reply.usage_known or self.held.usd:
            self.till.enter(self._spending(is_open=False))
        self.reply, self.is_noted = Reply(), False
        self.held = Reserved(self.held.request, self.held.id)

    def _spending(self, *, is_open: bool) -> "Spending":
        from chatrepl.core.spending import Spending

        session, request, reply = self.till.session, self.held.request, self.reply
        is_cut = reply.usage_known and reply.stop_reason is None
        held_usd = self.held.usd if is_open else 0.0
        if is_cut and not is_open:
            held_usd = self._most_usd()
        return Spending(
            self.held.id,
            self.begun_at,
            reply.model or request.model,
            reply.total_usage,
            session.recorder.id or "",
            None if is_open or not reply.usage_known else self._cost(request, reply),
            at_least=is_cut,
            open=is_open,
            warm=request.warms,
            fast=(reply.counted.get("speed") or request.params.get("speed")) == "fast",
            held_usd=held_usd,
        )

    def _cost(self, request: Request, reply: Reply) -> "Cost | None":
        session = self.till.session
        return session.prices.of_reply(request, reply)

    def _most_usd(self) -> float:
        """Bound what a reply that was cut costs: the service wrote on until it noticed."""
        wanted = self.held.request.params.get("max_tokens")
        if not self.held.usd or not isinstance(wanted, int) or wanted <= 0:
            return self.held.usd
        seconds = max(0.0, self.till.session.edges.clock() - self.begun_at)
        written = max(self.came_bytes / _BYTES_PER_TOKEN, seconds * _TOKENS_PER_S)
        share = min(1.0, (written + _TOKENS_OF_FORM) / wanted)
        return self.held.usd - self.held.out_usd * (1 - share)


def _new_id() -> str:
    return os.urandom(8).hex()
