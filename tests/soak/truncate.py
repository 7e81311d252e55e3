"""Cut random histories and check every rule: python -m tests.soak.truncate [COUNT] [SEED]."""

import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.core.histories import MUTANTS, find_fault, random_history


def faults(seed: int, count: int, mutant: str = "") -> Counter[str]:
    """Count the faults in `count` histories; those of a mutant, if one is named."""
    rng = random.Random(seed)
    roles = MUTANTS.get(mutant, ())
    found = (find_fault(random_history(rng), *roles) for _ in range(count))
    return Counter(fault for fault in found if fault)


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    shares = os.cpu_count() or 1
    started = time.perf_counter()
    with ProcessPoolExecutor(shares) as pool:
        seeds, counts = range(seed, seed + shares), [count // shares] * shares
        total = sum(pool.map(faults, seeds, counts), Counter[str]())
    print(
        f"{sum(counts)} histories in {time.perf_counter() - started:.0f} s: {dict(total) or 'ok'}"
    )
    alive = 0
    for name in MUTANTS:
        tries = max(100, count // 100)
        found = faults(seed, tries, name)
        alive += not found
        print(f"mutant that {name}: caught in {found.total() / tries:.0%} {dict(found)}")
    return 1 if total or alive else 0


if __name__ == "__main__":
    sys.exit(main())
