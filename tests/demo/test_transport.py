import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import anthropic
import httpx2
import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.transport import DemoTransport
from tests.demo.helpers import NEW, engine

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def client(on: Engine, key: str = "demo", **more: Any) -> anthropic.AsyncAnthropic:
    http = anthropic.DefaultAsyncHttpxClient(transport=DemoTransport(on))
    return anthropic.AsyncAnthropic(api_key=key, max_retries=0, http_client=http, **more)


async def _stream(on: Engine, words: str, **more: Any) -> Any:
    async with client(on, **more) as api:
        asked: Any = {"role": "user", "content": words}
        async with api.messages.stream(model=NEW, max_tokens=4000, messages=[asked]) as stream:
            async for _ in stream:
                pass
            return await stream.get_final_message()


def test_the_sdk_streams_an_answer_without_a_socket() -> None:
    message = run(_stream(engine(), "hello"))
    assert message.stop_reason == "end_turn"
    assert "Hello" in message.content[-1].text
    assert message.usage.output_tokens > 10


def test_the_sdk_reads_an_answer_that_is_not_streamed_and_the_models() -> None:
    async def work() -> None:
        async with client(engine()) as api:
            asked: Any = {"role": "user", "content": "code"}
            message = await api.messages.create(model=NEW, max_tokens=900, messages=[asked])
            assert message.type == "message"
            assert message._request_id
            counted = await api.messages.count_tokens(model=NEW, messages=[asked])
            assert counted.input_tokens == message.usage.input_tokens
            found = [model async for model in await api.models.list(limit=3)]
            assert len(found) >= 14
            assert all(model.capabilities for model in found)
            assert (await api.models.retrieve(NEW)).max_input_tokens == 1_000_000

    run(work())


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("demo: error 429", anthropic.RateLimitError),
        ("demo: error 529", anthropic.APIStatusError),
        ("demo: error refused", anthropic.APIConnectionError),
        ("demo: error silence", anthropic.APITimeoutError),
        ("demo: stream torn", httpx2.RemoteProtocolError),
        ("demo: stream reset", httpx2.ReadError),
        ("demo: stream stall", httpx2.ReadTimeout),
        ("demo: slow 9", anthropic.APITimeoutError),
        ("demo: pace 0.01", httpx2.ReadTimeout),
        ("demo: stream error", anthropic.APIStatusError),
        ("demo: stream bad-json", ValueError),
        ("demo: stream bad-utf8", ValueError),
    ],
)
def test_trouble_comes_as_the_sdk_reports_it(words: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        run(_stream(engine(), words, timeout=0.05))


def test_a_reply_that_ends_too_early_has_no_stop_reason() -> None:
    assert run(_stream(engine(), "demo: stream cut")).stop_reason is None


def test_a_bad_key_is_refused() -> None:
    for key, error in (
        ("bad", anthropic.AuthenticationError),
        ("forbidden", anthropic.PermissionDeniedError),
    ):
        with pytest.raises(error):
            run(_stream(engine(), "hello", key=key))


def test_waiting_ends_when_the_client_gives_up() -> None:
    async def work(words: str) -> None:
        task = asyncio.ensure_future(_stream(engine(), words))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    for words in ("demo: slow 60", "demo: error headers", "demo: stream stall", "demo: pace 1"):
        run(work(words))


def test_the_pace_is_the_time_between_the_deltas(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    on = engine(pace=50)
    monkeypatch.setattr("chatrepl.demo.transport.asyncio.sleep", sleep)
    message = run(_stream(on, "demo: long 4000"))
    assert len(message.content[-1].text) == 4000
    assert sum(waits) == pytest.approx(4000 / 4 / 50, rel=0.1)
