"""One MCP server as a source of tools, prompts and resources: started when it is first needed.

It lives on a loop of its own, that it can end, answer and change while nobody asks. One that went
is started again when it is needed next, some times; what is to be known of that is told once.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeVar

from chatrepl.core.errors import ChatreplError, ToolError
from chatrepl.core.extras import adds
from chatrepl.core.tools import McpServer, Tool, ToolAnswer, ToolCall
from chatrepl.core.wire import Wire
from chatrepl.tools.mcp_words import OfferedTools, Pictures, answer_of, offered_tools, plain_picture
from chatrepl.tools.own_loop import OwnLoop

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from chatrepl.tools.mcp_session import McpSession

    Connected = Callable[[McpServer, str], AbstractAsyncContextManager[McpSession]]

MOST_STARTS: Final = 3
_ENDING_S: Final = 3.0
Got = TypeVar("Got")


class McpSource:
    """A server and what it offers.

    `tell` gets remarks, `token` gives what is sent to an address or refuses it, `pictures` makes
    blocks of a picture's bytes.
    Its coroutines may be awaited on any loop; `run` raises nothing for what a server does wrong.
    """

    def __init__(
        self,
        server: McpServer,
        loop: OwnLoop,
        tell: Callable[[str], None] = lambda _line: None,
        token: Callable[[McpServer], str] = lambda _server: "",
        pictures: Pictures = plain_picture,
    ) -> None:
        self.server = server
        self._loop = loop
        self._tell = tell
        self._token = token
        self._pictures = pictures
        self._here: McpSession | None = None
        self._starting: asyncio.Future[McpSession] | None = None
        self._living: Future[None] | None = None
        self._check_up: Future[None] | None = None
        self._starts = 0
        self._fault = ""
        self._remarks: list[str] = []
        self._told: set[str] = set()
        self._offered = OfferedTools()
        self._lists: dict[str, Sequence[Wire]] = {}

    @property
    def name(self) -> str:
        return self.server.name

    async def tools(self) -> tuple[Tool, ...]:
        """Give its tools; none where it does not answer, which is told."""
        try:
            return (await self._elsewhere(self._tools())).tools
        except ToolError as error:
            self._remark(error)
            return ()
        finally:
            self._say()

    async def run(self, tool: Tool, call: ToolCall, /) -> ToolAnswer:
        """Call a tool. A cancellation is passed on to the server, and goes on at once."""
        try:
            return await self._elsewhere(self._call(tool.name, call.input))
        except ToolError as error:
            return ToolAnswer.error(f"{error.message} {error.hint}".strip())
        except asyncio.CancelledError:
            if self._here is not None:
                self._check_up = self._loop.begin(self._here.end_if_hung())
            raise
        finally:
            self._say()

    async def close(self) -> None:
        """End the server, and wait until it is gone; it is not started again."""
        if self._loop.has_begun:
            await self._elsewhere(self.end())

    async def prompts(self) -> Sequence[Wire]:
        """Give the prompts that it lists. Raises ToolError."""
        return await self._elsewhere(self._listed("prompts"))

    async def resources(self) -> Sequence[Wire]:
        """Give the resources that it lists. Raises ToolError."""
        return await self._elsewhere(self._listed("resources"))

    async def prompt(self, name: str, given: Mapping[str, str]) -> Wire:
        """Have a prompt written. Raises ToolError."""
        return await self._elsewhere(self._prompt(name, given))

    async def resource(self, uri: str) -> Wire:
        """Read a resource. Raises ToolError."""
        return await self._elsewhere(self._resource(uri))

    def _elsewhere(self, work: Coroutine[Any, Any, Got]) -> Coroutine[Any, Any, Got]:
        return self._loop.run(work)

    def _remark(self, error: ToolError) -> None:
        self._remarks.append(f"{error.message} {error.hint}".strip())

    def _say(self) -> None:
        """Tell what is new, where the chat is: each remark once."""
        remarks, self._remarks = self._remarks, []
        for line in remarks:
            if line not in self._told:
                self._told.add(line)
                self._tell(line)

    # From here on all is on the server's loop.

    async def _tools(self) -> OfferedTools:
        session = await self._ready()
        if "tools" in session.changed:
            listed = await session.tools()
            self._offered = offered_tools(self.server, listed, _judge())
            if self._offered.remark:
                self._remarks.append(self._offered.remark)
        return self._offered

    async def _call(self, name: str, given: Mapping[str, Any]) -> ToolAnswer:
        session = await self._ready()
        original = self._offered.originals.get(name, name)
        result = await session.call(original, given)
        return await asyncio.to_thread(answer_of, result, self._pictures)

    async def _listed(self, what: str) -> Sequence[Wire]:
        session = await self._ready()
        if what in session.changed:
            asked = session.prompts() if what == "prompts" else session.resources()
            self._lists[what] = await asked
        return self._lists.get(what, ())

    async def _prompt(self, name: str, given: Mapping[str, str]) -> Wire:
        return await (await self._ready()).prompt(name, given)

    async def _resource(self, uri: str) -> Wire:
        return await (await self._ready()).resource(uri)

    async def _ready(self) -> "McpSession":
        """Give the server's session; start it where there is none. Raises ToolError.

        Who waits for a start may leave; the start goes on for the next.
        """
        if self._check_up is not None:
            await asyncio.wrap_future(self._check_up)
        if self._here is not None and not self._here.over.is_set():
            return self._here
        if self._starting is None:
            if self._starts >= MOST_STARTS:
                raise ToolError(self._fault, "It is not started again in this chat.")
            self._starts += 1
            self._starting = asyncio.get_running_loop().create_future()
            self._living = self._loop.begin(self._live(self._starting))
        return await asyncio.shield(self._starting)

    async def _live(self, ready: "asyncio.Future[McpSession]") -> None:
        """Hold a session as long as its server is there."""
        try:
            connected = self._spoken()
            token = ""
            if self.server.url:
                token = await asyncio.to_thread(self._token, self.server)
            async with connected(self.server, token) as session:
                session.changed.update(("tools", "prompts", "resources"))
                self._here, self._starting = session, None
                self._starts *= bool(self.server.command)  # an address may come and go
                ready.set_result(session)
                await session.over.wait()
                self._ended(session)
        except ChatreplError as error:
            self._fault = error.message
            if not ready.done():
                ready.set_exception(ToolError(error.message, error.hint))
        finally:
            self._starting = None
            if not ready.done():
                ready.cancel()

    def _spoken(self) -> "Connected":
        """Give what speaks to servers. Raises ToolError where that is not installed."""
        try:
            from chatrepl.tools.mcp_session import connected
        except ImportError:
            missing = f"{self.name} needs the mcp package, which is not installed."
            raise ToolError(missing, _INSTALL) from None
        return connected

    def _ended(self, session: "McpSession") -> None:
        if self._here is session and self.server.command:
            self._fault = session.end
            again = " It is started again when it is needed." * (self._starts < MOST_STARTS)
            self._remarks.append(session.end + again)

    async def end(self) -> None:
        """End the server, on its own loop."""
        session, self._here, living = self._here, None, self._living
        self._starts, self._fault = MOST_STARTS, f"{self.name} was ended."
        if session is not None:
            session.over.set()
        elif living is not None:
            living.cancel()
        if living is not None:
            await asyncio.wait([asyncio.wrap_future(living)], timeout=_ENDING_S)


def _judge() -> Callable[[Wire], str]:
    """Give what tells whether the service would take a schema."""
    import jsonschema

    def judge(schema: Wire) -> str:
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except (jsonschema.SchemaError, RecursionError) as error:
            return str(error) or "it is no schema"
        return ""

    return judge


_INSTALL: Final = f"{adds('mcp')}."
