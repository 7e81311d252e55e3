"""How fast saved conversations are listed, found, searched and loaded.

python -m tests.bench.storage [CONVERSATIONS] [TURNS]
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.storage.library import list_entries
from chatrepl.storage.read import load_bytes
from chatrepl.storage.record_log import RecordLog
from chatrepl.storage.search import search


def words(rng: random.Random, count: int) -> str:
    """Text of a given length in words, out of a vocabulary of 20,000 with Zipf's frequencies."""
    return " ".join(f"w{int(20_000 ** rng.random())}" for _ in range(count))


def write_one(rng: random.Random, turns: int) -> bytes:
    """The file of a conversation whose messages are some 700 bytes long."""
    recorder = RecordLog(0.0)
    written = [recorder.opening(), recorder.meta({"model": "m"})]
    conversation = Conversation()
    for number in range(turns):
        turn = Turn(TurnId(f"{number:06}"), conversation.head, (Message.user(words(rng, 130)),))
        answer = words(rng, 130)
        written.append(recorder.begin(turn))
        written += [
            recorder.delta(turn.id, "text", answer[i : i + 200]) for i in range(0, len(answer), 200)
        ]
        reply = Message("assistant", (TextBlock(answer),), "m")
        turn = replace(turn, messages=(*turn.messages, reply), receipt=Receipt("m", "end_turn"))
        conversation = conversation.add(turn)
        written += [recorder.finish(turn), recorder.state(conversation)]
    return b"".join(written)


def timed(what: str, work: Callable[[], object], times: int = 5) -> None:
    """Print the median and the worst of some runs."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        took.append((time.perf_counter() - started) * 1000)
    print(f"{what:36} {statistics.median(took):8.1f} ms   worst {max(took):8.1f} ms")


def main() -> int:
    conversations = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = 0
        for number in range(conversations):
            data = write_one(rng, turns)
            if number == conversations // 2:
                data = data.replace(b"w777 ", b"needle ", 1)
            (folder / f"{number:08}.jsonl").write_bytes(data)
            size += len(data)
        print(
            f"{conversations} conversations, {2 * conversations * turns} messages, {size:,} bytes"
        )
        timed("list all", lambda: list_entries(folder))
        timed("list the 50 newest", lambda: list_entries(folder, 50))
        timed("search, one place", lambda: search(folder, "Needle"))
        timed("search, nowhere", lambda: search(folder, "not there at all"))
        timed("search, everywhere", lambda: search(folder, "w1"))
        timed("search, not ASCII, nowhere", lambda: search(folder, "жизнь"))
        big = b"".join(write_one(rng, 1_000) for _ in range(20))
        timed(f"load {len(big):,} bytes", lambda: load_bytes(big), 3)
        lines = big.split(b"\n")
        for at in rng.sample(range(len(lines)), len(lines) // 100):
            lines[at] = lines[at][: len(lines[at]) // 2]
        damaged = b"\n".join(lines)
        timed("the same, 1 % of its lines damaged", lambda: load_bytes(damaged), 3)
        print(f"skipped {load_bytes(damaged).skipped} of {len(lines) // 100} damaged lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
