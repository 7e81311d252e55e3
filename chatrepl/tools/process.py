"""A program that is run once: given its input, watched, and ended with all that it started.

It has a session and a process group of its own, so it has no terminal and no Ctrl-C reaches it. How
ever its run ends, the whole group is asked to end, and half a second later it is ended. What left
the group on purpose, as a daemon does, is let go: nothing here waits for it.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import field
from typing import IO, Final, Literal, TypeAlias

from chatrepl.core.value import frozen

MOST_TEXT: Final = 256 * 1024
MOST_PICTURE: Final = 10_000_000
_ALWAYS: Final = ("PATH", "HOME", "LANG", "TMPDIR")
_LOCALE: Final = "LC_"
_HEAD: Final = 16
_LAST_WORDS: Final = 4_000  # of what it says on stderr the end is kept
_MOST_WORDS: Final = 8_000_000  # a program that says more there is out of hand
_GRACE_S: Final = 0.5
_STEP_S: Final = 0.02
_DRAIN_S: Final = 1.0

Stop: TypeAlias = Literal["", "late", "full"]
MostOf: TypeAlias = Callable[[bytes], int]


@frozen
class ProgramRun:
    """What is to be run: `argv` without any shell, where, with which variables, for how long.

    `most` tells how many bytes may come, by those that came first.
    """

    argv: tuple[str, ...]
    input: bytes
    folder: str | None
    environment: Mapping[str, str]
    deadline_s: float
    most: MostOf = lambda _head: MOST_TEXT


@frozen
class ProgramEnd:
    """How a run ended: by itself with a `code` (a signal is a negative one), or it was stopped.

    `output` has what fits; `words` is the end of what came on stderr.
    """

    code: int
    output: bytes = field(repr=False)  # asyncio writes out what a task gave
    words: bytes = field(repr=False)
    stopped: Stop = ""


def environment_of(names: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that a program may see: what every program needs, and those named."""
    wanted = {*_ALWAYS, *names}
    chosen = {k: v for k, v in environ.items() if k in wanted or k.startswith(_LOCALE)}
    return {**chosen, "TERM": "dumb"}


async def run_program(run: ProgramRun) -> ProgramEnd:
    """Run a program to its end, its deadline, or more output than it may give.

    Raises OSError or ValueError where it cannot be started. A cancellation ends it, and goes on.
    """
    watched = _Watched(run.most)
    reading, writing = os.pipe()  # not asyncio's own: a socket cannot be opened as /dev/stdin
    with os.fdopen(writing, "wb", buffering=0) as feed:
        try:
            transport, _ = await asyncio.get_running_loop().subprocess_exec(
                lambda: watched,
                *run.argv,
                stdin=reading,
                cwd=run.folder,
                env=dict(run.environment),
                start_new_session=os.name == "posix",
            )
        finally:
            os.close(reading)
        try:
            async with _fed(feed, run.input):
                stopped = await _over(watched, run.deadline_s)
        finally:
            await _end(transport, watched)
    code = transport.get_returncode()
    code = -signal.SIGKILL if code is None else code
    return ProgramEnd(code, bytes(watched.output), watched.words, stopped)


@asynccontextmanager
async def _fed(feed: IO[bytes], data: bytes) -> AsyncIterator[None]:
    """Give a program its input while it runs, as fast as it reads."""
    pipe, _ = await asyncio.get_running_loop().connect_write_pipe(asyncio.BaseProtocol, feed)
    try:
        pipe.write(data)
        pipe.write_eof()
        yield
    finally:
        if pipe.get_write_buffer_size():
            pipe.abort()


async def _over(watched: "_Watched", deadline_s: float) -> Stop:
    try:
        async with asyncio.timeout(deadline_s):
            await watched.over.wait()
    except TimeoutError:
        return "late"
    return "full" if watched.is_full else ""


async def _end(transport: asyncio.SubprocessTransport, watched: "_Watched") -> None:
    """End the group, take what is still on its way, and leave nothing open."""
    try:
        await end_group(transport.get_pid())
    finally:
        try:
            await _drained(watched)
        finally:
            transport.close()


async def _drained(watched: "_Watched") -> None:
    """Wait a moment until a program is gone and all it said is here."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_S):
            await watched.gone.wait()
            if not watched.is_full:
                await watched.drained.wait()


async def end_group(group: int) -> None:
    """Ask all of a process group to end, and end what is still there half a second later."""
    if not hasattr(os, "killpg"):
        return
    try:
        os.killpg(group, signal.SIGTERM)
        for _ in range(round(_GRACE_S / _STEP_S)):
            await asyncio.sleep(_STEP_S)
            os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        pass  # nobody is left, or only who ended already
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


class _Watched(asyncio.SubprocessProtocol):
    """Takes what a program says, up to its bounds, and notices its end."""

    def __init__(self, most: MostOf) -> None:
        self.output = bytearray()
        self.words = b""
        self.is_full = False
        self.over = asyncio.Event()  # it ended, or is to be ended
        self.gone = asyncio.Event()
        self.drained = asyncio.Event()
        self._most = most
        self._said = 0
        self._open = {1, 2}
        self._pipes: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)  # noqa: S101 - asyncio's promise
        self._pipes = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self._take(data)
        else:
            self._said += len(data)
            self.words = (self.words + data)[-_LAST_WORDS:]
            self._stop_if(self._said > _MOST_WORDS)

    def _take(self, data: bytes) -> None:
        head = (self.output[:_HEAD] + data[:_HEAD])[:_HEAD]
        room = self._most(bytes(head)) - len(self.output)
        self.output += data[:room]
        self._stop_if(len(data) > room)

    def _stop_if(self, is_full: bool) -> None:
        if not is_full or self.is_full:
            return
        self.is_full = True
        self.over.set()
        for fd in self._open:
            pipe = self._pipes and self._pipes.get_pipe_transport(fd)
            if isinstance(pipe, asyncio.ReadTransport):
                pipe.pause_reading()

    def pipe_connection_lost(self, fd: int, _exc: Exception | None) -> None:
        self._open.discard(fd)
        if not self._open:
            self.drained.set()

    def process_exited(self) -> None:
        self.gone.set()
        self.over.set()
