"""Cut the power under a talk: python -m tests.soak.power_cut [CUTS] [--control].

An ext4 in a loop device stands on a btrfs, where a copy of its image is taken in an instant: what
the disk holds at that moment, and nothing that was only in memory. Needs root, loop devices and
mkfs.btrfs; says loudly that it is skipped without.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.soak.journal_talk import Told, Verdict, judge
from tests.soak.kill_journal import listen, talk_at

WINDOW_S = 1.25
OUTER_MB, INNER_MB = 1024, 64


def missing() -> str:
    """Tell what keeps this machine from being cut off; empty when nothing does."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root may mount"
    for program in ("mkfs.btrfs", "mkfs.ext4", "losetup", "mount"):
        if shutil.which(program) is None:
            return f"there is no {program}"
    with tempfile.TemporaryDirectory() as name:
        try:
            _make(Path(name) / "try.img", 8, "mkfs.ext4", "-q")
            with mounted(Path(name) / "try.img", Path(name) / "try"):
                return ""
        except subprocess.CalledProcessError:
            return "loop devices cannot be mounted"


@contextlib.contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    """Mount an image through a loop device of its own."""
    at.mkdir(exist_ok=True)
    _do("mount", "-o", "loop", str(image), str(at))
    try:
        yield at
    finally:
        for _ in range(20):
            if (
                subprocess.run(["umount", str(at)], capture_output=True, check=False).returncode
                == 0
            ):
                break
            time.sleep(0.1)


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _make(image: Path, megabytes: int, *command: str) -> None:
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    _do(*command, str(image))


def cut_once(outer: Path, seed: int, *, broken: bool) -> Verdict:
    """Hold a talk on a disk of its own, copy the disk in the middle, and judge the copy."""
    image, copy = outer / f"{seed}.img", outer / f"{seed}.cut"
    _make(image, INNER_MB, "mkfs.ext4", "-q")
    heard: list[bytes] = []
    with mounted(image, outer / "live") as live:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                talk_at(live / "talk.jsonl", writing, seed, broken=broken, pieces=1_500)
            finally:
                os._exit(0)
        os.close(writing)
        speaks = threading.Event()
        listener = threading.Thread(target=listen, args=(reading, heard, speaks))
        listener.start()
        speaks.wait()
        time.sleep(random.Random(seed).uniform(0.2, 3.0))
        cut = time.monotonic()
        _do("cp", "--reflink=always", str(image), str(copy))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        listener.join()
        os.close(reading)
    with mounted(copy, outer / "after") as after:
        verdict = judge(Told.read(b"".join(heard)), after / "talk.jsonl", cut)
    image.unlink()
    copy.unlink()
    return verdict


def run(count: int, *, broken: bool = False) -> dict[str, Any]:
    """Cut many times and give the figures."""
    lost: list[str] = []
    late, oldest = 0, 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make(folder / "outer.img", OUTER_MB, "mkfs.btrfs", "-q")
        with mounted(folder / "outer.img", folder / "outer") as outer:
            for seed in range(count):
                verdict = cut_once(outer, seed, broken=broken)
                lost += verdict.lost
                late += verdict.oldest_s > WINDOW_S
                oldest = max(oldest, verdict.oldest_s)
    return {
        "cuts": count,
        "durable and lost": len(lost),
        f"cuts that lost text older than {WINDOW_S} s": late,
        "oldest lost text, s": round(oldest, 2),
        "first loss": lost[0] if lost else "",
    }


def main() -> int:
    if why := missing():
        print(f"SKIPPED, NOTHING WAS CHECKED: {why}")
        return 0
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    figures = run(numbers[0] if numbers else 100, broken="--control" in sys.argv)
    print(figures)
    return int(bool(figures["durable and lost"]))


if __name__ == "__main__":
    sys.exit(main())
