"""Run programs and measure them: on a pipe, on a pseudo terminal, several in turn."""

import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run; milliseconds, and MiB. `first` and `tail` are about its output."""

    first: float
    tail: float
    cpu: float
    memory: float


def piped(argv: Sequence[str], env: Mapping[str, str]) -> Run:
    """Run a program to its end with a pipe for its output and nothing to read."""
    reading, writing = os.pipe()
    begun = time.monotonic()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, writing, 1),
    ]
    pid = os.posix_spawnp(argv[0], list(argv), dict(env), file_actions=actions)
    os.close(writing)
    first = last = memory = 0.0
    while os.read(reading, 65_536):
        last = time.monotonic()
        first = first or last
        memory = _peak(pid) or memory
    os.close(reading)
    _, _, used = os.wait4(pid, 0)
    ended = time.monotonic()
    cpu = 1000 * (used.ru_utime + used.ru_stime)
    return Run(
        1000 * ((first or ended) - begun),
        1000 * (ended - (last or ended)),
        cpu,
        memory,
    )


def _peak(pid: int) -> float:
    """Give the most memory a process had so far, in MiB; 0 where it is gone.

    What `wait4` tells would not do: it counts what the measuring process had when it forked.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def painted(argv: Sequence[str], env: Mapping[str, str], marks: Sequence[bytes]) -> float:
    """Give the milliseconds until one of `marks` is on the terminal; the program is then ended."""
    begun = time.monotonic()
    pid, keyboard = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], list(argv), dict(env))
    try:
        fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        seen = b""
        while not any(mark in seen for mark in marks):
            left = begun + PATIENCE_S - time.monotonic()
            if left <= 0 or not select.select([keyboard], [], [], left)[0]:
                raise TimeoutError(f"{argv[0]} showed no prompt: {seen[-200:]!r}")
            seen += os.read(keyboard, 65_536)
        return 1000 * (time.monotonic() - begun)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.close(keyboard)
        os.waitpid(pid, 0)


def in_turn(
    rounds: int, cases: Mapping[str, Callable[[], float | Run]]
) -> dict[str, list[float | Run]]:
    """Measure all cases once a round, so that the machine's moods hit all of them."""
    found: dict[str, list[float | Run]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, measure in cases.items():
            found[name].append(measure())
    return found


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def show(title: str, rows: Mapping[str, float], floor: str, unit: str = "ms") -> None:
    """Print medians, and each as a multiple of the floor's."""
    sys.stdout.write(f"\n{title}\n")
    for name, value in rows.items():
        ratio = value / rows[floor] if rows[floor] else float("nan")
        sys.stdout.write(f"  {name:<28} {value:9.1f} {unit}  x{ratio:.2f}\n")
    sys.stdout.flush()
