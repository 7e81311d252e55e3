"""Random chats against the strict engine, many of them.

python -m tests.soak.commands [SEQUENCES] [STEPS]
"""

import argparse
import sys
import time

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.commands.machine import Chats


def main(sequences: int = 10_000, steps: int = 12) -> None:
    """Play, and say how long it took; the first failure ends it with its steps."""
    begun = time.monotonic()
    how = settings(
        max_examples=sequences,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Chats, settings=how)
    sys.stdout.write(f"{sequences} sequences: all well in {time.monotonic() - begun:.0f} s\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sequences", type=int, nargs="?", default=10_000)
    parser.add_argument("steps", type=int, nargs="?", default=12)
    given = parser.parse_args()
    main(given.sequences, given.steps)
