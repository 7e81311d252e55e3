"""A connection to one service: requests in, our events and our errors out.

A carrier makes the requests: plainly, where it is known to the byte what the SDK would send, or the
SDK itself. What comes back is read by `reader.py`, since a torn or odd stream is to keep what came.
"""

from collections.abc import (
    AsyncGenerator,
    Mapping,
)
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Final, Protocol

import httpx2

from chatrepl.api.address import Origin, for_model
from chatrepl.api.errors.exceptions import Faults, from_exception, in_words
from chatrepl.api.headstart.answer import refusal
from chatrepl.api.headstart.start import HeadStart, head_start
from chatrepl.api.http import FAULTS, open_http, timeouts
from chatrepl.api.outgoing import (
    MESSAGES,
    Upload,
    beta_header,
    counting,
    patience,
    streaming,
    without_own_tools,
)
from chatrepl.api.reader import Answer, ReadLimits, read_reply
from chatrepl.api.route import Route
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.foreign_json import counted, decode
from chatrepl.core.value import frozen

_REST_S: Final = 0.04  # less than from one picture of the screen to the next
NO_HEADERS: Final[Mapping[str, str]] = {}


class Carrier(Protocol):
    """Makes requests along a route; `faults` are what it may raise, `headers` those of each."""

    @property
    def faults(self) -> Faults: ...
    @property
    def headers(self) -> Mapping[str, str]: ...

    async def send(
        self,
        method: str,
        path: str,
        body: bytes | Upload | None,
        headers: Mapping[str, str],
        *,
        stream: bool,
    ) -> httpx2.Response: ...
    async def close(self) -> None: ...


@frozen
class PlainCarrier:
    """Sends what the SDK would, without it."""

    start: HeadStart
    http: httpx2.AsyncClient
    faults: Faults = FAULTS

    @property
    def headers(self) -> Mapping[str, str]:
        return self.start.headers

    async def send(
        self,
        method: str,
        path: str,
        body: bytes | Upload | None,
        headers: Mapping[str, str],
        *,
        stream: bool,
    ) -> httpx2.Response:
        url = self.start.route.url.rstrip("/") + path
        sent = self.http.build_request(
            method, url, content=body, headers={**self.headers, **headers}
        )
        if body is None:
            del sent.headers["content-type"]
        return await self.http.send(sent, stream=stream)

    async def close(self) -> None:
        await self.http.aclose()


