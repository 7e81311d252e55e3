"""Connections that requests share, without an HTTP library: where a plain one would do.

A reply that comes in hundreds of pieces costs more in the libraries' layers than in ours. What
comes within a moment is taken at once: too short a moment for who reads along to notice.
"""

import asyncio
import select
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from chatrepl.api.address import for_model
from chatrepl.api.headstart.answer import FAULTS, events_from
from chatrepl.api.headstart.framing import HEAD_END, Framing, Head, framing_of, head_of
from chatrepl.api.headstart.start import head_start, not_in_time
from chatrepl.api.headstart.wire import PlainRequest, is_direct, trusted
from chatrepl.api.outgoing import (
    CONNECT_TIMEOUT_S,
    beta_header,
    patience,
    socket_options,
    streaming,
)
from chatrepl.api.reader import ReadLimits
from chatrepl.api.route import Route
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import StreamEvent
from chatrepl.core.exchange.request import Request

if TYPE_CHECKING:  # most have no proxy
    from chatrepl.api.headstart.tunnel import Tunnel

Heard = Callable[[int, Mapping[str, str]], None]
_KEEP_S: Final = 600.0
_AT_ONCE: Final = 65_536
_MOST_LOOKS: Final = 8
_MOST_WAITING: Final = 1_048_576
_MOST_HEAD: Final = 65_536
_OPENED: Final = 200
_SHARE: Final = 0.1  # of the time that an answer comes already, its next piece may take
_MOMENT_S: Final = 0.075  # so long a picture stays on the screen; eyes see no difference
_PAGE_BYTES: Final = 16_384


def unheard(_status: int, _headers: Mapping[str, str]) -> None:
    """Hear an answer for nobody."""


