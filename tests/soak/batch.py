"""A batch whose command is killed again and again: python -m tests.soak.batch [SEEDS] [ITEMS].

Each seed: the same command, killed at a random moment some times, then to its end. Then there is an
answer an item, in order, and by the service's own log each item was in one batch, once.
"""

import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import Served, serve
from tests.e2e.piped import Desk, command

KILLS = 6
LONGEST_S = 3.0


def one(seed: int, items: int, home: Path) -> tuple[int, list[str]]:
    """Have a batch answered; tell how often it was killed, and what was wrong."""
    dice = random.Random(seed)
    with serve(Engine(), keeps=False) as served:
        served.engine.batches.seconds = dice.choice((0.0, 0.7))
        desk = Desk(home, served)
        (home / "items").write_text("".join(f"demo: say {n}\n" for n in range(items)))
        args = ("--input", "items", "--batch", "--out", "answers", "{}")
        limits = [*(dice.random() * LONGEST_S for _ in range(KILLS)), None]
        killed = 0
        for limit_s in limits:
            if (code := _run(desk, args, limit_s)) is not None:
                break
            killed += 1
        return killed, _faults(served, home, items, code)


def _run(desk: Desk, args: tuple[str, ...], limit_s: float | None) -> int | None:
    """Run it for so long; give its exit code, None where it was killed."""
    env = desk.env({"CHATREPL_BUDGET_DAY_USD": "50"})
    try:
        done = subprocess.run(
            command(args), cwd=desk.home, env=env, timeout=limit_s, capture_output=True, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def _faults(served: Served, home: Path, items: int, code: int | None) -> list[str]:
    faults = [f"exit {code}"] if code else []
    if (home / "answers").read_text() != "".join(f"{n}\n" for n in range(items)):
        faults.append("the output is not one answer an item, in order")
    batches = served.engine.batches._batches.values()
    asked = Counter(request["custom_id"].split("-")[1] for b in batches for request in b.requests)
    if sorted(asked.values()) != [1] * items:
        faults.append(f"{asked.total()} requests for {items} items")
    return faults


def main() -> int:
    """Run all seeds; give 1 where one of them found a fault."""
    seeds, items = [*map(int, sys.argv[1:]), *(20, 300)[len(sys.argv) - 1 :]]
    bad = 0
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as home:
            killed, faults = one(seed, items, Path(home))
        bad += bool(faults)
        print(seed, f"killed {killed} times", *faults, flush=True)
    print(f"{bad} of {seeds} seeds found a fault")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
