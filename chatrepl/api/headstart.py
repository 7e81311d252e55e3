"""Send a single shot's request before the SDK is loaded.

Importing the SDK takes about a second. The request it would send is known to the byte, so it
leaves at once through the same HTTP client; what comes back goes through the same reader and the
same words for errors as everything else. Anything out of the ordinary, and every request after
the first, is left to the SDK, which is loaded when it is first needed.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, Protocol

import httpx2

from chatrepl.api.connect import Route
from chatrepl.api.errors import from_answer
from chatrepl.api.faults import from_exception, timed_out
from chatrepl.api.http import open_connection
from chatrepl.api.origin import for_model
from chatrepl.api.reader import BODY_FAULTS, Limits, read_reply
from chatrepl.api.sdkheaders import sdk_headers
from chatrepl.api.sending import MESSAGES, patience, streaming
from chatrepl.core.errors import ApiError
from chatrepl.core.events import StreamEvent
from chatrepl.core.request import Request

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

    def __init__(self, route: Route, http: httpx2.AsyncClient, client: Later) -> None:
        """`client` makes the real one, on the same HTTP client."""
        self._route = route
        self._http = http
        self._client = client
        self._headers = _headers(route, http)

    @property
    def possible(self) -> bool:
        """Whether the next request leaves without the SDK."""
        return self._headers is not None

    async def warm(self) -> None:
        """Open the connection, before there is anything to send. Never fails."""
        if self._headers is None:
            self._client.start()
            return
        await open_connection(self._http, self._route.url)

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
        limits = Limits(self._route.timeout_s)
        origin = for_model(self._route.origin, request.model)
        body = streaming(request)
        seconds = patience(limits, body)
        try:
            async with asyncio.timeout(seconds):
                url = self._route.url.rstrip("/") + MESSAGES
                post = self._http.build_request("POST", url, headers=headers, content=body)
                response = await self._http.send(post, stream=True)
                if not response.is_success:
                    await response.aread()
        except TimeoutError:
            raise timed_out(origin, seconds, begun=False) from None
        except (*BODY_FAULTS, httpx2.InvalidURL) as error:
            raise from_exception(error, origin) from error
        if not response.is_success:
            raise from_answer(response.status_code, response.headers, response.content, origin)
        async with aclosing(read_reply(response, origin, limits)) as events:
            async for event in events:
                yield event


def _headers(route: Route, http: httpx2.AsyncClient) -> dict[str, str] | None:
    if route.credentials.kind not in _PLAIN or route.custom or http.timeout.read is None:
        return None
    headers = sdk_headers(route.credentials.secret, http.timeout.read)
    if headers is None:
        return None
    return headers | {name.lower(): value for name, value in route.headers.items()}
