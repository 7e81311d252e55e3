"""When and how long to wait before a request is sent again."""

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from chatrepl.api.patience import CAP_S
from chatrepl.core.errors import ApiError
from chatrepl.core.events import (
    BlockStart,
    CitationDelta,
    InputDelta,
    RetryWait,
    SignatureDelta,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)

_FIRST_S: Final = 1.0
_LONGEST_S: Final = 30.0
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


def _chance() -> float:
    import random  # nothing waits for it where all goes well

    return random.random()  # noqa: S311 - nothing secret hangs on it


async def with_retries(
    open_stream: Callable[[], AsyncGenerator[StreamEvent, None]],
    *,
    attempts: int,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    chance: Callable[[], float] = _chance,
) -> AsyncGenerator[StreamEvent, None]:
    """Yield a stream's events; wait out passing failures as long as no content was shown.

    `attempts` counts the first try too. While it waits, a `RetryWait` comes each second. Raises
    the ApiError that cannot be waited out.
    """
    for attempt in range(1, attempts + 1):
        shown = False
        stream = open_stream()
        try:
            async for event in stream:
                shown = shown or _shows(event)
                yield event
        except ApiError as error:
            if shown or attempt == attempts or not _can_wait(error):
                raise
            failure = error
        else:
            return
        finally:
            await stream.aclose()
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
