"""Many questions with a service that is busy and breaks off, and a kill in the middle.

    python -m tests.soak.each --items 1000 --seeds 20

Each seed: a run that is killed at a random moment, then the same command to its end. Then there is
one answer an item, in order, and by the service's own log each item succeeded once. What the
service had answered in the very moment of the kill, and we had not read yet, is asked again: no
client can know of it; such items are counted apart, and are never more than were under way.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tests.e2e.piped import ROOT, command
from tests.shells.many_service import Manners, ManyService, many_service

JOBS = 8


@dataclass(frozen=True)
class Account:
    """What became of one seed."""

    killed_after: int  # answers
    twice: int  # items that had succeeded unread when we were killed
    under_way: int
    faults: tuple[str, ...]


def one(seed: int, items: int, home: Path, delay_s: float = 0.01) -> Account:
    """Run, kill, run again; tell what was wrong."""
    chance = random.Random(seed)
    pause_s = chance.random() * delay_s  # answers come in bursts, and a kill at any moment
    manners = Manners(delay_s=delay_s, busy=0.05, torn=0.01, seed=seed, answer="<{}>")
    with many_service(manners) as service:
        source = home / "items.txt"
        source.write_text("".join(f"item {n}\n" for n in range(items)))
        args = ("--input", str(source), "-j", str(JOBS), "--out", str(home / "out.txt"), "{}")
        after = chance.randrange(1, items)
        under_way = _killed(args, service, home, after, pause_s)
        killed_after = sum(service.succeeded.values())
        done = subprocess.run(
            command(args), env=_env(service, home), capture_output=True, check=False, cwd=ROOT
        )
        return Account(killed_after, *_judged(service, home, items, done.returncode, under_way))


def _killed(
    args: tuple[str, ...], service: ManyService, home: Path, after: int, pause_s: float
) -> int:
    """Run until so many answers are there, then kill it; tell how many were under way."""
    with subprocess.Popen(
        command(args), env=_env(service, home), stderr=subprocess.DEVNULL, cwd=ROOT
    ) as process:
        while process.poll() is None and sum(service.succeeded.values()) < after:
            time.sleep(0.001)
        time.sleep(pause_s)
        under_way = service.under_way
        process.send_signal(signal.SIGKILL)
    time.sleep(0.1)  # what was under way ends
    return under_way


def _judged(
    service: ManyService, home: Path, items: int, code: int, under_way: int
) -> tuple[int, int, tuple[str, ...]]:
    faults = [f"exit {code}"] if code else []
    written = (home / "out.txt").read_text()
    if written != "".join(f"<item {n}>\n" for n in range(items)):
        faults.append("the output is not one answer an item, in order")
    missing = [n for n in range(items) if not service.succeeded[f"item {n}"]]
    twice = [item for item, count in service.succeeded.items() if count > 1]
    faults += [f"{len(missing)} items never succeeded"] if missing else []
    if len(twice) > JOBS or max(service.succeeded.values()) > 2:
        faults.append(f"{len(twice)} items succeeded more than once")
    return len(twice), under_way, tuple(faults)


def _env(service: ManyService, home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""), "HOME": str(home), "PYTHONPATH": str(ROOT),
        "ANTHROPIC_API_KEY": "sk-ant-test", "ANTHROPIC_BASE_URL": service.url,
        **{name: os.environ[name] for name in os.environ if name.startswith("COVERAGE_")},
    }  # fmt: skip


def main() -> int:
    """Run all seeds; give 1 where one of them found a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--delay", type=float, default=0.01, help="seconds for an answer")
    asked = parser.parse_args()
    bad = twice = 0
    for seed in range(asked.seeds):
        home = Path(mkdtemp(prefix="each-"))
        try:
            account = one(seed, asked.items, home, asked.delay)
        finally:
            shutil.rmtree(home)
        bad += bool(account.faults)
        twice += account.twice
        print(seed, account, flush=True)
    print(f"{bad} of {asked.seeds} seeds found a fault; {twice} answers were paid for twice")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
