"""Asks many questions through the Message Batches of the service: later, and at half the price.

Before a batch is sent, what it will be known by stands in the state: a mark that its requests bear.
So the same command takes the results of what it sent before, also where it was killed before the
service had told the id. What is in no batch goes out in new ones.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from chatrepl.api.batches import BatchDoor, BatchEntry, BatchStatus, packs
from chatrepl.api.outgoing import beta_header
from chatrepl.api.retry import any_chance, delay, span
from chatrepl.core.errors import ApiError, ApiErrorKind, ChatreplError
from chatrepl.core.exchange.reply import StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.result import Wanted
from chatrepl.core.talk.conversation import Message
from chatrepl.core.value import frozen, replace
from chatrepl.session.session import Session
from chatrepl.session.till import Till
from chatrepl.shells.attempt import Attempt, ItemQuestion, failed_by
from chatrepl.shells.each import Finished
from chatrepl.shells.flights import BatchFlight, Memory, flights_of
from chatrepl.storage.spool import Spool

Answered = TypeVar("Answered")
_FIRST_LOOK_S: Final = 0.5
_SLOWEST_LOOK_S: Final = 60.0
_GROWS: Final = 1.4
_GONE: Final = frozenset({404, 410})
_MOST_FAULTS: Final = 20  # in a row, while a batch is waited for
_NO_HEADERS: Final[Mapping[str, str]] = {}
_PAUSED: Final = "The service paused its reply, and a batch does not go on with it."


class LeftError(ChatreplError):
    """Batches are under way, and nobody waits for them."""

    exit_code = 0

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__("The same command takes the results, once they are there.")
        self.ids = tuple(ids)


@frozen
class BatchedQuestion:
    """A question that is asked, without its message: its request is on the disk.

    It costs `usd` at most, where that is bounded and known.
    """

    question: ItemQuestion
    size: int
    body: Callable[[], bytes]
    usd: float | None


@dataclass(slots=True)
class Batched:
    """Sends questions as batches. `session` is what all of them were made from.

    `say` tells the user something, `tell` how far a batch is; `paid` hears what a reply cost.
    Where it does not `wait`, it leaves as soon as all is sent. What was in a batch that is gone is
    asked `again` only where that is wanted.
    """

    session: Session
    door: BatchDoor
    wanted: Wanted
    memory: Memory
    till: Till | None
    paid: Callable[[float], None]
    say: Callable[[str], None]
    tell: Callable[[str], None] = lambda _words: None
    wait: bool = True
    again: bool = False
    window: int | None = None
    pace_s: float = _FIRST_LOOK_S
    folder: Path | None = None  # where what is asked waits
    _asked: dict[str, BatchedQuestion] = field(default_factory=dict)

    async def send(self, questions: AsyncIterator[ItemQuestion], finished: Finished) -> None:
        """Have all questions answered. Raises LeftError where batches are left under way."""
        with closing(Spool(self.folder)) as spool:
            async for question in questions:
                try:
                    self._asked[_key(question)] = self._kept(question, spool)
                except ChatreplError:
                    raise
                except Exception as bug:  # noqa: BLE001 - a place of containment
                    finished(question, failed_by(bug, self.session))
            await self._send_kept(finished)
        for kept in list(self._asked.values()):
            error = ApiError(ApiErrorKind.STREAM, "The batch has no result for it.")
            finished(kept.question, self._attempt(kept.question).failed(error))

    async def _send_kept(self, finished: Finished) -> None:
        flights = flights_of(self.memory.notes)
        for flight in flights:
            await self._recover(flight)
        await self._land([one for one in flights if not one.is_over], finished)
        if self._asked:
            sent = await self._send_all()
            if not self.wait:
                raise LeftError([one.id for one in sent])
            await self._land(sent, finished)

    def _kept(self, question: ItemQuestion, spool: Spool) -> BatchedQuestion:
        request = question.request
        body = request.encode()
        usd = None if self.till is None else self.till.worst_usd(request)
        bare = replace(question, message=Message.user(question.item.label), head=0)
        return BatchedQuestion(bare, len(body), spool.keep(body), usd)

    async def _recover(self, flight: BatchFlight) -> None:
        """Find a batch that was being sent when an earlier run was killed."""
        if flight.is_over or flight.id:
            return
        if id_ := await self._find(flight):
            self.say(f"{id_} is found again; it was sent before.")
            self._named(flight, id_)
        else:
            self._over(flight)

    async def _find(self, flight: BatchFlight) -> str:
        """Look for the batch whose requests bear a mark; an empty text where there is none."""
        known = {note["batch"] for note in self.memory.notes if "batch" in note}
        async for status in self.door.all():
            if status.id == flight.newest:
                break
            if status.total != flight.size or status.id in known or status.archived:
                continue
            await self.ended(status.id)
            async with aclosing(self.door.results(status.id)) as results:
                async for custom_id, _ in results:
                    if custom_id.startswith(f"{flight.mark}-"):
                        return status.id
                    break
        return ""

    async def _send_all(self) -> list[BatchFlight]:
        flights: list[BatchFlight] = []
        mark = os.urandom(4).hex()
        entries = (BatchEntry(f"{mark}-{k}", one.size, one.body) for k, one in self._asked.items())
        headers = self._headers()
        for pack in packs(entries):
            own = f"{mark}{len(flights):02x}" if flights else mark
            named = [
                replace(one, custom_id=f"{own}{one.custom_id.removeprefix(mark)}") for one in pack
            ]
            flights.append(await self._send(named, own, headers))
        return flights

    def _headers(self) -> Mapping[str, str]:
        first = next(iter(self._asked.values()))
        return beta_header(first.question.request, _NO_HEADERS)

    async def _send(
        self, pack: list[BatchEntry], mark: str, headers: Mapping[str, str]
    ) -> BatchFlight:
        """Send one batch, exactly once; it may cost something as soon as it is there."""
        flight = BatchFlight(mark, len(pack), await self._newest())
        held = self._hold(flight, pack)
        self.memory.note(mark=mark, size=flight.size, newest=flight.newest)
        self.memory.sync()
        try:
            status = await self._created(flight, pack, headers)
        except ApiError:
            self._over(flight)
            if self.till is not None and held:
                self.till.let_go(mark)
            raise
        self._named(flight, status)
        count = f"{len(pack):,} request{'' if len(pack) == 1 else 's'}"
        self.say(f"{status} · {count} · --fetch {status} gets it from anywhere")
        return flight

    async def _newest(self) -> str:
        """Give the id of the account's last batch; an empty text where nobody tells."""
        try:
            async for status in self.door.all():
                return status.id
        except ApiError:  # what it is for is to look no further than needed
            pass
        return ""

    def _hold(self, flight: BatchFlight, pack: list[BatchEntry]) -> bool:
        """Hold what a batch may cost, where a budget is set. Raises BudgetError."""
        worst = [self._asked[entry.custom_id.partition("-")[2]].usd for entry in pack]
        usd = [one for one in worst if one is not None]
        if self.till is None or len(usd) < len(worst):
            return False
        return self.till.hold_all(flight.mark, sum(usd))

    async def _created(
        self, flight: BatchFlight, pack: list[BatchEntry], headers: Mapping[str, str]
    ) -> str:
        """Create a batch. Where nobody knows whether it is there, look before it is sent again."""
        attempts = self.session.settings.retries + 1
        for number in range(1, attempts + 1):
            try:
                return (await self.door.create(pack, headers)).id
            except ApiError as error:
                if not _is_refused(error) and (id_ := await self._find(flight)):
                    return id_
                if number == attempts or not error.retryable:
                    raise
                await asyncio.sleep(delay(number, error.retry_after_s, any_chance()))
        raise AssertionError

    async def _land(self, flights: list[BatchFlight], finished: Finished) -> None:
        """Take the results of batches, once they have ended."""
        if not self.wait:
            flying = [one for one in flights if not (await self._status(one.id)).ended]
            if flying:
                raise LeftError([one.id for one in flying])
        for flight in flights:
            try:
                await self.ended(flight.id)
                await self._patiently(partial(self._take, flight.id, finished))
            except asyncio.CancelledError:
                self.say(f"{flight.id} goes on. The same command takes its results.")
                raise
            except ApiError as error:
                if error.status not in _GONE:
                    raise
                self._miss(flight, error)
            self._over(flight)

    def _miss(self, flight: BatchFlight, error: ApiError) -> None:
        """Go on without a batch of which nothing can be had any more. Raises ApiError."""
        words = f"The service has no results of {flight.id} for this key."
        if not self.again:
            hint = f"--retry-failed asks again what was in it. The service says: {error.message}"
            raise ApiError(error.kind, words, hint, status=error.status) from error
        self.say(f"{words} What was in it is asked again.")

    async def ended(self, id_: str) -> None:
        """Wait until a batch has ended, and tell how far it is."""
        pause, begun, told = self.pace_s, time.monotonic(), ""
        while not (status := await self._status(id_)).ended:
            words = f"{id_} · {status_words(status)}"
            if words != told:
                self.tell(words)
            told = words
            await asyncio.sleep(pause)
            pause = min(pause * _GROWS, _SLOWEST_LOOK_S)
        if told:
            self.tell(f"{id_} · ended after {span(time.monotonic() - begun)}")

    async def _status(self, id_: str) -> BatchStatus:
        return await self._patiently(lambda: self.door.retrieve(id_))

    async def _patiently(self, ask: Callable[[], Awaitable[Answered]]) -> Answered:
        """Ask until there is an answer: a batch is worth waiting for."""
        for number in range(1, _MOST_FAULTS):
            try:
                return await ask()
            except ApiError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(delay(number, error.retry_after_s, any_chance()))
        return await ask()

    async def _take(self, id_: str, finished: Finished) -> None:
        async with aclosing(self.door.results(id_)) as results:
            async for custom_id, result in results:
                key = custom_id.partition("-")[2]
                if (kept := self._asked.get(key)) is None:
                    continue
                question = kept.question
                finished(question, await self._result(question, f"{id_}:{custom_id}", result))
                del self._asked[key]

    async def _result(
        self, question: ItemQuestion, name: str, result: list[StreamEvent] | ApiError
    ) -> dict[str, Any]:
        try:
            return await self._judged(question, name, result)
        except ChatreplError:
            raise
        except Exception as bug:  # noqa: BLE001 - a place of containment
            return failed_by(bug, self.session)

    async def _judged(
        self, question: ItemQuestion, name: str, result: list[StreamEvent] | ApiError
    ) -> dict[str, Any]:
        attempt = self._attempt(question)
        if isinstance(result, ApiError):
            return attempt.failed(result)
        try:
            return await attempt.ask(recorded(result))
        except ChatreplError as error:
            return attempt.failed(error)
        finally:
            if self.till is not None:
                self.till.enter_batched(name, question.request, attempt.reply)
            self.paid(attempt.cost_usd)

    def _attempt(self, question: ItemQuestion) -> Attempt:
        return Attempt(question, self.wanted, question.fresh(self.session.service))

    def _named(self, flight: BatchFlight, id_: str) -> None:
        flight.id = id_
        self.memory.note(mark=flight.mark, batch=id_)
        self.memory.sync()
        if self.till is not None:
            self.till.rename(flight.mark, id_)

    def _over(self, flight: BatchFlight) -> None:
        flight.is_over = True
        self.memory.note(mark=flight.mark, over=True)
        if self.till is not None and flight.id:
            self.till.let_go(flight.id)


def status_words(status: BatchStatus) -> str:
    """Say how far a batch is, in its counts."""
    counts = (f"{count:,} {name}" for name, count in status.counts.items() if count)
    return " · ".join([status.status.replace("_", " "), *counts])


def recorded(events: list[StreamEvent]) -> Callable[[Request], AsyncGenerator[StreamEvent, None]]:
    """Give what answers a request with a reply that is there already, once."""
    left = [events]

    async def stream(_request: Request) -> AsyncGenerator[StreamEvent, None]:
        if not left:
            raise ApiError(ApiErrorKind.STREAM, _PAUSED, retryable=False)
        for event in left.pop():
            yield event

    return stream


def place_of(custom_id: str) -> int | None:
    """Read the place of an item off the name that its request had in a batch of ours."""
    parts = custom_id.split("-")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else None


def _key(question: ItemQuestion) -> str:
    return f"{question.item.number}-{question.item.id}"


def _is_refused(error: ApiError) -> bool:
    """Tell whether the service surely did not take what was sent."""
    return error.status is not None and error.status < 500 and error.status != 408