class _Line(asyncio.Protocol):
    """One connection, and what came on it."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.came = bytearray()
        self.over = False
        self.idle_since = 0.0
        self._is_sealed = False
        self._fault: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._is_sealed = transport.get_extra_info("sslcontext") is not None

    async def head(self, data: bytes = b"") -> tuple[Head, bytes]:
        """Read the head of an answer that begins with `data`; give what came behind it, too.

        Raises OSError or EOFError where there is none.
        """
        while (end := HEAD_END.search(data)) is None:
            if len(data) > _MOST_HEAD:
                raise EOFError("a head without an end")
            if not (piece := await self.more()):
                raise EOFError("no answer")
            data += piece
        return head_of(data[: end.start()]), data[end.end() :]

    def data_received(self, data: bytes) -> None:
        self.came += data
        if len(self.came) > _MOST_WAITING:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self.over = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.over, self._fault = True, exc
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _rest(self) -> None:
        self.transport.pause_reading()
        if self._is_sealed:  # what is below TLS would read on, and wake us
            self.transport.set_read_buffer_limits(1)  # type: ignore[attr-defined]  # TLS has it

    def _go_on(self) -> None:
        if self._is_sealed:  # half a record is to be read on, whatever its length
            self.transport.set_read_buffer_limits()  # type: ignore[attr-defined]
        self.transport.resume_reading()

    async def is_idle(self) -> bool:
        """Tell whether it is open and nothing came on it, also of what was not looked at yet."""
        for _ in range(_MOST_LOOKS):
            if self.over or self.came:
                return False
            if not self._has_unseen():
                return True
            await asyncio.sleep(0)  # the loop reads it: TLS has words of its own
        return False

    def _has_unseen(self) -> bool:
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    async def more(self, rest_s: float = 0.0) -> bytes:
        """Give what came, else what comes after a rest; nothing at the end. Raises OSError."""
        loop = asyncio.get_running_loop()
        if rest_s:  # a rest of the socket, not of who waits: one turn of the loop less
            self._rest()
            loop.call_later(rest_s, self._go_on)
        else:
            self._go_on()
        if not self.came and not self.over:
            self._waiting = loop.create_future()
            await self._waiting
        if not self.came and self._fault is not None:
            raise self._fault
        data = bytes(self.came)
        self.came.clear()
        return data


class KeptConnections:
    """The connections along a route; `heard` is told the status and headers of every answer.

    Where it `joins`, texts that came at once are one event.
    """

    def __init__(self, route: Route, heard: Heard = unheard, *, joins: bool = True) -> None:
        self.route = route
        self._joins = joins
        self._start, self._heard = head_start(route), heard
        self._idle: list[_Line] = []
        self._written: dict[tuple[str, ...], PlainRequest | None] = {}
        self._context: ssl.SSLContext | None = None
        self._tunnel: Tunnel | None = None
        self._way_is_known = is_direct() or self._looked_for_a_way()
        self._closed = False

    @property
    def are_plain(self) -> bool:
        """Whether requests may go this way at all."""
        return self._plain() is not None

    async def open(self) -> bool:
        """Open a connection that the next request will find open; tell whether one came about."""
        if (plain := self._plain()) is None or (line := await self._line(plain)) is None:
            return False
        self._keep(line)
        return True

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None] | None:
        """Send a request and give what comes; None where nothing was sent. Raises ApiError."""
        plain = self._plain(request)
        line = None if plain is None else await self._line(plain)
        if plain is None or line is None:
            return None
        body = streaming(request)
        fields = "".join(f"{name}: {value}\r\n" for name, value in plain.headers)
        head = f"POST {plain.target} HTTP/1.1\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
        line.transport.write(head.encode() + body[:_AT_ONCE])
        line.transport.write(memoryview(body)[_AT_ONCE:])  # a large one is not copied
        timeout_s = self.route.timeout_s
        return await events_from(
            KeptAnswer(line, self._heard, self._keep),
            for_model(self.route.origin, request.model),
            patience(timeout_s, body),
            ReadLimits(timeout_s, joined=self._joins),
        )

    def close(self) -> None:
        """Close what is open; what is in use, when it is read."""
        self._closed = True
        while self._idle:
            self._idle.pop().transport.abort()

    def _keep(self, line: _Line) -> None:
        if self._closed:
            line.transport.abort()
            return
        line.idle_since = time.monotonic()
        self._idle.append(line)

    def _plain(self, request: Request | None = None) -> PlainRequest | None:
        betas = () if request is None else request.betas
        if betas not in self._written:
            self._written[betas] = self._without_length(request)
        return self._written[betas]

    def _without_length(self, request: Request | None) -> PlainRequest | None:
        if (start := self._start) is None:
            return None
        if request is not None:
            headers = {**start.headers, **beta_header(request, start.headers)}
            start = replace(start, headers=headers)
        plain = start.plain(b"", way_is_known=self._way_is_known)
        return plain and replace(plain, headers=plain.headers[:-1])  # its length comes at last

    async def _line(self, plain: PlainRequest) -> _Line | None:
        """Give an open connection; None where none comes about. Raises ApiError."""
        now = time.monotonic()
        while self._idle:
            line = self._idle.pop()
            if now - line.idle_since <= _KEEP_S and await line.is_idle():
                return line
            line.transport.abort()
        try:
            return await self._connect(plain)
        except TimeoutError:
            if (tunnel := self._tunnel) is None:
                raise not_in_time(self.route.origin) from None
            words = f"The proxy {tunnel.proxy} did not answer in time."
            raise ApiError(ApiErrorKind.TIMEOUT, words, tunnel.proxy.hint) from None
        except FAULTS.raised:  # the HTTP client has words for why
            return None

    async def _connect(self, plain: PlainRequest) -> _Line | None:
        if plain.scheme == "https" and self._context is None:
            self._context = await asyncio.to_thread(trusted)  # it takes a while
            if self._context is None:
                return None
        async with asyncio.timeout(min(CONNECT_TIMEOUT_S, self.route.timeout_s)):
            tunnel, context = self._tunnel, self._context
            if tunnel is None or context is None:
                line = await _opened(plain.host, plain.port, context)
            else:
                line = await _opened(tunnel.host, tunnel.port, None)
                await _lead_through(line, tunnel, plain, context)
        for option in socket_options():
            line.transport.get_extra_info("socket").setsockopt(*option)
        return line

    def _looked_for_a_way(self) -> bool:
        from chatrepl.api.headstart.tunnel import way_to

        way = way_to(self.route.url)
        self._tunnel = None if way is None else way.tunnel
        return way is not None


async def _opened(host: str, port: int, context: ssl.SSLContext | None) -> _Line:
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(
        _Line, host, port, ssl=context, happy_eyeballs_delay=0.25
    )
    return line


async def _lead_through(
    line: _Line, tunnel: "Tunnel", plain: PlainRequest, context: ssl.SSLContext
) -> None:
    """Have a proxy open the way, and seal it. Raises OSError or EOFError where it does not."""
    loop, sealed = asyncio.get_running_loop(), None
    try:
        line.transport.write(tunnel.opening(plain.host, plain.port))
        head, rest = await line.head()
        if head.status == _OPENED and not rest:
            sealed = await loop.start_tls(line.transport, line, context, server_hostname=plain.host)
    finally:
        if sealed is None:
            line.transport.abort()
    if sealed is None:
        raise EOFError("the proxy opens no way")
    line.connection_made(sealed)


class KeptAnswer:
    """An open answer on a connection that is kept when it was read to its end."""

    def __init__(self, line: _Line, heard: Heard, keep: Callable[[_Line], None]) -> None:
        self.status_code = 0
        self.headers: Mapping[str, str] = {}
        self._line, self._heard, self._keep = line, heard, keep
        self._framing: Framing | None = None
        self._rest = b""
        self._begun_at = 0.0

    async def begin(self) -> None:
        """Read the answer's head. Raises OSError or EOFError where there is none."""
        head, self._rest = await self._line.head()
        while head.status < 200:  # an interim answer
            head, self._rest = await self._line.head(self._rest)
        self.status_code, self.headers = head.status, head.headers
        self._framing = framing_of(head)
        self._begun_at = time.monotonic()
        self._heard(head.status, head.headers)

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Yield the content. Raises OSError or EOFError where it breaks off."""
        framing = self._framing
        if framing is None:
            return
        data, self._rest = self._rest, b""
        while True:
            if data and (content := framing.feed(data)):
                yield content
            if framing.ended:
                return
            if not (data := await self._line.more(self._rest_s(len(data)))):
                framing.end()
                return

    def _rest_s(self, came: int) -> float:
        """Tell how long to let things come: not at first, and not where they come by the page."""
        if came > _PAGE_BYTES:
            return 0.0
        return min((time.monotonic() - self._begun_at) * _SHARE, _MOMENT_S)

    async def aclose(self) -> None:
        """Keep the connection where nothing more is to come on it, else close it at once."""
        line, framing = self._line, self._framing
        if framing is not None and framing.ended and framing.is_kept and not line.over:
            self._keep(line)
        else:
            line.transport.abort()
