"""Cut random histories and check every rule: python -m tests.soak.truncate [COUNT] [SEED]."""

import random
import sys
import time
from collections import Counter

from tests.core.histories import MUTANTS, find_fault, random_history


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    rng = random.Random(seed)
    started = time.perf_counter()
    faults = Counter(fault for _ in range(count) if (fault := find_fault(random_history(rng))))
    print(
        f"{count} histories in {time.perf_counter() - started:.0f} s: {dict(faults) or 'no fault'}"
    )
    for name, (planner, sender) in MUTANTS.items():
        rng = random.Random(seed)
        tries = max(100, count // 50)
        found = Counter(find_fault(random_history(rng), planner, sender) for _ in range(tries))
        caught = tries - found.pop(None, 0)
        print(f"mutant that {name}: caught in {caught / tries:.0%} {dict(found)}")
        faults += Counter() if caught else Counter([f"mutant {name} lives"])
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
