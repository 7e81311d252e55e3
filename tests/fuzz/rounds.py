"""One target after another, what was once found first, then as much as the time allows."""

import random
import time

from tests.fuzz.mutate import mutate
from tests.fuzz.targets import TARGETS, seeds_of


class Finding(Exception):  # noqa: N818 - it is what was looked for
    """An input that breaks a promise; its cause is what was raised."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(f"{name}: {data[:200]!r}{'…' if len(data) > 200 else ''}")
        self.data = data


def rounds(name: str, seconds: float, seed: int = 1) -> int:
    """Try the seeds of a target, then spoilt ones until the time is over; give how many.

    The inputs depend on the seed alone, their number on the time. Raises Finding.
    """
    target, seeds = TARGETS[name], seeds_of(name)
    dice, ends = random.Random(f"{name}/{seed}"), time.monotonic() + seconds
    count = 0
    while count < len(seeds) or time.monotonic() < ends:
        spoilt = count >= len(seeds)
        data = mutate(seeds, dice, target.tokens) if spoilt else seeds[count]
        try:
            target.check(data)
        except Exception as error:
            raise Finding(name, data) from error
        count += 1
    return count
