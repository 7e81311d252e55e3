"""Many questions as single requests at once, as many as the service's limits allow."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from chatrepl.api.retry import CAP_S, any_chance, delay, retry_after, span
from chatrepl.core.errors import ApiError, ApiErrorKind, ChatreplError
from chatrepl.core.limiter import Limiter
from chatrepl.core.result import Wanted
from chatrepl.core.spending import BudgetError
from chatrepl.core.talk.usage import Usage
from chatrepl.session.session import Session
from chatrepl.shells.attempt import Attempt, ItemQuestion, failed_by
from chatrepl.shells.each import WINDOW, Finished
from chatrepl.turn import Stream

_OF_ALL: Final = frozenset(  # what would come of every other question too
    {
        ApiErrorKind.AUTH,
        ApiErrorKind.PERMISSION,
        ApiErrorKind.BILLING,
        ApiErrorKind.NOT_FOUND,
        ApiErrorKind.SPEND_LIMIT,
    }
)
_FIRST_ERROR: Final = 400
_LONG_S: Final = 5.0  # a wait that is told of
_AWAY: Final = 5  # so many in a row without any answer: nobody is there


def steady() -> Callable[[], float]:
    """Give a clock of seconds since the epoch that nobody sets back or forth while it runs."""
    begun = time.time() - time.monotonic()
    return lambda: begun + time.monotonic()


@dataclass(slots=True)
class Gate:
    """Lets requests start, one limiter for all of them; `say` tells of a long wait."""

    limiter: Limiter
    say: Callable[[str], None]
    clock: Callable[[], float] = field(default_factory=steady)
    under_way: int = 0
    _told_until: float = 0.0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def enter(self) -> None:
        """Wait until another request may start."""
        while (wait := self.limiter.wait(self.under_way, self.clock())) > 0:
            self._tell(wait)
            self._changed.clear()
            try:
                async with asyncio.timeout(min(wait, CAP_S)):
                    await self._changed.wait()
            except TimeoutError:
                continue
        self.under_way += 1

    def _tell(self, wait: float) -> None:
        """Say once why nothing goes on for long."""
        now = self.clock()
        if self.under_way or not _LONG_S < wait < math.inf or now < self._told_until:
            return
        self._told_until = now + wait
        self.say(f"The service's limit is reached; this goes on in {span(wait)}.")

    def leave(self) -> None:
        """A request is no longer under way."""
        self.under_way -= 1
        self._changed.set()

    def hear(self, status: int, headers: Mapping[str, str]) -> None:
        """Take what an answer says of the limits; a wish to stay away holds at once, for all."""
        now = self.clock()
        limiter = self.limiter.heard(status, headers, now)
        if status >= _FIRST_ERROR and (wish := retry_after(headers)) is not None:
            limiter = limiter.paused(wish, now)
        self.take(limiter)

    def take(self, limiter: Limiter) -> None:
        """Go on with what is known now."""
        self.limiter = limiter
        self._changed.set()


@dataclass(slots=True)
class Live:
    """Sends single requests. `session` is what all questions were made from.

    `paid` hears what each attempt cost, `say` what the user should know.
    """

    session: Session
    stream: Stream
    gate: Gate
    wanted: Wanted
    paid: Callable[[float], None]
    say: Callable[[str], None]
    window: int | None = WINDOW
    _silent: int = 0  # attempts in a row that nobody answered

    async def send(self, questions: AsyncIterator[ItemQuestion], finished: Finished) -> None:
        """Ask all questions, as many at once as may be."""
        async with asyncio.TaskGroup() as group:
            async for question in questions:
                await asyncio.sleep(0)  # what came meanwhile is read and kept before more is sent
                await self.gate.enter()
                group.create_task(self._hold(question, finished))

    async def _hold(self, question: ItemQuestion, finished: Finished) -> None:
        """Get one question answered; the gate is entered. A bug costs that question alone."""
        try:
            result = await self._result(question)
        except ChatreplError:
            raise
        except Exception as bug:  # noqa: BLE001 - a place of containment
            result = failed_by(bug, self.session)
        finished(question, result)

    async def _result(self, question: ItemQuestion) -> dict[str, Any]:
        """Ask until there is a result, however many attempts that takes."""
        attempts = self.session.settings.retries + 1
        for number in range(1, attempts + 1):
            session = question.fresh(self.session.service)
            attempt = Attempt(question, self.wanted, session, number - 1)
            try:
                return await self._ask(attempt)
            except BudgetError:  # it stops the whole run: no later question would fit either
                raise
            except ApiError as error:
                self._look_around(error, attempt)
                if number < attempts and error.retryable:
                    await self._wait(error, number)
                    await self.gate.enter()
                    continue
                return attempt.failed(error)
            except ChatreplError as error:
                return attempt.failed(error)
        raise AssertionError

    async def _ask(self, attempt: Attempt) -> dict[str, Any]:
        service = attempt.session.service
        try:
            return await attempt.ask(self.stream)
        finally:
            self.gate.leave()
            if attempt.session.service is not service:
                self.session.learn_from(attempt.session)  # what one learned, all know
            if attempt.reply.complete:
                self.gate.take(self.gate.limiter.ended(*_taken(attempt.reply.total_usage)))
            self._silent = 0 if attempt.reply.started else self._silent
            self.paid(attempt.cost_usd)
            for remark in attempt.remarks:
                self.say(remark)

    def _look_around(self, error: ApiError, attempt: Attempt) -> None:
        """Stop the whole run for what would come of every question. Raises ApiError."""
        is_silent = error.kind is ApiErrorKind.CONNECTION and not attempt.reply.started
        self._silent = self._silent + 1 if is_silent else 0
        wish = error.retry_after_s or 0.0
        attempts = self.session.settings.retries + 1
        is_away = self._silent >= max(_AWAY, attempts) * max(1, attempts)
        if error.kind in _OF_ALL or wish > CAP_S or is_away:
            raise error

    async def _wait(self, error: ApiError, number: int) -> None:
        """Wait until the question may be asked again; a wish of the service holds for all."""
        seconds = delay(number, error.retry_after_s, any_chance())
        if error.retry_after_s is not None:
            gate = self.gate
            gate.take(gate.limiter.paused(error.retry_after_s, gate.clock()))
        await asyncio.sleep(seconds)


def _taken(usage: Usage) -> tuple[int, int]:
    """Give what counts against the limits of tokens: what is read from the cache does not."""
    return usage.input_tokens + usage.cache_creation_input_tokens, usage.output_tokens
