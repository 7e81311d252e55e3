"""The door to the `mcp` package: one connection to one server, and what is asked over it.

All of it runs on one loop. Lists come page by page, and end somewhere; what comes is JSON again, so
that nobody else needs to know the package. Importing this module loads it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Any, Final, Literal

from mcp import Client, MCPError
from mcp.client.session import IncomingMessage
from mcp_types import (
    CONNECTION_CLOSED,
    METHOD_NOT_FOUND,
    UNSUPPORTED_PROTOCOL_VERSION,
    EmptyResult,
    Implementation,
    PingRequest,
    PromptListChangedNotification,
    ResourceListChangedNotification,
    ToolListChangedNotification,
)
from pydantic import BaseModel

from chatrepl.core.errors import ToolError
from chatrepl.core.tools import McpServer
from chatrepl.core.wire import Wire
from chatrepl.tools.mcp_child import ServerLog, child
from chatrepl.tools.mcp_lists import MendedStream
from chatrepl.tools.mcp_words import flat

MOST_PAGES: Final = 1_000
MOST_ENTRIES: Final = 20_000
_START_S: Final = 30.0  # programs that fetch themselves first take long
_PING_S: Final = 1.0
_CHANGES: Final[Mapping[type[BaseModel], str]] = {
    ToolListChangedNotification: "tools",
    PromptListChangedNotification: "prompts",
    ResourceListChangedNotification: "resources",
}


@dataclass(slots=True)
class McpSession:
    """A server that answers, until it is over; `changed` names the lists that are no longer so."""

    server: McpServer
    log: ServerLog
    client: Client
    over: asyncio.Event
    changed: set[str] = field(default_factory=set)
    is_hung: bool = False

    @property
    def end(self) -> str:
        """Say how it ended."""
        how = "did not answer any more and was ended" if self.is_hung else "ended"
        return f"{self.server.name} {how}{_because(self.log)}."

    async def tools(self) -> list[Wire]:
        return await self._list("tools", "tools", lambda at: self.client.list_tools(cursor=at))

    async def prompts(self) -> list[Wire]:
        return await self._list(
            "prompts", "prompts", lambda at: self.client.list_prompts(cursor=at)
        )

    async def resources(self) -> list[Wire]:
        """Give the resources, and the templates of others."""
        client, what = self.client, "resources"
        listed = await self._list(what, what, lambda at: client.list_resources(cursor=at))
        try:
            ask = partial(_templates, client)
            return listed + await self._list(what, "resource_templates", ask)
        except ToolError:  # many servers have none, and say so in this way
            return listed

    async def _list(
        self, what: str, part: str, ask: Callable[[str | None], Awaitable[Any]]
    ) -> list[Wire]:
        """Ask for all pages of a list; an endless one ends."""
        if getattr(self.client.server_capabilities, what) is None:
            return []
        entries, cursor, seen = list[Wire](), None, set[str]()
        self.changed.discard(what)
        for _ in range(MOST_PAGES):
            page = await self._asked(ask(cursor))
            entries += (_wire(entry) for entry in getattr(page, part))
            cursor = page.next_cursor
            if not cursor or cursor in seen or len(entries) >= MOST_ENTRIES:
                break
            seen.add(cursor)
        return entries[:MOST_ENTRIES]

    async def call(self, name: str, given: Mapping[str, Any]) -> Wire:
        """Call a tool; a cancellation is passed on to the server."""
        return _wire(await self._asked(self.client.call_tool(name, dict(given))))

    async def prompt(self, name: str, given: Mapping[str, str]) -> Wire:
        return _wire(await self._asked(self.client.get_prompt(name, dict(given))))

    async def resource(self, uri: str) -> Wire:
        return _wire(await self._asked(self.client.read_resource(uri)))

    async def _asked(self, answer: Awaitable[Any]) -> Any:
        """Wait for an answer within the deadline. Raises ToolError in words.

        A server that hangs is ended; one that only takes long for this is not.
        """
        try:
            async with asyncio.timeout(self.server.deadline_s):
                return await answer
        except TimeoutError:
            await self.end_if_hung()
            took = f"{self.server.deadline_s:g} s"
            raise ToolError(f"{self.server.name} gave no answer within {took}.") from None
        except MCPError as error:
            if error.code == CONNECTION_CLOSED:
                self.over.set()
            elif not self.server.command:  # it may have forgotten us, and says so in many ways
                await self.end_if_hung()
            raise ToolError(self._why(error)) from None
        except Exception as error:  # noqa: BLE001 - a place of containment: what answers is foreign
            raise ToolError(self._why(error)) from None

    async def end_if_hung(self) -> None:
        """End a server that answers nothing at all any more."""
        try:
            async with asyncio.timeout(_PING_S):
                await self.client.session.send_request(PingRequest(), EmptyResult)
        except MCPError as error:
            if error.code != METHOD_NOT_FOUND:
                self.over.set()
        except Exception:  # noqa: BLE001 - a place of containment
            self.is_hung = not self.over.is_set()
            self.over.set()

    def _why(self, error: BaseException) -> str:
        if self.over.is_set():
            return self.end
        return f"{self.server.name}: {flat(error) or type(error).__name__}"


@asynccontextmanager
async def connected(server: McpServer, token: str) -> AsyncIterator[McpSession]:
    """Start or reach a server. Raises ToolError where it cannot be spoken to.

    All servers know how the older ones begin; one that does not is begun with in the newest way.
    """
    log, over = ServerLog(), asyncio.Event()
    async with AsyncExitStack() as stack:
        try:
            session = await _begun(server, token, log, over, stack)
        except TimeoutError:
            why = f"no answer within {min(server.deadline_s, _START_S):g} s{_because(log)}"
            raise ToolError(f"{server.name} did not start: {why}.") from None
        except Exception as error:  # noqa: BLE001 - a place of containment: what starts is foreign
            why = log.last_line or ("it ended" if over.is_set() else _first(error))
            raise ToolError(f"{server.name} did not start: {flat(why)}.") from None
        yield session


async def _begun(
    server: McpServer, token: str, log: ServerLog, over: asyncio.Event, stack: AsyncExitStack
) -> McpSession:
    changed: set[str] = set()

    async def hear(message: IncomingMessage) -> None:
        if isinstance(message, BaseModel) and (what := _CHANGES.get(type(message))):
            changed.add(what)

    async def begin(mode: Literal["legacy", "auto"]) -> Client:
        client = Client(
            _transport(server, token, log, over),
            mode=mode,
            message_handler=hear,
            client_info=Implementation(name="chatrepl", version=version("chatrepl")),
            cache=None,
        )
        async with asyncio.timeout(min(server.deadline_s, _START_S)):
            return await stack.enter_async_context(client)

    try:
        client = await begin("legacy")
    except MCPError as error:
        if error.code not in {UNSUPPORTED_PROTOCOL_VERSION, METHOD_NOT_FOUND}:
            raise
        over.clear()
        client = await begin("auto")
    return McpSession(server, log, client, over, changed)


@asynccontextmanager
async def _transport(
    server: McpServer, token: str, log: ServerLog, over: asyncio.Event
) -> AsyncIterator[Any]:
    if server.command:
        opened = child(server, log, over)
    else:
        from chatrepl.tools.mcp_http import address

        opened = address(server, token, log)
    async with opened as (read, write):
        yield MendedStream(read), write


async def _templates(client: Client, cursor: str | None) -> Any:
    return await client.list_resource_templates(cursor=cursor)


def _wire(model: BaseModel) -> Wire:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def _because(log: ServerLog) -> str:
    return f": {flat(log.last_line)}" if log.last_line else ""


def _first(error: BaseException) -> str:
    """Say what went wrong first, where several things did."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"there is no {error.filename}"
    return str(error) or type(error).__name__
