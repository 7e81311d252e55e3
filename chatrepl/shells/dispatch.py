"""Sends batches, each exactly once, and knows them again in a later run.

Before a batch is sent, what it will be known by stands in the state: a mark that its requests bear.
So one is found again also where a run was killed, or the line broke, before the service had told
the id. Only what surely is not there is sent again.
"""

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, TypeVar

from chatrepl.api.batches import BatchDoor, BatchEntry, BatchStatus, packs
from chatrepl.api.retry import any_chance, delay, span
from chatrepl.core.errors import ApiError, ApiErrorKind, ChatreplError
from chatrepl.core.value import replace
from chatrepl.session.till import Till
from chatrepl.shells.flights import BatchFlight, Memory

Answered = TypeVar("Answered")
GONE: Final = frozenset({404, 410})
_FIRST_LOOK_S: Final = 0.5
_OF_CONTENT: Final = frozenset({400, 413, 422})
_PLACE: Final = re.compile(r"\brequests[.\[/](\d{1,6})\b")  # in a list that is refused
_MOST_REFUSALS: Final = 50  # in a row, more than halving a list takes: it is refused for all
_SLOWEST_LOOK_S: Final = 60.0
_GROWS: Final = 1.4
_MOST_FAULTS: Final = 20  # in a row, while a batch is waited for


class LeftError(ChatreplError):
    """Batches are under way, and nobody waits for them."""

    exit_code = 0

    def __init__(self, ids: Iterable[str], *, lasts: bool) -> None:
        """`lasts` tells whether the same command will know of them."""
        self.ids = tuple(ids)
        who = "The same command takes" if lasts else f"{_fetching(self.ids)} gets"
        super().__init__(f"{who} the results, once they are there.")


@dataclass(slots=True)
class Dispatch:
    """The batches of one command at the service.

    `say` tells the user something, `tell` how far a batch is. Where it does not `wait`, it leaves
    rather than wait for one to end. What was in a batch that is gone is sent `again` only where
    that is wanted. Sending one is tried `retries` times more; it is first looked at after `pace_s`.
    """

    door: BatchDoor
    memory: Memory
    till: Till | None
    retries: int
    say: Callable[[str], None]
    tell: Callable[[str], None]
    wait: bool = True
    again: bool = False
    pace_s: float = _FIRST_LOOK_S

    def left(self, flights: Iterable[BatchFlight]) -> LeftError:
        """Tell of batches that nobody waits for."""
        return LeftError([one.id for one in flights], lasts=self.memory.lasts)

    async def recover(self, flight: BatchFlight) -> None:
        """Find a batch that was being sent when an earlier run ended. Raises ApiError."""
        if flight.is_over or flight.id:
            return
        try:
            id_ = await self._find(flight)
        except ApiError as error:
            if error.status not in GONE:
                raise
            words = "Nobody can tell whether the batch of an earlier run was sent."
            self.miss(words, error, again=self.again)
            id_ = ""
        if id_:
            self.say(f"{id_} is found again; it was sent before.")
            self._named(flight, id_)
        else:
            self.over(flight)

    async def _find(self, flight: BatchFlight) -> str:
        """Look for the batch whose requests bear a mark; an empty text where there is none."""
        known = {note["batch"] for note in self.memory.notes if "batch" in note}
        async for status in self.door.all():
            if status.id == flight.newest:
                break
            if status.total != flight.size or status.id in known or status.archived:
                continue
            if not (self.wait or status.ended):
                raise LeftError([status.id], lasts=self.memory.lasts)
            if await self._bears(status.id, flight.mark):
                return status.id
        return ""

    async def _bears(self, id_: str, mark: str) -> bool:
        """Tell whether the requests of a batch bear a mark; of one that is gone none does."""
        try:
            await self.ended(id_)
            async with aclosing(self.door.results(id_)) as results:
                async for custom_id, _ in results:
                    return custom_id.startswith(f"{mark}-")
        except ApiError as error:
            if error.status not in GONE:
                raise
        return False

    async def send_all(
        self,
        entries: Iterable[BatchEntry],
        headers: Mapping[str, str],
        worst: Callable[[str], float | None],
        refused: Callable[[str, ApiError], None],
    ) -> list[BatchFlight]:
        """Send requests in as many batches as it takes; they are named as what they are asked as.

        What they cost at `worst` must fit into the budgets, all of it. `refused` hears of single
        ones that the service does not take; the others go without them. Raises BudgetError before
        anything is sent, and ApiError.
        """
        newest = await self._newest()
        sent: list[BatchFlight] = []
        left: list[tuple[BatchFlight, list[BatchEntry]]] = []  # the next one last
        refusals = 0

        def begin(pack: list[BatchEntry]) -> None:
            flight = BatchFlight(os.urandom(4).hex(), len(pack), newest)
            left.append((flight, pack))
            self.memory.note(mark=flight.mark, size=flight.size, newest=newest)
            self._hold(flight, [worst(entry.custom_id) for entry in pack])

        try:
            for pack in reversed(list(packs(entries))):
                begin(pack)
            while left:
                self.memory.sync()
                flight, pack = left.pop()
                try:
                    await self._send(flight, pack, headers)
                    sent.append(flight)
                    refusals = 0
                except ApiError as error:
                    refusals += 1
                    blamed = _blamed(error, flight.mark, pack)
                    if blamed is None or refusals > _MOST_REFUSALS:
                        raise
                    for key in blamed:
                        refused(key, error)
                    for part in reversed(_halves(pack, blamed)):
                        begin(part)
        finally:
            for flight, _ in left:
                self.over(flight)
        return sent

    async def _send(
        self, flight: BatchFlight, pack: list[BatchEntry], headers: Mapping[str, str]
    ) -> None:
        """Send one batch, exactly once. It may cost something as soon as it is there."""
        named = [replace(one, custom_id=f"{flight.mark}-{one.custom_id}") for one in pack]
        self._named(flight, await self._created(flight, named, headers))
        count = f"{len(pack):,} request{'' if len(pack) == 1 else 's'}"
        self.say(f"{flight.id} · {count} · --fetch {flight.id} gets it from anywhere")

    async def _newest(self) -> str:
        """Give the id of the account's last batch; an empty text where nobody tells."""
        try:
            async for status in self.door.all():
                return status.id
        except ApiError:  # what it is for is to look no further than needed
            pass
        return ""

    def _hold(self, flight: BatchFlight, worst: list[float | None]) -> None:
        """Hold what a batch may cost, where a budget is set. Raises BudgetError."""
        usd = [one for one in worst if one is not None]
        if self.till is not None and len(usd) == len(worst):
            self.till.hold_all(flight.mark, sum(usd))

    async def _created(
        self, flight: BatchFlight, pack: list[BatchEntry], headers: Mapping[str, str]
    ) -> str:
        """Create a batch. Where nobody knows whether it is there, look before it is sent again.

        If nobody knows it in the end either, the next run looks.
        """
        is_doubted = False
        for number in range(1, self.retries + 2):
            try:
                if is_doubted and (id_ := await self._find(flight)):
                    return id_
                return (await self.door.create(pack, headers)).id
            except ApiError as error:
                is_doubted = is_doubted or not _is_refused(error)
                if number <= self.retries and error.retryable:
                    await asyncio.sleep(delay(number, error.retry_after_s, any_chance()))
                elif not is_doubted:
                    self.over(flight)
                    raise
                elif id_ := await self._found_after_all(flight):
                    return id_
                else:
                    raise
        raise AssertionError

    async def _found_after_all(self, flight: BatchFlight) -> str:
        try:
            return await self._find(flight)
        except ApiError:
            return ""

    async def ended(self, id_: str) -> None:
        """Wait until a batch has ended, and tell how far it is."""
        pause, begun, told = self.pace_s, time.monotonic(), ""
        while not (status := await self.status(id_)).ended:
            words = f"{id_} · {status_words(status)}"
            if words != told:
                self.tell(words)
            told = words
            await asyncio.sleep(pause)
            pause = min(pause * _GROWS, _SLOWEST_LOOK_S)
        if told:
            self.tell(f"{id_} · ended after {span(time.monotonic() - begun)}")

    async def status(self, id_: str) -> BatchStatus:
        """Ask how far a batch is."""
        return await self.patiently(lambda: self.door.retrieve(id_))

    async def patiently(self, ask: Callable[[], Awaitable[Answered]]) -> Answered:
        """Ask until there is an answer: a batch is worth waiting for."""
        for number in range(1, _MOST_FAULTS):
            try:
                return await ask()
            except ApiError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(delay(number, error.retry_after_s, any_chance()))
        return await ask()

    def miss(self, words: str, error: ApiError, *, again: bool) -> None:
        """Go on without a batch that is gone, where what was in it is asked `again`.

        Raises ApiError.
        """
        if not again:
            hint = f"--retry-failed asks again what was in it. The service says: {error.message}"
            raise ApiError(error.kind, words, hint, status=error.status) from error
        self.say(f"{words} What was in it is asked again.")

    def _named(self, flight: BatchFlight, id_: str) -> None:
        flight.id = id_
        self.memory.note(mark=flight.mark, batch=id_)
        self.memory.sync()
        if self.till is not None:
            self.till.rename(flight.mark, id_)

    def over(self, flight: BatchFlight) -> None:
        """Be done with a batch, or with one that surely was not sent: nothing is held for it."""
        flight.is_over = True
        for name in (flight.mark, flight.id):  # the one may be held by a run that was killed
            if self.till is not None and name:
                self.till.let_go(name)
        self.memory.note(mark=flight.mark, over=True)


