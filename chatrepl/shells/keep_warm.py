"""Keeps the cache warm while the prompt waits: reads it again before it expires, where that pays.

Nothing is shown meanwhile, and nobody waits for it; what fails is not tried again in this chat.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from chatrepl.aside import ask_aside
from chatrepl.core.errors import ChatreplError, UsageError
from chatrepl.core.exchange.plan import Plan
from chatrepl.core.keep_warm import DAYS, Absences, Kept
from chatrepl.session.session import Session
from chatrepl.session.warming import Warming, enter, is_worth_it, next_warming, priced
from chatrepl.shells.guard import beside
from chatrepl.shells.titles import Silence
from chatrepl.storage.accounts import Accounts
from chatrepl.turn import Stream

_DAY_S = 86_400
_LOOK_S = 30.0  # at the clock: it goes on while the machine sleeps, and a wait does not


@dataclass(slots=True)
class KeepWarm:
    """Reads in the background of `loop`; `say` tells what that came to once somebody is back."""

    session: Session
    stream: Stream
    loop: Callable[[], asyncio.AbstractEventLoop]
    say: Callable[[str], object]
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _told: Kept = field(default=Kept(), init=False)
    _failed: bool = field(default=False, init=False)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Keep the cache warm until this is left."""
        self._tell()
        task = None if self._failed else beside(self.loop(), self._keep())
        try:
            yield
        finally:
            if task is not None:
                task.cancel()

    def _tell(self) -> None:
        kept = self.session.books.kept
        if kept is not None and not kept.in_a_row and kept.times > self._told.times:
            self.say(kept.less(self._told).words())
            self._told = kept

    async def _keep(self) -> None:
        clock = self.session.edges.clock
        while (warming := self._next()) is not None:
            while (seconds := warming.at - clock()) > 0:
                await self.sleep(min(seconds, _LOOK_S))
            warming = self._next()
            if warming is None or not await self._read(warming):
                return

    def _next(self) -> Warming | None:
        try:
            return next_warming(self.session)
        except UsageError:  # what is set for the next message cannot be sent
            return None

    async def _read(self, warming: Warming) -> bool:
        """Read what is in the cache, where that is worth it; tell whether it was, and went well."""
        session, question = self.session, warming.plan.turn.messages[0]
        again = priced(session, warming)
        if again is None or not is_worth_it(session, warming, again, await self._absences()):
            return False
        sent = session.edges.clock()

        def plan() -> Plan:  # anew, where the service taught us better
            return (self._next() or warming).plan

        try:
            reply = await ask_aside(session, question, self.stream, Silence(), plan)
        except ChatreplError:
            self._failed = True
            return False
        self._failed = not enter(session, warming, again, sent, reply)
        return not self._failed

    async def _absences(self) -> Absences:
        """Look into the ledger for how long its user was away, without keeping anybody waiting."""
        session = self.session
        if session.edges.library is None:
            return Absences()
        accounts, now = Accounts.of(session.edges.library.parent), session.edges.clock()
        here = session.recorder.id or ""
        return await asyncio.to_thread(
            lambda: Absences.of(accounts.read(now - DAYS * _DAY_S), now, here)
        )
