"""An MCP server as a child process: its messages are lines on its pipes.

Its standard input closes however we end, kill -9 included, and a server ends with it. What it
writes is bounded, and its standard error is only kept: the end of it says why it went. The `mcp`
package has such a transport too; it reads lines of any length, and ends a server in four seconds.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatrepl.core.tools import McpServer
from chatrepl.tools.mcp_flood import FloodError, FloodGate
from chatrepl.tools.process import end_group, environment_of

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.client._transport import TransportStreams
    from mcp.shared.message import SessionMessage

    Incoming = MemoryObjectSendStream[SessionMessage | Exception]
    Outgoing = MemoryObjectReceiveStream[SessionMessage]

_CHUNK: Final = 65_536
_LOG_BYTES: Final = 8_192
_LEAVE_S: Final = 0.7  # after its input closed
_GONE_S: Final = 3.0  # after it was killed: at once, but where nothing else gets its turn either
_LOOK_S: Final = 0.01


class ServerLog:
    """The end of what a server wrote to its standard error."""

    def __init__(self) -> None:
        self._tail = b""

    def add(self, data: bytes) -> None:
        self._tail = (self._tail + data)[-_LOG_BYTES:]

    @property
    def last_line(self) -> str:
        lines = self._tail.decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


@asynccontextmanager
async def child(
    server: McpServer, log: ServerLog, over: asyncio.Event
) -> "AsyncIterator[TransportStreams]":
    """Run a server as long as this lasts; `over` is set when it goes by itself, or is ended.

    Raises OSError where it cannot be started.
    """
    import anyio

    process = await asyncio.create_subprocess_exec(
        *server.command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=_folder(server),
        env=environment_of(server.environment, os.environ),
        start_new_session=os.name == "posix",
    )
    incoming, read = anyio.create_memory_object_stream["SessionMessage | Exception"](0)
    write, outgoing = anyio.create_memory_object_stream["SessionMessage"](0)

    async def bounded(work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except FloodError as error:
            log.add(f"\n{error}\n".encode())
            _kill(process)

    async def reading() -> None:
        try:
            await bounded(_read(process, incoming))
        finally:
            over.set()
            incoming.close()

    try:
        async with asyncio.TaskGroup() as group:
            work = (reading(), _write(process, outgoing), bounded(_listen(process, log)))
            tasks = [group.create_task(each) for each in work]
            try:
                yield read, write
            finally:
                await _end(process, 0.0 if over.is_set() else _LEAVE_S)
                for task in tasks:
                    task.cancel()
    finally:
        for stream in (incoming, read, write, outgoing):
            stream.close()
        _kill(process)
        _release(process)


def _folder(server: McpServer) -> Path | None:
    return Path(server.folder).expanduser() if server.folder else None


async def _read(process: asyncio.subprocess.Process, incoming: "Incoming") -> None:
    """Hand on each line that is a message; what is none counts, and is passed over."""
    import anyio
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    stdout, gate = process.stdout, FloodGate()
    pieces: list[bytes] = []
    while stdout is not None and (chunk := await stdout.read(_CHUNK)):
        *lines, rest = chunk.split(b"\n")
        gate.take(len(chunk), len(lines))
        for line in lines:
            whole = b"".join((*pieces, line))
            pieces.clear()
            if not whole.strip():
                continue
            try:
                message = jsonrpc_message_adapter.validate_json(whole, by_name=False)
            except ValueError:
                continue
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await incoming.send(SessionMessage(message))
        pieces.append(rest)


async def _write(process: asyncio.subprocess.Process, outgoing: "Outgoing") -> None:
    """Write messages, one a line, until the server takes no more."""
    stdin = process.stdin
    if stdin is None:
        return
    with suppress(OSError):
        async for message in outgoing:
            text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            stdin.write(f"{text}\n".encode())
            await stdin.drain()


async def _listen(process: asyncio.subprocess.Process, log: ServerLog) -> None:
    """Read all that the server says aside, that it never waits for us."""
    gate = FloodGate()
    while process.stderr is not None and (data := await process.stderr.read(_CHUNK)):
        gate.take(len(data))
        log.add(data)


async def _end(process: asyncio.subprocess.Process, patience_s: float) -> None:
    """Let a server go by itself for a moment; then end it, with all that it started."""
    if process.stdin is not None:
        process.stdin.close()
    await _is_gone(process, patience_s)
    await end_group(process.pid)
    await _is_gone(process, _GONE_S)


async def _is_gone(process: asyncio.subprocess.Process, patience_s: float) -> bool:
    """Wait for the end of a process, not for its pipes: what it started may hold them open."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    while process.returncode is None:
        if loop.time() >= until:
            return False
        await asyncio.sleep(_LOOK_S)
    return True


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill the group that a server leads."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _release(process: asyncio.subprocess.Process) -> None:
    """Reap what was killed, even where we are interrupted, and close our ends of the pipes.

    asyncio has no public way to these, and waits for the other ends.
    """
    transport = getattr(process, "_transport", None)
    if transport is not None:
        with suppress(subprocess.TimeoutExpired):
            transport.get_extra_info("subprocess").wait(_GONE_S)
        transport.close()