def status_words(status: BatchStatus) -> str:
    """Say how far a batch is, in its counts."""
    counts = (f"{count:,} {name}" for name, count in status.counts.items() if count)
    return " · ".join([status.status.replace("_", " "), *counts])


def _fetching(ids: tuple[str, ...]) -> str:
    return f"--fetch {ids[0]}" if len(ids) == 1 else "--fetch with each id"


def key_in(custom_id: str) -> str:
    """Read off the name that a request has in a batch what it was asked as."""
    return custom_id.partition("-")[2]


def _blamed(error: ApiError, mark: str, pack: list[BatchEntry]) -> set[str] | None:
    """Tell which requests a batch was refused for, none where it is too large as a whole.

    None where nobody can tell that it was not refused for all of them.
    """
    if error.status not in _OF_CONTENT:
        return None
    if len(pack) == 1:
        return {pack[0].custom_id}
    words = error.answer or error.message
    places = {int(place) for place in _PLACE.findall(words)}
    names = set(re.findall(rf"\b{mark}-([\w-]+)", words))
    ids = [one.custom_id for one in pack]
    blamed = {id_ for at, id_ in enumerate(ids) if at in places or id_ in names}
    return blamed if blamed or error.kind is ApiErrorKind.TOO_LARGE else None


def _halves(pack: list[BatchEntry], blamed: set[str]) -> list[list[BatchEntry]]:
    """Give what is left of a batch in two: where one is refused, fewer go with the next."""
    rest = [one for one in pack if one.custom_id not in blamed]
    middle = (len(rest) + 1) // 2
    return [part for part in (rest[:middle], rest[middle:]) if part]


def _is_refused(error: ApiError) -> bool:
    """Tell whether the service surely did not take what was sent."""
    return error.status is not None and error.status < 500 and error.status != 408
