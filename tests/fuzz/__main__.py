"""Fuzz by name, as long as one likes: python -m tests.fuzz [NAME …] [--seconds 600] [--seed 1].

What is found is said with its traceback and kept below `tests/fuzz/seeds`; exit status 1.
"""

import argparse
import sys
import traceback

from tests.fuzz.rounds import Finding, rounds
from tests.fuzz.targets import TARGETS, keep


def main() -> int:
    """Fuzz each of the targets that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *TARGETS], metavar="NAME")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    failed = 0
    for name in asked.names or TARGETS:
        try:
            count = rounds(name, asked.seconds, asked.seed)
        except Finding as finding:
            failed += 1
            traceback.print_exception(finding.__cause__)
            print(f"{name}: kept in {keep(name, finding.data)}")
        else:
            print(f"{name}: {count:,} inputs, nothing found")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
