import asyncio
from collections.abc import AsyncGenerator
from itertools import count
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.api.retry import delay, with_retries
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import (
    BlockStart,
    InputDelta,
    MessageStart,
    MessageStop,
    RetryWait,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from tests.api.helpers import collect, run

BUSY = ApiError(ApiErrorKind.OVERLOADED, "The service is overloaded.")


class Service:
    """Streams scripted attempts, and counts them."""

    def __init__(self, *attempts: list[StreamEvent | ApiError]) -> None:
        self._attempts = iter(attempts)
        self.asked = 0
        self.open = 0

    async def send(self) -> AsyncGenerator[StreamEvent, None]:
        return self._stream()

    async def _stream(self) -> AsyncGenerator[StreamEvent, None]:
        self.asked += 1
        self.open += 1
        try:
            for item in next(self._attempts):
                if isinstance(item, ApiError):
                    raise item
                yield item
        finally:
            self.open -= 1


class Sleeper:
    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def ask(
    service: Service, attempts: int = 5, sleeper: Sleeper | None = None, chance: float = 0
) -> tuple[list[StreamEvent], ApiError | None]:
    stream = with_retries(
        service.send, attempts=attempts, sleep=sleeper or Sleeper(), chance=lambda: chance
    )
    found = run(collect(stream))
    assert service.open == 0
    return found


def test_a_burst_lets_others_have_their_turn_and_does_not_stop_for_each_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = count(0.0, 0.001)
    monkeypatch.setattr("chatrepl.api.retry.time", Mock(thread_time=lambda: next(clock)))
    ended: list[bool] = []

    async def wait_for_turns() -> int:
        turns = 0
        while not ended:
            turns += 1
            await asyncio.sleep(0)
        return turns

    async def take_all() -> None:
        service = Service([TextDelta("x", 0)] * 1000)
        async for _ in with_retries(service.send, attempts=1):
            pass
        ended.append(True)

    async def talk() -> int:
        return (await asyncio.gather(wait_for_turns(), take_all()))[0]

    assert 50 < run(talk()) < 500


def busy(retry_after_s: float | None = None, *, retryable: bool | None = None) -> ApiError:
    return ApiError(
        ApiErrorKind.RATE_LIMIT, "Busy.", retry_after_s=retry_after_s, retryable=retryable
    )


@given(st.integers(1, 40), st.none() | st.floats(0, 60), st.floats(0, 1))
def test_a_wait_is_never_shorter_than_wished_and_never_longer_than_a_minute(
    attempt: int, wish: float | None, chance: float
) -> None:
    wait = delay(attempt, wish, chance)
    assert 0.75 <= wait <= 30 if wish is None else wish <= wait <= wish + 0.25


def test_waits_double_up_to_half_a_minute() -> None:
    assert [delay(attempt, None, 0) for attempt in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


@given(st.floats(0.01, 60), st.floats(0, 1))
def test_a_wait_is_told_second_by_second_and_lasts_as_long_as_it_says(
    wish: float, chance: float
) -> None:
    sleeper = Sleeper()
    events, error = ask(Service([busy(wish)], [MessageStop()]), 5, sleeper, chance)
    assert error is None
    waits = [event for event in events if isinstance(event, RetryWait)]
    assert [wait.seconds for wait in waits] == list(range(len(waits), 0, -1))
    assert sum(sleeper.slept) == pytest.approx(delay(1, wish, chance))
    assert all(0 < second <= 1.0001 for second in sleeper.slept)
    assert waits[0] == RetryWait("Busy.", len(waits), 1, 4)


def test_failures_are_waited_out_until_the_answer_comes() -> None:
    service = Service([BUSY], [MessageStart(), BUSY], [TextDelta("a"), MessageStop()])
    events, error = ask(service)
    assert error is None
    assert service.asked == 3
    assert [event for event in events if not isinstance(event, RetryWait)] == [
        MessageStart(), TextDelta("a"), MessageStop(),
    ]  # fmt: skip
    assert {event.attempt for event in events if isinstance(event, RetryWait)} == {1, 2}


def test_the_attempts_are_counted() -> None:
    service = Service([BUSY], [BUSY], [BUSY], [BUSY])
    events, error = ask(service, 3)
    assert error is BUSY
    assert service.asked == 3
    assert not isinstance(events[-1], MessageStop)
    service = Service([BUSY])
    assert ask(service, 1) == ([], BUSY)


@pytest.mark.parametrize(
    "shown",
    [
        TextDelta("a"),
        ThinkingDelta("a"),
        InputDelta("{"),
        BlockStart(0, {"type": "server_tool_use"}),
    ],
)
def test_what_was_shown_is_never_sent_again(shown: StreamEvent) -> None:
    service = Service([shown, BUSY])
    events, error = ask(service)
    assert events == [shown]
    assert error is BUSY


def test_a_block_that_opened_empty_was_not_shown() -> None:
    bare = BlockStart(0, {"type": "text", "text": ""})
    service = Service([bare, BUSY], [MessageStop()])
    assert ask(service)[1] is None


@pytest.mark.parametrize(
    "error", [busy(retryable=False), busy(60.1), ApiError(ApiErrorKind.SPEND_LIMIT, "No.")]
)
def test_what_waiting_does_not_mend_is_not_waited_for(error: ApiError) -> None:
    service = Service([error])
    assert ask(service) == ([], error)


def test_cancelling_ends_the_wait_at_once() -> None:
    async def work() -> None:
        service = Service([busy(60)], [MessageStop()])
        task = asyncio.ensure_future(collect(with_retries(service.send, attempts=5)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert service.asked == 1

    run(work())


def test_leaving_closes_the_stream() -> None:
    async def work() -> None:
        service = Service([TextDelta("a"), TextDelta("b")])
        stream = with_retries(service.send, attempts=5)
        await anext(stream)
        await stream.aclose()
        assert service.open == 0

    run(work())
