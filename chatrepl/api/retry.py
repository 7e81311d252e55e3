"""When and how long to wait before a request is sent again.

What the service asks about trying again: `retry-after` in all its forms, `x-should-retry`.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Final

from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import (
    BlockStart,
    CitationDelta,
    InputDelta,
    RetryWait,
    SignatureDelta,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)

CAP_S: Final = 60.0
_FOR_EVER_S: Final = 86_400.0 * 366


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how long to wait, in seconds; None where nothing was said that makes sense.

    A date is measured against the answer's own date, so that a wrong clock here does no harm.
    """
    wish = _number(headers.get("retry-after-ms"))
    if wish is not None:
        return wish / 1000
    text = headers.get("retry-after")
    wish = _number(text)
    return wish if wish is not None else _until(text, headers.get("date"))


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """Read the service's own word on whether to send the request again."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())


def span(seconds: float) -> str:
    """Say a time in words, in its largest fitting unit."""
    if seconds < 120:
        return f"{math.ceil(seconds)} s"
    if seconds < 7200:
        return f"{math.ceil(seconds / 60)} min"
    if seconds < 172_800:
        return f"{math.ceil(seconds / 3600)} h"
    return f"{math.ceil(seconds / 86_400)} days" if seconds < _FOR_EVER_S else "more than a year"


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if value >= 0 else None  # a NaN is not


def _until(text: str | None, now: str | None) -> float | None:
    then = _seconds(text)
    if then is None:
        return None
    since = _seconds(now)
    left = then - (time.time() if since is None else since)
    return left if left >= 0 else None


def _seconds(date: str | None) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date or "").timestamp()
    except (ValueError, OverflowError, OSError):
        return None


_FIRST_S: Final = 1.0
_LONGEST_S: Final = 30.0
_BURST_S: Final = 0.005
_JITTER: Final = 0.25
_CONTENT: Final = (TextDelta, ThinkingDelta, InputDelta, CitationDelta, SignatureDelta)
_BARE: Final = frozenset({"text", "thinking"})  # blocks that open with nothing in them


def delay(attempt: int, wish: float | None, chance: float) -> float:
    """Give the seconds to wait after the failure of `attempt`, which counts from 1.

    The service's wish, else 1, 2, 4 … seconds up to 30; `chance`, between 0 and 1, takes up to a
    quarter of that off, so that many clients do not come back at once. Nothing is taken off a wish.
    """
    if wish is not None:
        return wish + chance * _JITTER
    return min(_FIRST_S * 2.0 ** (attempt - 1), _LONGEST_S) * (1 - chance * _JITTER)


def any_chance() -> float:
    import random  # nothing waits for it where all goes well

    return random.random()  # noqa: S311 - nothing secret hangs on it


async def with_retries(
    send: Callable[[], Awaitable[AsyncGenerator[StreamEvent, None]]],
    *,
    attempts: int,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    chance: Callable[[], float] = any_chance,
) -> AsyncGenerator[StreamEvent, None]:
    """Yield the events that `send` gives; wait out passing failures before the first content.

    `attempts` counts the first try too. While it waits, a `RetryWait` comes each second. Raises
    the ApiError that cannot be waited out.
    """
    let_go = time.thread_time()
    for attempt in range(1, attempts + 1):
        has_content = False
        try:
            async with aclosing(await send()) as events:
                async for event in events:
                    has_content = has_content or _shows(event)
                    yield event
                    if (now := time.thread_time()) - let_go > _BURST_S:
                        await asyncio.sleep(0)  # in a burst, too, keys and signals have their turn
                        let_go = now
        except ApiError as error:
            if has_content or attempt == attempts or not _can_wait(error):
                error.tries = attempt
                raise
            failure = error
        else:
            return
        wait = delay(attempt, failure.retry_after_s, chance())
        for left in range(math.ceil(wait), 0, -1):
            yield RetryWait(failure.message, left, attempt, attempts - 1)
            # The first step takes the fraction.
            await sleep(1 if left < wait else wait - (left - 1))


def _shows(event: StreamEvent) -> bool:
    if isinstance(event, BlockStart):
        return event.wire.get("type") not in _BARE
    return isinstance(event, _CONTENT)


def _can_wait(error: ApiError) -> bool:
    return error.retryable and (error.retry_after_s is None or error.retry_after_s <= CAP_S)
