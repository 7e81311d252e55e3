"""Connections that many requests share, without an HTTP library: where a plain one would do.

A request of many costs more in the libraries' layers than in ours, the more so as its reply comes
in hundreds of pieces. Nobody reads along here, so what comes within a moment is taken at once.
"""

import asyncio
import select
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Final, cast

from chatrepl.api.address import for_model
from chatrepl.api.headstart.answer import FAULTS, events_from
from chatrepl.api.headstart.framing import Framing, Head, framing_of, head_of
from chatrepl.api.headstart.start import HeadStart
from chatrepl.api.headstart.wire import PlainRequest, trusted
from chatrepl.api.outgoing import (
    CONNECT_TIMEOUT_S,
    beta_header,
    patience,
    socket_options,
    streaming,
)
from chatrepl.api.reader import ReadLimits
from chatrepl.core.exchange.reply import StreamEvent
from chatrepl.core.exchange.request import Request

Heard = Callable[[int, Mapping[str, str]], None]
_KEEP_S: Final = 60.0
_MOST_WAITING: Final = 1_048_576
_MOST_HEAD: Final = 65_536
_SHARE: Final = 0.1  # of the time that an answer took so far, its next piece may take
_MOMENT_S: Final = 0.05


class _Line(asyncio.Protocol):
    """One connection, and what came on it."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.came = bytearray()
        self.over = False
        self.idle_since = 0.0
        self._fault: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

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

    @property
    def is_idle(self) -> bool:
        """Whether it is open and nothing came on it, also of what the loop has not seen yet."""
        if self.over or self.came:
            return False
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    async def more(self) -> bytes:
        """Give what came; nothing at the end. Raises OSError."""
        if not self.came and not self.over:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        if not self.came and self._fault is not None:
            raise self._fault
        data = bytes(self.came)
        self.came.clear()
        self.transport.resume_reading()
        return data

    async def pause(self, seconds: float) -> None:
        """Let come what comes, so long."""
        self.transport.pause_reading()
        await asyncio.sleep(seconds)
        self.transport.resume_reading()


class KeptConnections:
    """The connections along a route; `heard` is told the status and headers of every answer."""

    def __init__(self, start: HeadStart, heard: Heard) -> None:
        self.route = start.route
        self._start, self._heard = start, heard
        self._idle: list[_Line] = []
        self._written: dict[tuple[str, ...], PlainRequest | None] = {}

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None] | None:
        """Send a request and give what comes; None where nothing was sent. Raises ApiError."""
        plain = self._plain(request)
        line = None if plain is None else await self._line(plain)
        if plain is None or line is None:
            return None
        body = streaming(request)
        fields = "".join(f"{name}: {value}\r\n" for name, value in plain.headers)
        head = f"POST {plain.target} HTTP/1.1\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
        line.transport.write(head.encode() + body)
        timeout_s = self.route.timeout_s
        return await events_from(
            KeptAnswer(line, self._heard, self._idle),
            for_model(self.route.origin, request.model),
            patience(timeout_s, body),
            ReadLimits(timeout_s, joined=True),
        )

    def close(self) -> None:
        """Close what is open."""
        while self._idle:
            self._idle.pop().transport.abort()

    def _plain(self, request: Request) -> PlainRequest | None:
        if request.betas not in self._written:
            betas = beta_header(request, self._start.headers)
            start = replace(self._start, headers={**self._start.headers, **betas})
            if (plain := start.plain(b"")) is not None:
                plain = replace(plain, headers=plain.headers[:-1])  # its length comes at last
            self._written[request.betas] = plain
        return self._written[request.betas]

    async def _line(self, plain: PlainRequest) -> _Line | None:
        """Give an open connection; None where none comes about."""
        now = time.monotonic()
        while self._idle:
            line = self._idle.pop()
            if line.is_idle and now - line.idle_since <= _KEEP_S:
                return line
            line.transport.abort()
        context = trusted() if plain.scheme == "https" else None
        if plain.scheme == "https" and context is None:
            return None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(min(CONNECT_TIMEOUT_S, self.route.timeout_s)):
                transport, line = await loop.create_connection(
                    _Line, plain.host, plain.port, ssl=context, happy_eyeballs_delay=0.25
                )
            for option in socket_options():
                transport.get_extra_info("socket").setsockopt(*option)
        except FAULTS.raised:  # the HTTP client has words for why
            return None
        return line


class KeptAnswer:
    """An open answer on a connection that is kept when it was read to its end."""

    def __init__(self, line: _Line, heard: Heard, idle: list[_Line]) -> None:
        self.status_code = 0
        self.headers: Mapping[str, str] = {}
        self._line, self._heard, self._idle = line, heard, idle
        self._framing: Framing | None = None
        self._rest = b""
        self._begun_at = time.monotonic()

    async def begin(self) -> None:
        """Read the answer's head. Raises OSError or EOFError where there is none."""
        head = await self._head()
        while head.status < 200:  # an interim answer
            head = await self._head()
        self.status_code, self.headers = head.status, head.headers
        self._framing = framing_of(head)
        self._heard(head.status, head.headers)

    async def _head(self) -> Head:
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            if len(data) > _MOST_HEAD:
                raise EOFError("a head without an end")
            if not (piece := await self._line.more()):
                raise EOFError("no answer")
            data += piece
        self._rest = data[end + 4 :]
        return head_of(data[:end])

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
            if data:
                took_s = time.monotonic() - self._begun_at
                await self._line.pause(min(took_s * _SHARE, _MOMENT_S))
            if not (data := await self._line.more()):
                framing.end()
                return

    async def aclose(self) -> None:
        """Keep the connection where nothing more is to come on it, else close it at once."""
        line, framing = self._line, self._framing
        if framing is not None and framing.ended and framing.is_kept and not line.over:
            line.idle_since = time.monotonic()
            self._idle.append(line)
        else:
            line.transport.abort()
