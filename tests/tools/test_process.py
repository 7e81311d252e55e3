"""A program is given what it needs, and however it ends, nothing of it is left."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatrepl.tools.process import (
    MOST_TEXT,
    ProgramEnd,
    ProgramRun,
    environment_of,
    run_program,
)

MARK = "TOOL_UNDER_TEST"


def _run(
    *argv: str, data: bytes = b"{}", deadline_s: float = 30.0, mark: str = "", folder: str = ""
) -> ProgramRun:
    environment = environment_of((MARK,), {**os.environ, MARK: mark})
    return ProgramRun(argv, data, folder or None, environment, deadline_s)


def _ended(*argv: str, data: bytes = b"{}") -> ProgramEnd:
    return asyncio.run(run_program(_run(*argv, data=data)))


@pytest.mark.parametrize(
    ("argv", "end"),
    [
        (("cat",), ProgramEnd(0, b"{}", b"")),
        (("cat", "/dev/stdin"), ProgramEnd(0, b"{}", b"")),
        (("echo", "$HOME;x", "a b"), ProgramEnd(0, b"$HOME;x a b\n", b"")),
        (("sh", "-c", "echo no >&2; exit 3"), ProgramEnd(3, b"", b"no\n")),
        (("sh", "-c", "kill -KILL $$"), ProgramEnd(-signal.SIGKILL, b"", b"")),
        (("sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 4"), ProgramEnd(4, b"", b"")),
        (("sh", "-c", "exec <&-; echo x"), ProgramEnd(0, b"x\n", b"")),
    ],
)
def test_a_program_is_run_without_a_shell_and_its_end_is_told(
    argv: tuple[str, ...], end: ProgramEnd
) -> None:
    assert _ended(*argv) == end


def test_what_is_larger_than_a_pipe_goes_through_and_need_not_be_read() -> None:
    data = os.urandom(MOST_TEXT)
    assert _ended("cat", data=data) == ProgramEnd(0, data, b"")
    assert _ended("true", data=data * 20) == ProgramEnd(0, b"", b"")


def test_a_program_has_no_terminal_and_a_session_of_its_own() -> None:
    end = _ended(sys.executable, "-c", "import os; print(os.getsid(0) == os.getpid())")
    assert end.output == b"True\n"


def test_only_what_is_named_is_given_of_the_environment(tmp_path: Path) -> None:
    environ = {
        "PATH": "/bin", "HOME": "/h", "LANG": "C", "LC_ALL": "C", "TMPDIR": "/t", "TERM": "xterm",
        "ANTHROPIC_API_KEY": "k", "LD_PRELOAD": "x", "WANTED": "w", "PYTHONPATH": ".",
    }  # fmt: skip
    assert environment_of(("WANTED", "ABSENT"), environ) == {
        "PATH": "/bin", "HOME": "/h", "LANG": "C", "LC_ALL": "C", "TMPDIR": "/t", "TERM": "dumb",
        "WANTED": "w",
    }  # fmt: skip
    run = ProgramRun(("env",), b"", str(tmp_path), {"A": "b"}, 30.0)
    assert asyncio.run(run_program(run)).output == b"A=b\n"


@pytest.mark.parametrize("folder", ["", "/no/such/folder"])
def test_what_cannot_be_started_leaves_nothing_open(folder: str) -> None:
    async def tried() -> None:
        files = _open_files()
        for _ in range(5):
            with pytest.raises(OSError, match="No such file"):
                await run_program(_run("/no/such/program", folder=folder))
        assert _open_files() == files

    asyncio.run(tried())


_FORKS = "import os, time\nfor _ in range(5): os.fork()\ntime.sleep(300)"
_RUNS = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while not os.fork() or os._exit(0): time.sleep(0.001)
"""
_STUBBORN = "trap '' TERM HUP INT;"
HOSTILE = {
    "hangs": ("sleep", "300"),
    "does not listen": ("sh", "-c", f"{_STUBBORN} while :; do sleep 300; done"),
    "stops itself": ("sh", "-c", "kill -STOP $$"),
    "forks": (sys.executable, "-c", _FORKS),
    "runs away": (sys.executable, "-c", _RUNS),
    "forks and leaves": ("sh", "-c", "(sleep 300 & sleep 300) & (sleep 300 &) ; echo x"),
    "keeps the pipe": ("sh", "-c", f"({_STUBBORN} sleep 300) & sleep 0.1; echo x"),
    "floods": ("sh", "-c", f"{_STUBBORN} cat /dev/zero"),
    "floods from a child": ("sh", "-c", "cat /dev/zero | cat"),
    "floods its words": ("sh", "-c", f"{_STUBBORN} cat /dev/zero >&2"),
    "goes on alone": ("sh", "-c", "sleep 300 >/dev/null 2>&1 </dev/null &"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("way", ["deadline", "cancelled"])
def test_whatever_a_program_does_it_ends_and_nothing_of_it_is_left(name: str, way: str) -> None:
    mark, others = f"{name} {way} {os.getpid()}", _children()

    async def ended() -> float:
        files, begun = _open_files(), time.monotonic()
        run = _run(*HOSTILE[name], mark=mark, deadline_s=0.4 if way == "deadline" else 300)
        work = asyncio.ensure_future(run_program(run))
        if way == "cancelled":
            await asyncio.sleep(0.4)
            work.cancel()
        await asyncio.wait([work])
        took = time.monotonic() - begun
        await asyncio.sleep(0)
        assert _open_files() == files
        return took

    assert asyncio.run(ended()) < 10
    assert _left(mark, others) == set()


def test_a_second_cancellation_ends_the_rest_at_once() -> None:
    others = _children()

    async def ended() -> None:
        run = _run(*HOSTILE["does not listen"], mark="twice", deadline_s=300)
        work = asyncio.ensure_future(run_program(run))
        for _ in range(2):
            await asyncio.sleep(0.2)
            work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(ended())
    assert _left("twice", others) == set()


_FLOOD = """
import asyncio, os, resource, sys
from chatrepl.tools.process import *
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
def run(*argv): return ProgramRun(argv, b"", None, environment_of((), os.environ), 60, lambda _: int(sys.argv[2]))
asyncio.run(run_program(run("true")))
before = peak()
end = asyncio.run(run_program(run("sh", "-c", sys.argv[1])))
print(len(end.output), end.stopped, (peak() - before) // 1024)
"""  # noqa: E501


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in other units elsewhere")
@pytest.mark.parametrize("where", ["", ">&2"])
@pytest.mark.parametrize("most", [MOST_TEXT, 10_000_000])
def test_a_gigabyte_costs_little_memory(where: str, most: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FLOOD, f"head -c 1000000000 /dev/zero {where}", str(most)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    count, stopped, grown = done.stdout.split()
    assert (int(count), stopped) == (0 if where else most, "full")
    assert int(grown) < 50


def _open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def _left(mark: str, others: set[str]) -> set[str]:
    """Give what is left of the processes that were given a mark, after a moment, and our own.

    `others` are children of other tests in this process.
    """
    for _ in range(50):
        if not (left := {*_marked(mark), *(_children() - others)}):
            break
        time.sleep(0.02)
    return left


def _marked(mark: str) -> Iterator[str]:
    wanted = f"{MARK}={mark}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                yield process.name
        except OSError:
            continue


def _children() -> set[str]:
    """Name the children of this process, those that ended and were not waited for, too."""
    ours, found = str(os.getpid()), set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parts = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if parts[1] == ours:
            found.add(f"a child {process.name}")
    return found
