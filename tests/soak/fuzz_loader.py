"""Load files that were damaged at random: python -m tests.soak.fuzz_loader [COUNT] [SEED].

Never a traceback; and every turn whose records are intact comes back.
"""

import random
import sys
import tempfile
import time
from pathlib import Path

from chatrepl.core.errors import StorageError
from chatrepl.core.talk.conversation import Turn
from chatrepl.storage.importing import read_messages
from chatrepl.storage.library import list_entries
from chatrepl.storage.read import ReadBack, load_bytes
from chatrepl.storage.search import search
from tests.bench.storage import write_one

TROUBLE = (
    b"\0" * 64,
    b"\xff\xfe",
    b"\n",
    b"{",
    b'"',
    b"[" * 3_000,
    b"\xed\xa0\x80",
    b"9" * 5_000,
    b"null",
    b"-1",
    b"1e999",
    b"[]",
    b"{}",
    b"true",
    b'"\\ud800"',
    b'{"t":"state","keep":9,"at":99,"steps":[{"head":"x"}]}\n',
    b'{"t":"future","v":7}\n',
)


def samples() -> list[bytes]:
    return [write_one(random.Random(seed), turns) for seed, turns in ((1, 3), (2, 6), (3, 1))]


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Damage a file as disks, crashes, editors and enemies do."""
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(damaged) + 1)
        length = min(rng.choice((1, 4, 50, 500)), len(damaged) - at)
        match rng.randrange(8):
            case 0:
                del damaged[at:]
            case 1:
                del damaged[at : at + length]
            case 2:
                damaged[at : at + length] = bytes(length)
            case 3 if length:
                damaged[at] ^= 1 << rng.randrange(8)
            case 4:
                damaged[at:at] = rng.choice(TROUBLE)
            case 5:
                damaged[at : at + length] = rng.choice(TROUBLE)
            case 6:
                damaged[at:at] = rng.randbytes(length)
            case _:
                _swap_value(damaged, rng)
    return bytes(damaged)


def _swap_value(damaged: bytearray, rng: random.Random) -> None:
    """Put a value of another type behind some key."""
    at = damaged.find(b'":', rng.randrange(len(damaged) + 1))
    if at >= 0:
        ends = [end for mark in (b",", b"}") if (end := damaged.find(mark, at)) >= 0]
        damaged[at + 2 : min(ends, default=len(damaged))] = rng.choice(TROUBLE[8:15])


def fault(original: ReadBack, data: bytes, damaged: bytes) -> str:
    """What is wrong with how a damaged file is loaded; empty when nothing is."""
    loaded = load_bytes(damaged)
    turns = loaded.conversation.turns
    loaded.conversation.path()
    lines = set(damaged.split(b"\n"))
    intact = {line for line in data.split(b"\n") if line in lines}
    for turn in original.conversation.turns.values():
        ours = [line for line in data.split(b"\n") if f'"id":"{turn.id}"'.encode() in line]
        others = [line for line in lines - intact if turn.id.encode() in line]
        if all(line in intact for line in ours) and not others and not _same(turns, turn):
            return f"turn {turn.id} is gone or another"
    return ""


def _same(turns: object, turn: Turn) -> bool:
    found = turns.get(turn.id) if isinstance(turns, dict) else None
    return found is not None and (found.messages, found.receipt) == (turn.messages, turn.receipt)


def run(count: int, seed: int, *, looks_every: int = 50) -> tuple[int, str]:
    """Load `count` damaged files; give how many went well and what went wrong first."""
    rng = random.Random(seed)
    files = [(data, load_bytes(data)) for data in samples()]
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            data, original = rng.choice(files)
            damaged = mutate(data, rng)
            if wrong := fault(original, data, damaged):
                return number, wrong
            if number % looks_every == 0:
                look(damaged, Path(folder))
    return count, ""


def look(damaged: bytes, folder: Path) -> None:
    """List, search and import a damaged file; only errors in words may come of it."""
    (folder / "one.jsonl").write_bytes(damaged)
    list_entries(folder)
    search(folder, "w1")
    search(folder, "ÜĞ")
    try:
        read_messages(damaged.decode("utf-8", "replace"))
    except StorageError:
        return


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    started = time.monotonic()
    done, wrong = run(count, seed)
    took = time.monotonic() - started
    print(f"{done} of {count} damaged files, seed {seed}, {took:.0f} s {wrong}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
