"""Real runs of the program without its start: one process has all loaded and forks for each run.

A run is a process of its own from `main()` to its exit code, with its own environment, folder and
standard streams; only the imports are shared. `python -m tests.faults.nursery N` serves requests
that come as lines of JSON on descriptor N, and answers with the code of each.
"""

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

PATIENCE_S = 60.0


class Nursery:
    """Starts runs; a context manager."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE_S)
        number = theirs.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery", str(number)],
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
        self._line.write(f"{json.dumps(asked)}\n")
        self._line.flush()
        return int(self._line.readline())


def _be(asked: dict[str, Any]) -> None:
    """Become the program: in a forked process."""
    for number, path in enumerate(asked["streams"]):
        mode = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        descriptor = os.open(path, mode, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
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
    """Import what every run needs."""
    import anthropic  # noqa: F401

    import chatrepl.api.client
    import chatrepl.api.headstart
    import chatrepl.api.prices
    import chatrepl.cli.app
    import chatrepl.cli.exits
    import chatrepl.cli.saved
    import chatrepl.cli.shot
    import chatrepl.cli.start  # noqa: F401


def serve(number: int) -> None:
    _load()
    with socket.socket(fileno=number) as ours, ours.makefile("rw", encoding="utf-8") as line:
        for request in line:
            child = os.fork()
            if child == 0:
                with contextlib.suppress(BaseException):
                    ours.close()
                    _be(json.loads(request))
                os._exit(99)
            _, status = os.waitpid(child, 0)
            line.write(f"{os.waitstatus_to_exitcode(status)}\n")
            line.flush()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
