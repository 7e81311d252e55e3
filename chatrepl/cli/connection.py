"""The line to the service: which one, with what credentials, and how patiently.

Event loops that can be left at any time.

Names are looked up in threads, which nothing can stop: a loop of asyncio's own would wait at its
end until a name server that is away has been given up, half a minute after Ctrl-C.
"""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from chatrepl.api.connect import Route, connect, demo_route, open_http, plan_route
from chatrepl.api.credentials import find, missing
from chatrepl.api.headstart.start import HeadStart, Streams
from chatrepl.api.retry import with_retries
from chatrepl.core.errors import ChatreplError
from chatrepl.core.exchange.reply import StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.settings import Settings
from chatrepl.startup.lazy import Warmup

if TYPE_CHECKING:
    import httpx2

    from chatrepl.api.client import Client


DEMO_PACE: Final = 120.0
_POLL_S: Final = 0.005


@dataclass(slots=True)
class Connection:
    """One service for the whole session. `client` is made in the background when it is started."""

    route: Route
    line: "LazyConnection"
    client: "Warmup[Client]"
    first: Streams | None
    retries: int

    @property
    def http(self) -> "httpx2.AsyncClient":
        """The HTTP client; it is made when it is first wanted."""
        return self.line.http()

    async def close(self) -> None:
        """Close what is open."""
        if self.line.opened is not None:
            await self.line.opened.aclose()

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Send a request and yield what comes; passing failures are waited out."""
        source = self.first or _Late(self.client)
        events = with_retries(lambda: source.stream(request), attempts=self.retries + 1)
        async with aclosing(events):
            async for event in events:
                yield event

    async def count(self, request: Request) -> int:
        """Ask the service how many tokens a request's input has."""
        return await (await _made(self.client)).count_tokens(request)

    async def warm(self) -> None:
        """Greet the service while there is nothing to send yet, where a greeting takes time.

        The connection serves the event loop that this runs in. Never fails.
        """
        if not self.route.url.startswith("https:"):
            return
        if isinstance(self.first, HeadStart):
            await self.first.warm()
            return
        with suppress(ChatreplError):  # a turn will say what is wrong
            await (await _made(self.client)).warm()


@dataclass(slots=True)
class LazyConnection:
    """The HTTP client of a route, made once."""

    route: Route
    transport: "httpx2.AsyncBaseTransport | None" = None
    opened: "httpx2.AsyncClient | None" = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def http(self) -> "httpx2.AsyncClient":
        """Give the client. Raises ConfigError where the environment spoils it."""
        with self.lock:
            if self.opened is None:
                self.opened = open_http(self.route, self.transport)
            return self.opened


@dataclass(slots=True)
class _Late:
    """The client, as soon as it is there."""

    client: "Warmup[Client]"

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        client = await _made(self.client)
        async with aclosing(client.stream(request)) as events:
            async for event in events:
                yield event


async def _made(client: "Warmup[Client]") -> "Client":
    """Wait for the client; Esc and Ctrl-C leave at once, which a waiting thread would not."""
    client.start()
    while not client.ready:
        await asyncio.sleep(_POLL_S)
    return client.result()


def has_credentials(settings: Settings) -> bool:
    """Tell whether there is anything to prove who asks with."""
    return find(settings, os.environ) is not None


def open_connection(settings: Settings, *, demo: bool, single: bool) -> Connection:
    """Settle where requests go. Raises ApiError with exit code 3 where there are no credentials."""
    transport: httpx2.AsyncBaseTransport | None = None
    if demo:
        route = demo_route(settings)
        transport = _demo_transport(pace=DEMO_PACE if not single else 0.0)
    else:
        found = find(settings, os.environ)
        if found is None:
            raise missing()
        route = plan_route(settings, found)
    line = LazyConnection(route, transport)
    client = Warmup(lambda: connect(route, http=line.http()))
    first = HeadStart(route, line.http, client) if single and settings.head_start else None
    if first is None or not first.light:
        line.http()
    return Connection(route, line, client, first, settings.retries)


def _demo_transport(pace: float) -> "httpx2.AsyncBaseTransport":
    from chatrepl.demo.engine import Engine
    from chatrepl.demo.transport import DemoTransport

    return DemoTransport(Engine(pace=pace))


class _Leaving(ThreadPoolExecutor):
    """Threads that nobody waits for at the end: what they find out is of no use any more."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        del wait, cancel_futures
        super().shutdown(wait=False, cancel_futures=True)


def new_runner() -> asyncio.Runner:
    """Make a runner for one shell; leaving it waits for no thread."""
    return asyncio.Runner(loop_factory=_new_loop)


def _new_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_Leaving(thread_name_prefix="lookup"))
    return loop
