"""Throw what terminals send at the parser of keys: python -m tests.soak.keys [COUNT] [SEED]."""

import random
import sys
import time

from tests.terminal.keys.model import fault


def main() -> int:
    """Run, print a line of figures, give 1 at the first fault."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    rng = random.Random(seed)
    started = time.monotonic()
    for number in range(count // 2):
        if wrong := fault(rng):  # two inputs
            print(f"seed {seed}, input {2 * number}: {wrong}")
            return 1
    print(f"{count} inputs, 0 faults, seed {seed}, {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
