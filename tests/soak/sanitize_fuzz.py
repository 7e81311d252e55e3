"""Throw random text at the sanitiser: python -m tests.soak.sanitize_fuzz [COUNT] [SEED]."""

import random
import sys
import time

from chatrepl.terminal.sanitize.text import Sanitizer, display, one_line, pipe
from tests.terminal.sanitize.hostile import FORBIDDEN, SPECIAL, samples

BLOCKS = [
    (0, 0x7F),
    (0x80, 0x2FF),
    (0x300, 0x36F),
    (0x600, 0xDFF),
    (0x2000, 0x2BFF),
    (0xD800, 0xFFFF),
]
ASTRAL = [(0x1F000, 0x1FAFF), (0xE0000, 0xE0200), (0, sys.maxunicode)]


def random_text(rng: random.Random, seeds: list[str]) -> str:
    """Pieces of the corpus, of the troublesome characters and of random blocks, in any mixture."""
    pieces = []
    for _ in range(rng.randint(1, 5)):
        kind = rng.random()
        if kind < 0.3:
            seed = rng.choice(seeds)
            start = rng.randrange(len(seed))
            pieces.append(seed[start : start + rng.randint(1, 12)])
        elif kind < 0.7:
            pieces.append("".join(rng.choices(SPECIAL, k=rng.randint(1, 6))))
        else:
            low, high = rng.choice(BLOCKS + ASTRAL)
            pieces.extend(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 4)))
    return "".join(pieces)


def fault(text: str, rng: random.Random) -> str:
    """What is wrong with the way this text is shown; empty when nothing is."""
    shown = display(text)
    if FORBIDDEN.search(shown):
        return "something forbidden is shown"
    if display(shown) != shown:
        return "not idempotent"
    cut, again = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
    sanitizer = Sanitizer()
    pieces = [sanitizer.feed(part) for part in (text[:cut], text[cut:again], text[again:])]
    if "".join(pieces) + sanitizer.flush() != shown:
        return f"cut at {cut} and {again} it is shown otherwise"
    line = one_line(text, 20)
    if len(line) > 20 or "\n" in line or FORBIDDEN.search(line):
        return "not one safe line"
    pipe(text).encode()
    return ""


def main() -> int:
    """Run, print a line of figures, give 1 at the first fault."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    rng = random.Random(seed)
    seeds = [sample.text for sample in samples() if len(sample.text) < 6_000]
    started = time.monotonic()
    for number in range(count):
        text = random_text(rng, seeds)
        if wrong := fault(text, rng):
            print(f"seed {seed}, input {number}: {wrong}: {text!a}")
            return 1
    print(f"{count} inputs, 0 faults, seed {seed}, {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
