"""Real runs of the program without its start: one process has all loaded and forks for each run.

A run is a process of its own from `main()` to its exit code, with its own environment, folder and
standard streams; only the imports are shared. `python -m tests.faults.nursery N` serves requests
that come as lines of JSON on descriptor N, and answers with the code of each.
"""

import importlib
import itertools
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import chatrepl

PATIENCE_S = 60.0  # with a run, which then ends
_LOAD_S = 600.0  # with what all runs share, on a machine as busy as may be
COMMAND = [sys.executable, "-m", "tests.faults.nursery"]


class Nursery:
    """Starts runs; a context manager."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        ours.settimeout(_LOAD_S + PATIENCE_S)
        number = theirs.fileno()
        self._process = subprocess.Popen(
            [*COMMAND, str(number)],
            pass_fds=[number],
            cwd=Path(__file__).parent.parent.parent,
        )
        theirs.close()
        self._line = ours.makefile("rw", encoding="utf-8")
        self._ours = ours

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()
        self._ours.close()
        self._process.wait(PATIENCE_S)

    def run(
        self,
        args: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        streams: Sequence[Path],
        clock: float | str = 0.0,
    ) -> int:
        """Run the program to its end; give the exit code, or minus a signal's number."""
        asked = {"args": list(args), "env": dict(env), "cwd": str(cwd), "clock": clock}
        asked["streams"] = [str(path) for path in streams]
        pid = self._ask(asked)
        return int(self._ask({"wait": pid}))

    def start(self, args: Sequence[str], env: Mapping[str, str], cwd: Path, tty: str) -> int:
        """Start the program on a terminal of its own; give the process id."""
        asked = {"args": list(args), "env": dict(env), "cwd": str(cwd), "clock": 0.0, "tty": tty}
        return int(self._ask(asked))

    def poll(self, pid: int) -> int | None:
        """Give how a started program ended; None while it has not."""
        code = self._ask({"poll": pid})
        return None if code is None else int(code)

    def _ask(self, asked: Mapping[str, Any]) -> Any:
        self._line.write(f"{json.dumps(asked)}\n")
        self._line.flush()
        return json.loads(self._line.readline())


def _be(asked: dict[str, Any]) -> None:
    """Become the program: in a forked process."""
    if "tty" in asked:
        os.setsid()
        asked["streams"] = [asked["tty"]] * 3  # the first terminal that is opened is ours
    for number, path in enumerate(asked["streams"]):
        mode = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        mode = os.O_RDWR if "tty" in asked else mode
        descriptor = os.open(path, mode, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    shown = "tty" in asked
    # ruff: noqa: SIM115 - they stay open as long as the process lives
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False, buffering=1 if shown else -1)
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = ["chatrepl", *asked["args"]]
    _set_clock(asked["clock"])
    signal.alarm(round(PATIENCE_S))
    from chatrepl.__main__ import main

    main()


def _set_clock(wrong: float | str) -> None:
    real, looks = time.time, itertools.count()

    def read() -> float:
        off = wrong if isinstance(wrong, float) else (next(looks) % 3 - 1) * 30 * 86_400.0
        return real() + off

    if wrong:
        time.time = read


def _load() -> None:
    """Import what every run needs, and what it would import late."""
    for library in ("anthropic", "prompt_toolkit.shortcuts", "rich.console"):
        importlib.import_module(library)
    for module in pkgutil.walk_packages(chatrepl.__path__, "chatrepl."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def serve(number: int) -> None:
    _load()
    with socket.socket(fileno=number) as ours, ours.makefile("rw", encoding="utf-8") as line:
        for request in line:
            line.write(f"{json.dumps(_answer(json.loads(request), ours))}\n")
            line.flush()


def _answer(asked: dict[str, Any], ours: socket.socket) -> int | None:
    if "args" not in asked:
        flags = os.WNOHANG if "poll" in asked else 0
        pid, status = os.waitpid(asked.get("poll") or asked["wait"], flags)
        return os.waitstatus_to_exitcode(status) if pid else None
    child = os.fork()
    if child == 0:
        ours.close()
        os._exit(_ended(asked))
    return child


def _ended(asked: dict[str, Any]) -> int:
    """Be the program to its end; give its exit code, as Python itself would."""
    try:
        _be(asked)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        traceback.print_exc()  # where the test looks: on the streams of the run
        return 1
    return 0


if __name__ == "__main__":
    serve(int(sys.argv[1]))