class Client:
    """A connection to one service. Everything that goes wrong is an ApiError."""

    def __init__(self, carrier: Carrier, origin: Origin, limits: ReadLimits) -> None:
        self._carrier = carrier
        self._origin = origin
        self._limits = limits

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Send a request and give what comes. Leaving the iteration closes the connection."""
        origin = for_model(with_tokens_of(request, self._origin), request.model)
        betas = beta_header(request, self._carrier.headers)
        body = streaming(request)
        response = await self._send("POST", MESSAGES, body, origin, stream=True, headers=betas)
        is_far = "network_stream" in response.extensions  # what is within us waits for nothing
        limits = replace(self._limits, rest_s=_REST_S) if is_far else self._limits
        return read_reply(Answer(response, origin, FAULTS), limits)

    async def count_tokens(self, request: Request) -> int:
        """Ask the service how many tokens a request's input has.

        Where it counts none beside its own tools, they are left out: that they are refused here
        tells nothing of a request for an answer.
        """
        try:
            return await self._count(request)
        except ApiError as error:
            if (fewer := without_own_tools(request, error)) is None:
                raise
        try:
            return await self._count(fewer)
        except ApiError as error:
            if error.kind is not ApiErrorKind.INVALID:
                raise
            raise ApiError(
                ApiErrorKind.NOT_FOUND,
                "The service counts no tokens where its own tools were used.",
                "/context has an estimate.",
            ) from error

    async def _count(self, request: Request) -> int:
        origin = for_model(with_tokens_of(request, self._origin), request.model)
        betas, body = beta_header(request, self._carrier.headers), counting(request)
        response = await self._ask("POST", f"{MESSAGES}/count_tokens", body, origin, headers=betas)
        count = _read(response, origin).get("input_tokens")
        if (tokens := counted(count)) is None:
            raise _odd(origin)
        return tokens

    async def list_models(self) -> tuple[Mapping[str, Any], ...]:
        """Fetch what the service says about its models, newest first."""
        response = await self._ask("GET", "/v1/models?limit=1000", None, self._origin)
        infos = _read(response, self._origin).get("data")
        if not isinstance(infos, list):
            raise _odd(self._origin)
        return tuple(info for info in infos if isinstance(info, dict) and info.get("id"))

    @property
    def origin(self) -> Origin:
        """Who is asked."""
        return self._origin

    async def call(
        self,
        method: str,
        path: str,
        body: bytes | Upload | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Mapping[str, Any]:
        """Make a request that is no question to a model, once; give the object it answers with."""
        response = await self._send(method, path, body, self._origin, headers=headers)
        return _read(response, self._origin)

    async def lines(self, path: str, most: int) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a file as they come, each of so many bytes at most."""
        rest = b""
        async with aclosing(self.chunks(path)) as chunks:
            async for chunk in chunks:
                *lines, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else (rest + chunk,)
                for line in lines:
                    yield self._origin.hide(line)
                if len(rest) > most:
                    raise _odd(self._origin)
        if rest.strip():
            yield self._origin.hide(rest)

    async def chunks(self, path: str) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file as they come."""
        response = await self._send("GET", path, None, self._origin, stream=True)
        try:
            async for chunk in response.aiter_bytes():
                yield chunk
        except self._carrier.faults.raised as error:
            raise from_exception(error, self._origin, FAULTS, begun=True) from error
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._carrier.close()

    async def _ask(
        self, method: str, path: str, body: bytes | None, origin: Origin, **more: Any
    ) -> httpx2.Response:
        """Ask a question that costs nothing; once more where a kept connection had gone stale."""
        try:
            return await self._send(method, path, body, origin, **more)
        except ApiError as error:
            if error.kind is not ApiErrorKind.CONNECTION or not error.retryable:
                raise
        return await self._send(method, path, body, origin, **more)

    async def _send(
        self,
        method: str,
        path: str,
        body: bytes | Upload | None,
        origin: Origin,
        *,
        stream: bool = False,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> httpx2.Response:
        """Have a request made; give the open response as it is."""
        seconds = patience(self._limits.timeout_s, body or b"")
        if isinstance(body, Upload):
            headers = {**headers, "content-length": str(body.size)}
        sent = self._carrier.send(method, path, body, headers, stream=stream)
        try:
            response = await in_words(sent, origin, self._carrier.faults, seconds)
            if response.is_success:
                return response
            raise await refusal(Answer(response, origin, FAULTS))
        except ApiError as error:
            from chatrepl.api.errors.absent import of_part  # most runs see no refusal

            of_part(error, path, origin)
            raise


def _read(response: httpx2.Response, origin: Origin) -> Mapping[str, Any]:
    try:
        value = decode(origin.hide(response.content)).value
    except ValueError as error:
        raise _odd(origin) from error
    return value if isinstance(value, dict) else {}


def _odd(origin: Origin) -> ApiError:
    return ApiError(
        ApiErrorKind.STREAM,
        f"{origin.host} answered, but not as a Messages API does.",
        "Check base_url.",
        retryable=False,
    )


def with_tokens_of(request: Request, origin: Origin) -> Origin:
    """Give who is asked, who is not to repeat the tokens for other servers that a request holds."""
    if "mcp_servers" not in request.params:
        return origin
    from chatrepl.core.exchange.connector import TOKEN, connected  # few have any

    named = [server.get(TOKEN) for server in connected(request.params)]
    tokens = [token for token in named if isinstance(token, str) and token]
    return replace(origin, secrets=(*origin.secrets, *tokens))


def connect(
    route: Route,
    *,
    http: httpx2.AsyncClient | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Client:
    """Make a client. `http` is one that was already opened for this route, or a less patient one.

    Raises ApiError or ConfigError where credentials or the environment are not usable.
    """
    http = http or open_http(route, transport)
    http.timeout = timeouts(route.timeout_s)
    limits = ReadLimits(route.timeout_s)
    if (start := head_start(route)) is not None:
        return Client(PlainCarrier(start, http), route.origin, limits)
    from chatrepl.api.sdk import SdkCarrier  # takes a second to load, and 46 MiB

    carrier = SdkCarrier(route, http)
    return Client(carrier, carrier.origin, limits)
