"""Kill a talk at random moments with kill -9 and see what is left of it.

python -m tests.soak.kill_journal [RUNS] [--control]
"""

import os
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, cast

from chatrepl.storage.journal import Journal
from chatrepl.storage.journal_file import LogFile
from tests.soak.journal_talk import Buffered, Told, Verdict, judge, talk

MOST_LOST_S = 0.05


def run_once(seed: int, folder: Path, *, broken: bool = False) -> Verdict:
    """Start a talk in a process of its own, kill that, and look."""
    path = folder / f"{seed}.jsonl"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            talk_at(path, writing, seed, broken=broken)
        finally:
            os._exit(0)
    os.close(writing)
    heard: list[bytes] = []
    speaks = threading.Event()
    listener = threading.Thread(target=listen, args=(reading, heard, speaks))
    listener.start()
    speaks.wait()  # on a busy machine it takes its time to begin
    time.sleep(random.Random(seed).uniform(0.02, 0.5))
    cut = time.monotonic()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    listener.join()
    os.close(reading)
    return judge(Told.read(b"".join(heard)), path, cut)


def talk_at(path: Path, ack: int, seed: int, *, broken: bool, pieces: int = 30) -> None:
    journal = Journal(path)
    if broken:
        log = cast("LogFile", Buffered(LogFile.create(path)))
        journal = Journal(path, log=log)
    talk(journal, ack, 10_000, seed, pieces=pieces)


def listen(descriptor: int, heard: list[bytes], speaks: threading.Event) -> None:
    while data := os.read(descriptor, 65_536):
        heard.append(data)
        speaks.set()
    speaks.set()


def run(count: int, *, broken: bool = False, seed: int = 0) -> dict[str, Any]:
    """Do many runs and give the figures."""
    lost, in_reply, late, ages = [], 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(seed, seed + count):
            verdict = run_once(number, Path(folder), broken=broken)
            lost += verdict.lost
            in_reply += verdict.in_reply
            late += verdict.oldest_s > MOST_LOST_S
            ages.append(verdict.oldest_s)
    return {
        "runs": count,
        "in mid-reply": in_reply,
        "acknowledged and lost or doubled": len(lost),
        "runs that lost text older than 50 ms": late,
        "oldest lost text, ms": round(max(ages) * 1000, 1),
        "first loss": lost[0] if lost else "",
    }


def main() -> int:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    broken = "--control" in sys.argv
    figures = run(numbers[0] if numbers else 500, broken=broken)
    print(figures)
    return int(bool(figures["acknowledged and lost or doubled"]))


if __name__ == "__main__":
    sys.exit(main())
