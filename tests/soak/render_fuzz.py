"""Random Markdown in random pieces: a stream must show what a whole text shows.

    python -m tests.soak.render_fuzz [--count 3000] [--seed 0] [--lines 22]

Checks each row's text and style, the scrollback after each piece, and that nothing is erased in
sight. Prints the documents that fail; exit status 1 if there are any.
"""

import argparse
import sys
import time

from tests.terminal.stream.emulator import erases_unseen
from tests.terminal.stream.harness import faults, streamed
from tests.terminal.stream.texts import Writer, corpus

SIZES = [(100, 30), (80, 24), (60, 20), (40, 10), (132, 50), (40, 6), (200, 40), (160, 12)]
ODD = [(1, 4), (2, 3), (7, 5), (500, 30), (100, 2), (30, 1)]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", type=int, default=22)
    options = parser.parse_args()
    begin, failed = time.monotonic(), 0
    documents = corpus()
    for index in range(options.count):
        writer = Writer(options.seed * 1_000_003 + index)
        text = writer.broken(options.lines)
        if index < len(documents):
            text = documents[index]
        elif index % 5 == 0:
            text += "\n" * writer.random.randint(0, 2) + writer.random.choice(documents)
        width, height = writer.random.choice(SIZES if index % 8 else ODD)
        pieces = writer.pieces(text)
        found = faults(text, pieces, width, height)
        if not erases_unseen(streamed(pieces, width, height, step=0.02)):
            found.append("something is erased in sight")
        if found:
            failed += 1
            if failed <= 5:
                print(f"document {index}, {width}x{height}: {text!r}")
                print("   ", "; ".join(found))
    seconds = time.monotonic() - begin
    print(f"{options.count} documents, {failed} failed, {seconds:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
