"""Asks many questions through the Message Batches of the service: later, and at half the price.

The same command takes the results of what it sent before (`dispatch.py`). What is in no batch goes
out in new ones.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from chatrepl.api.batches import BatchEntry
from chatrepl.api.outgoing import beta_header
from chatrepl.core.errors import ApiError, ApiErrorKind, ChatreplError, StorageError
from chatrepl.core.exchange.reply import StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.items import Item
from chatrepl.core.result import Wanted
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen
from chatrepl.session.session import Session
from chatrepl.shells.attempt import Attempt, ItemQuestion, failed_by
from chatrepl.shells.dispatch import GONE, Dispatch, key_in
from chatrepl.shells.each import Finished
from chatrepl.shells.flights import BatchFlight, flights_of
from chatrepl.storage.spool import Spool

MOST_READS: Final = 3  # of results that are fewer than the requests
_NO_HEADERS: Final[Mapping[str, str]] = {}
_OURS: Final = re.compile(r"[^-]*-([0-9]{1,12})-[^-]*")
_PAUSED: Final = "The service paused its reply, and a batch does not go on with it."


@frozen
class BatchedQuestion:
    """A question that is asked, without its message: its request is on the disk, `at` a place.

    There may be very many: its `session` is one for all that begin their replies alike. It costs
    `usd` at most, where that is bounded and known.
    """

    item: Item
    session: Session
    size: int
    at: int
    usd: float | None

    @property
    def question(self) -> ItemQuestion:
        """What a result is judged by; nothing of that hangs on what was said."""
        return ItemQuestion(self.item, self.session, Message.user(self.item.label))


@dataclass(slots=True)
class Batched:
    """Sends questions as batches. `session` is what all of them were made from.

    `paid` hears what a reply cost. What is asked waits in the `folder`.
    """

    session: Session
    dispatch: Dispatch
    wanted: Wanted
    paid: Callable[[float], None]
    folder: Path | None = None
    window: int | None = None
    _asked: dict[str, BatchedQuestion] = field(default_factory=dict)
    _last: Session | None = None

    async def send(self, questions: AsyncIterator[ItemQuestion], finished: Finished) -> None:
        """Have all questions answered. Raises LeftError where batches are left under way."""
        with closing(Spool(self.folder)) as spool:
            async for question in questions:
                try:
                    self._asked[_key(question)] = self._kept(question, spool)
                except StorageError:
                    raise
                except ChatreplError as error:
                    finished(question, self._attempt(question).failed(error))
                except Exception as bug:  # noqa: BLE001 - a place of containment
                    finished(question, failed_by(bug, self.session))
            await self._send_kept(finished, spool)
        for kept in list(self._asked.values()):
            missing = ApiError(ApiErrorKind.STREAM, "The batch has no result for it.")
            finished(kept.question, self._attempt(kept.question).failed(missing))

    async def _send_kept(self, finished: Finished, spool: Spool) -> None:
        dispatch = self.dispatch
        flights = flights_of(dispatch.memory.notes)
        for flight in flights:
            await dispatch.recover(flight)
        flying = [one for one in flights if not one.is_over]
        await self._land(flying, finished, again=dispatch.again)
        if not self._asked:
            return
        first = next(iter(self._asked.values()))
        headers = beta_header(first.question.request, _NO_HEADERS)
        entries = (
            BatchEntry(key, one.size, partial(spool.read, one.at))
            for key, one in self._asked.items()
        )

        def refused(key: str, error: ApiError) -> None:
            question = self._asked.pop(key).question
            finished(question, self._attempt(question).failed(error))

        sent = await dispatch.send_all(entries, headers, lambda key: self._asked[key].usd, refused)
        if sent and not dispatch.wait:
            raise dispatch.left(sent)
        await self._land(sent, finished, again=False)

    def _kept(self, question: ItemQuestion, spool: Spool) -> BatchedQuestion:
        request, till = question.request, self.dispatch.till
        body = request.encode()
        usd = None if till is None else till.worst_usd(request)
        if self._last is None or self._last.next.prefill != question.session.next.prefill:
            self._last = question.session
        return BatchedQuestion(question.item, self._last, len(body), spool.keep(body), usd)

    async def _land(self, flights: list[BatchFlight], finished: Finished, *, again: bool) -> None:
        """Take the results of batches, once they have ended.

        What was in one that is gone is left to be asked `again`, else an ApiError is raised.
        """
        if not self.dispatch.wait:
            flying = [one for one in flights if await self._is_flying(one)]
            if flying:
                raise self.dispatch.left(flying)
        gone: list[tuple[BatchFlight, ApiError]] = []
        for flight in flights:
            try:
                await self.dispatch.ended(flight.id)
                await self._take_all(flight, finished)
            except asyncio.CancelledError:
                self.dispatch.say(f"{flight.id} goes on. {self.dispatch.left([flight]).message}")
                raise
            except ApiError as error:
                if error.status not in GONE:
                    raise
                gone.append((flight, error))
            else:
                self.dispatch.over(flight)
        for flight, fault in gone:
            words = f"The service has no results of {flight.id} for this key."
            self.dispatch.miss(words, fault, again=again)
            self.dispatch.over(flight)

    async def _is_flying(self, flight: BatchFlight) -> bool:
        try:
            return not (await self.dispatch.status(flight.id)).ended
        except ApiError as error:
            if error.status not in GONE:
                raise
            return False

    async def _take_all(self, flight: BatchFlight, finished: Finished) -> None:
        """Take the results of a batch. A list that was cut off may look whole: read it again."""
        for _ in range(MOST_READS):
            if await self.dispatch.patiently(partial(self._take, flight, finished)) >= flight.size:
                return
            await asyncio.sleep(self.dispatch.pace_s)

    async def _take(self, flight: BatchFlight, finished: Finished) -> int:
        """Take what was not taken yet; tell how many results there are."""
        count = 0
        async with aclosing(self.dispatch.door.results(flight.id)) as results:
            async for custom_id, result in results:
                count += 1
                key = key_in(custom_id)
                if (kept := self._asked.get(key)) is None:
                    continue
                question = kept.question
                name = f"{flight.id}:{custom_id}"
                finished(question, await self._result(question, name, result))
                del self._asked[key]
        return count

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
            if (till := self.dispatch.till) is not None:
                till.enter_batched(name, question.request, attempt.reply)
            self.paid(attempt.cost_usd)

    def _attempt(self, question: ItemQuestion) -> Attempt:
        return Attempt(question, self.wanted, question.fresh(self.session.service))


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
    name = _OURS.fullmatch(custom_id)
    return int(name[1]) if name is not None else None


def _key(question: ItemQuestion) -> str:
    return f"{question.item.number}-{question.item.id}"
