"""What the tests of the client's side share: requests, clients, answers made by hand."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
)
from typing import Any, TypeAlias, TypeVar

import httpx2

from chatrepl.api.address import Origin
from chatrepl.api.client import Client, connect
from chatrepl.api.credentials import Credentials
from chatrepl.api.headstart.answer import events_of
from chatrepl.api.headstart.start import head_start
from chatrepl.api.http import FAULTS
from chatrepl.api.reader import Answer
from chatrepl.api.route import Route
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import Reply, StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.message import Message

T = TypeVar("T")
KEY = "sk-ant-test-0123456789abcdef"
MODEL = "claude-opus-5-5"


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def request(words: str = "hello", model: str = MODEL, **more: Any) -> Request:
    return Request(
        {"model": model, "max_tokens": 400, **more}, (Message("user", (TextBlock(words),)),)
    )


def route(url: str, timeout_s: float = 5.0, headers: Mapping[str, str] | None = None) -> Route:
    return Route(url, Credentials("key", "ANTHROPIC_API_KEY", KEY), headers or {}, timeout_s)


Events: TypeAlias = AsyncGenerator[StreamEvent, None]


async def collect(stream: Events | Awaitable[Events]) -> tuple[list[StreamEvent], ApiError | None]:
    """Return the events of a stream, or of one that is to be opened, and the error at its end."""
    came: list[StreamEvent] = []
    try:
        async for event in await stream if isinstance(stream, Awaitable) else stream:
            came.append(event)  # noqa: PERF401 - what came before an error counts
    except ApiError as error:
        return came, error
    return came, None


def reply(events: Iterable[StreamEvent]) -> Reply:
    made = Reply()
    for event in events:
        made = made.apply(event)
    return made


async def ask(
    on: Route, words: str, transport: httpx2.AsyncBaseTransport | None = None
) -> tuple[list[StreamEvent], ApiError | None]:
    """Send one request through a new client."""
    client = connect(on, transport=transport)
    try:
        return await collect(client.stream(request(words)))
    finally:
        await client.aclose()


async def ahead(on: Route, asked: Request, http: httpx2.AsyncClient, *, at_once: bool) -> Events:
    """Send a request without the SDK; `at_once` without the HTTP client, too."""
    first = head_start(on)
    assert first is not None
    return await events_of(await first.send(asked, at_once=at_once), lambda: http)


class Body:
    """An open answer made by hand: its chunks, then perhaps an exception."""

    def __init__(
        self, *chunks: bytes | BaseException, content_type: str = "text/event-stream"
    ) -> None:
        self.status_code = 200
        self.headers: Mapping[str, str] = {
            "content-type": content_type,
            "request-id": "req_1",
        }
        self._chunks = chunks
        self.closed = False

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        self.closed = True

    def answer(self, origin: Origin) -> Answer:
        return Answer(self, origin, FAULTS)


def client_of(answer: Callable[[httpx2.Request], Any], url: str = "https://api.test") -> Client:
    """A client whose service is a function."""
    return connect(route(url), transport=httpx2.MockTransport(answer))
