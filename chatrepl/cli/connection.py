"""The connection to the service: which one, with what credentials, and how patiently."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from chatrepl.api.credentials import find, missing
from chatrepl.api.headstart.start import HeadStart, head_start
from chatrepl.api.retry import with_retries
from chatrepl.api.route import DEMO, FIRST_VERSION, Route, demo_route, plan_route
from chatrepl.cli.learned import LearnedFiles, learned_files
from chatrepl.cli.loop import hush
from chatrepl.core.catalog import ALL_MODELS
from chatrepl.core.errors import ApiError, ChatreplError
from chatrepl.core.exchange.reply import StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.settings import Settings
from chatrepl.core.value import replace
from chatrepl.session.session import Session
from chatrepl.session.till import Till
from chatrepl.startup.lazy import Lazy
from chatrepl.startup.meanwhile import load_what_writes
from chatrepl.storage.paths import find_folders

if TYPE_CHECKING:
    import httpx2

    from chatrepl.api.client import Client
    from chatrepl.api.headstart.kept import Heard, KeptConnections


DEMO_PACE: Final = 120.0
_CONNECTS: Final = "mcp_servers"
_UNPROVEN: Final = frozenset({None, 401, 403})
Answered = TypeVar("Answered")


@dataclass(slots=True)
class Connection:
    """One service for the whole session.

    The HTTP client (`opened`) and `client` are made when they are wanted; the first request leaves
    by `first`, if there is one, and so do all that leave at once with it (`firsts`).
    What is plain leaves by connections of our `own`, the rest by `client`.
    """

    route: Route
    opened: "Lazy[httpx2.AsyncClient]"
    client: "Lazy[Client]"
    first: HeadStart | None
    retries: int
    learned: LearnedFiles
    firsts: int = 1
    till: Till | None = None
    heard: "Heard | None" = None
    joins: bool = True  # what comes at once may be one event
    own: "Lazy[KeptConnections]" = field(init=False)
    session: Session | None = None
    tokens: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.own = self._connections()

    @property
    def http(self) -> "httpx2.AsyncClient":
        """The HTTP client."""
        return self.opened.result()

    @property
    def is_demo(self) -> bool:
        """Whether the embedded engine answers."""
        return self.route.credentials == DEMO

    async def close(self) -> None:
        """Close what is open."""
        if self.own.ready:
            self.own.result().close()
        if self.opened.ready:
            with suppress(ChatreplError):  # it could not be opened, and that was said
                await self.http.aclose()

    def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Send a request and yield what comes; what it takes is entered in the ledger."""
        if self.till is None:
            return self._answer(request)
        return self.till.stream(request, self._answer)

    def _answer(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Send a request and yield what comes; passing failures are waited out."""
        retries = self.session.settings.retries if self.session is not None else self.retries
        return with_retries(
            lambda: self._proven(lambda: self._send(request)),
            attempts=retries + 1,
            sleep=self._wait,
        )

    def keep_account(self, session: Session) -> None:
        """Enter in the ledger what `session` asks from now on; the demo costs nothing."""
        self.session = session
        if self.is_demo:
            from chatrepl.demo.guide import HELP  # a chat with a service does without

            session.equip(guide=HELP)
            return
        self.till = Till(session, find_folders(os.environ).state, self.count)

    def once(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Send a request and yield what comes; who asks waits out failures by itself."""
        if self.till is None:
            return self._once(request)
        return self.till.stream(request, self._once)

    async def _once(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        async with aclosing(await self._proven(lambda: self._send(request))) as events:
            async for event in events:
                yield event

    def listen(self, heard: "Heard") -> None:
        """Let somebody hear the status and the headers of all answers. Raises ConfigError."""
        opened, self.heard = self.opened, heard

        def listened() -> "httpx2.AsyncClient":
            from chatrepl.api.http import listen

            listen(opened.result(), heard)
            return opened.result()

        route, self.opened = self.route, Lazy(listened)
        self.client = Lazy(lambda: new_client(route, self.http))
        self.own = self._connections()
        if not self._own().are_plain:
            self.opened.result()

    def load(self) -> None:
        """Begin to load in the background what the first turn needs."""
        self.own.start()
        if self.opened.ready:  # not all is plain
            self.client.start()

    def _connections(self) -> "Lazy[KeptConnections]":
        route, heard, joins = self.route, self.heard, self.joins

        def make() -> "KeptConnections":
            from chatrepl.api.headstart.kept import KeptConnections, unheard  # a shot needs it late

            return KeptConnections(route, heard or unheard, joins=joins)

        return Lazy(make)

    def _own(self) -> "KeptConnections":
        """Give the connections of our own along the route as it is now."""
        own = self.own.result()
        if own.route is self.route:
            return own
        own.close()
        self.own = self._connections()
        return self.own.result()

    async def count(self, request: Request) -> int:
        """Ask the service how many tokens a request's input has."""

        async def ask() -> int:
            return await (await self.client).count_tokens(await self._granted(request))

        return await self._proven(ask)

    async def _proven(self, ask: Callable[[], Awaitable[Answered]]) -> Answered:
        """Ask; once more with the key in the other header where a server does not see it in one."""
        self._be_patient()
        try:
            return await self._dated(ask)
        except ApiError as error:
            other = self.route.not_seen(error)
            if other is None:
                raise
            refused = error
        facts = {"key_header": other.key_header}
        return await self._by(other, facts, lambda: self._dated(ask), refused)

    def _be_patient(self) -> None:
        """Wait from now on as long as the chat's settings say by now."""
        if self.session is None or self.session.settings.timeout_s == self.route.timeout_s:
            return
        route = replace(self.route, timeout_s=self.session.settings.timeout_s)
        self.route, self.client = route, Lazy(lambda: new_client(route, self.http))

    async def _dated(self, ask: Callable[[], Awaitable[Answered]]) -> Answered:
        """Ask; once more in the API's first version where a server does not know ours."""
        try:
            return await ask()
        except ApiError as error:
            other = self.route.older(error)
            if other is None:
                raise
            refused = error
        return await self._by(other, {"api_version": FIRST_VERSION}, ask, refused)

    async def _by(
        self,
        other: Route,
        facts: Mapping[str, str],
        ask: Callable[[], Awaitable[Answered]],
        refused: ApiError,
    ) -> Answered:
        """Ask by another route; keep to it and its `facts` unless that is refused as well."""
        before = self.route, self.client
        self.route, self.client = other, Lazy(lambda: new_client(other, self.http))
        try:
            answered = await ask()
        except ApiError as error:
            if error.status in _UNPROVEN or error.answer == refused.answer:
                self.route, self.client = before
                raise refused from None
            self.learned.learn(ALL_MODELS, facts)
            raise
        self.learned.learn(ALL_MODELS, facts)
        return answered

    async def warm(self) -> None:
        """Greet the service while there is nothing to send yet, where a greeting takes time.

        The connection serves the event loop that this runs in. Never fails.
        """
        if not self.route.url.startswith("https:"):
            return
        with suppress(ChatreplError):  # a turn will say what is wrong
            if await self._own().open():
                self.first = None
                return
            if self.first is None:
                self.client.start()
            http = await self.opened
            from chatrepl.api.http import open_connection as greet

            await greet(http, self.route.url)

    async def _send(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Send a request ahead, by a connection of our own, or by the HTTP client: as it may."""
        first, self.firsts = self.first, self.firsts - 1
        if self.firsts <= 0:
            self.first = None
        if _CONNECTS in request.params:
            return await (await self.client).stream(await self._granted(request))
        if first is not None:
            return await self._send_ahead(request, first)
        if not self.is_demo and (events := await self._own().stream(request)) is not None:
            return events
        return await (await self.client).stream(request)

    async def _send_ahead(
        self, request: Request, first: HeadStart
    ) -> AsyncGenerator[StreamEvent, None]:
        sent = await first.send(request, at_once=not self.opened.ready)
        from chatrepl.api.headstart.answer import events_of  # while the service thinks

        load_what_writes()
        return await events_of(sent, self.opened.result)

    async def _granted(self, request: Request) -> Request:
        """Give a request with the tokens of the servers that it has the service connect to."""
        if _CONNECTS not in request.params or self.session is None:
            return request
        from chatrepl.cli.grants import granted  # seldom needed

        return await granted(request, self.session, self.tokens)

    async def _wait(self, seconds: float) -> None:
        """Wait until a request is sent again; what will send it is loaded meanwhile."""
        if not self._own().are_plain:
            self.client.start()
        await asyncio.sleep(seconds)


def has_credentials(settings: Settings) -> bool:
    """Tell whether there is anything to prove who asks with."""
    return find(settings, os.environ) is not None


def open_connection(settings: Settings, *, demo: bool, single: bool, width: int = 0) -> Connection:
    """Settle where requests go, `width` of them at once, where there are many.

    Raises ApiError with exit code 3 where there are no credentials.
    """
    hush()
    transport: httpx2.AsyncBaseTransport | None = None
    learned = learned_files(settings, demo=demo)
    if demo:
        from chatrepl.demo.transport import demo_transport

        route = demo_route(settings)
        transport = demo_transport(0.0 if single else DEMO_PACE)
    else:
        credentials = find(settings, os.environ)
        if credentials is None:
            raise missing()
        route = plan_route(
            settings, credentials, key_header=learned.key_header, version=learned.api_version
        )
    opened = Lazy(lambda: _open_http(route, transport, width))
    client = Lazy(lambda: new_client(route, opened.result()))
    start = head_start(route)
    if demo or (not width and (start is None or start.needs_http)):
        opened.result()
    first = start if single else None
    joins = not single or width > 0  # a program that reads a shot's events gets them as they were
    return Connection(route, opened, client, first, settings.retries, learned, joins=joins)


def _open_http(
    route: Route, transport: "httpx2.AsyncBaseTransport | None", width: int
) -> "httpx2.AsyncClient":
    from chatrepl.api.http import open_http

    return open_http(route, transport, width)


def new_client(route: Route, http: "httpx2.AsyncClient | None" = None) -> "Client":
    """Make a client, with an HTTP client of its own where none is given."""
    from chatrepl.api.client import connect

    return connect(route, http=http)
