"""Send a single shot's request before the SDK is loaded.

Importing the SDK takes about a second. The request it would send is known to the byte, so it
leaves at once, where it is plain even before the HTTP client is loaded. What comes back goes
through the same reader and the same words for errors as everything else. Anything out of the
ordinary, and every request after the first, is left to the SDK, which is loaded when it is first
needed.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, Protocol

from chatrepl.api.address import for_model
from chatrepl.api.connect import DEMO, Route
from chatrepl.api.headstart.headers import sdk_headers
from chatrepl.api.headstart.wire import plain
from chatrepl.api.outgoing import CONNECT_TIMEOUT_S, MESSAGES, SLACK_S, patience, streaming
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import StreamEvent
from chatrepl.core.exchange.request import Request

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

    from chatrepl.api.headstart.wire import RawAnswer

_POLL_S: Final = 0.005
_PLAIN: Final = frozenset({"key", "token", "open"})


class Streams(Protocol):
    """What sends requests: the client, or something that stands in for it."""

    def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]: ...


class Later(Protocol):
    """Something that is made in the background."""

    @property
    def ready(self) -> bool: ...
    def start(self) -> None: ...
    def result(self) -> Streams: ...


class HeadStart:
    """Stand in for the client: the first request leaves at once, later ones through the SDK."""

    def __init__(self, route: Route, http: "Callable[[], AsyncClient]", client: Later) -> None:
        """`client` makes the real one, on the HTTP client that `http` opens."""
        self._route = route
        self._http = http
        self._client = client
        self._headers = _headers(route)
        self._warm = route.credentials == DEMO

    @property
    def possible(self) -> bool:
        """Whether the next request leaves without the SDK."""
        return self._headers is not None

    @property
    def light(self) -> bool:
        """Whether the next request leaves without the HTTP client too, unless it is unusual."""
        headers = None if self._warm else self._headers
        return headers is not None and plain(self._url, MESSAGES, headers, b"") is not None

    @property
    def _url(self) -> str:
        return self._route.url.rstrip("/")

    async def warm(self) -> None:
        """Open the connection, before there is anything to send. Never fails."""
        if self._headers is None:
            self._client.start()
            return
        from chatrepl.api.http import open_connection

        self._warm = True
        await open_connection(self._http(), self._route.url)

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Send a request and yield what comes, as the client does."""
        headers, self._headers = self._headers, None
        if headers is None:
            events = (await self._loaded()).stream(request)
        else:
            events = self._send(request, headers)
        async with aclosing(events):
            try:
                async for event in events:
                    yield event
            except ApiError as error:
                if error.retryable:
                    self._client.start()
                raise

    async def _loaded(self) -> Streams:
        """Wait for the client; cancelling leaves at once, which a waiting thread would not."""
        self._client.start()
        while not self._client.ready:
            await asyncio.sleep(_POLL_S)
        return self._client.result()

    async def _send(
        self, request: Request, headers: dict[str, str]
    ) -> AsyncGenerator[StreamEvent, None]:
        origin = for_model(self._route.origin, request.model)
        body = streaming(request)
        seconds = patience(self._route.timeout_s, body)
        try:
            async with asyncio.timeout(seconds):
                answer = await self._answer(headers, body)
                status = answer.status_code
                content = b"" if _succeeds(status) else await _whole(answer)
        except TimeoutError:
            from chatrepl.api.errors.exceptions import timed_out

            raise timed_out(origin, seconds, begun=False) from None
        except _sending_faults() as error:
            from chatrepl.api.errors.exceptions import from_exception

            raise from_exception(error, origin) from error
        from chatrepl.api.errors.answers import from_answer
        from chatrepl.api.reader import ReadLimits, read_reply

        if not _succeeds(status):
            raise from_answer(status, answer.headers, content, origin)
        limits = ReadLimits(self._route.timeout_s)
        async with aclosing(read_reply(answer, origin, limits)) as events:
            async for event in events:
                yield event

    async def _answer(self, headers: dict[str, str], body: bytes) -> "Response | RawAnswer":
        """Send the request and give the open answer, without the HTTP client where that can be."""
        ahead = None if self._warm else plain(self._url, MESSAGES, headers, body)
        reply = None
        if ahead is not None:
            reply = await ahead.send(min(CONNECT_TIMEOUT_S, self._route.timeout_s))
        if reply is not None:
            await _begin(reply)
        if reply is not None and not reply.headers.get("content-encoding"):
            return reply
        if reply is not None:
            return _unpacked(reply)
        http = self._http()
        post = http.build_request("POST", self._url + MESSAGES, headers=headers, content=body)
        return await http.send(post, stream=True)


async def _begin(reply: "RawAnswer") -> None:
    """Wait for the answer's head, and load meanwhile what reads the rest."""
    try:
        import chatrepl.api.errors.answers
        import chatrepl.api.reader  # noqa: F401

        await reply.begin()
    except BaseException:
        await reply.aclose()
        raise


def _unpacked(reply: "RawAnswer") -> "Response":
    """Have the HTTP client undo the encoding of an answer's content."""
    import httpx2

    class Content(httpx2.AsyncByteStream):
        def __aiter__(self) -> AsyncIterator[bytes]:
            return reply.aiter_bytes()

        async def aclose(self) -> None:
            await reply.aclose()

    return httpx2.Response(reply.status_code, headers=dict(reply.headers), stream=Content())


def _succeeds(status: int) -> bool:
    return 200 <= status < 300


async def _whole(answer: "Response | RawAnswer") -> bytes:
    try:
        return b"".join([chunk async for chunk in answer.aiter_bytes()])
    finally:
        await answer.aclose()


def _sending_faults() -> tuple[type[Exception], ...]:
    from chatrepl.api.reader import body_faults

    http = sys.modules.get("httpx2")
    return body_faults() if http is None else (*body_faults(), http.InvalidURL)


def _headers(route: Route) -> dict[str, str] | None:
    if route.credentials.kind not in _PLAIN or route.custom:
        return None
    headers = sdk_headers(route.credentials.secret, route.timeout_s + SLACK_S)
    if headers is None:
        return None
    return headers | {name.lower(): value for name, value in route.headers.items()}
