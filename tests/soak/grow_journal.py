"""A long talk on a disk that fails at random: python -m tests.soak.grow_journal [TURNS] [SEED].

Memory and descriptors must not grow, and in the end the file says what the memory says.
"""

import contextlib
import errno
import os
import random
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.storage import files, journal_file
from chatrepl.storage.journal import Journal
from chatrepl.storage.read import load


class FaultyOs:
    """The system, but writes, syncs, opens and links fail at times, or take only a part."""

    def __init__(self, rng: random.Random, share: float) -> None:
        self._rng = rng
        self.share = share
        self.faults = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name in {"fsync", "fdatasync", "open", "link"}:
            return self._faulty(real)
        return self._write if name == "write" else real

    def _write(self, descriptor: int, data: Any) -> int:
        view = memoryview(data)
        if self._rng.random() < self.share:
            view = view[: self._rng.randint(1, len(view))]
        elif self._rng.random() < self.share:
            self._fail()
        return os.write(descriptor, view)

    def _faulty(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if self._rng.random() < self.share:
                self._fail()
            return real(*args, **more)

        return call

    def _fail(self) -> None:
        self.faults += 1
        code = self._rng.choice((errno.ENOSPC, errno.EIO, errno.EROFS, errno.EMFILE))
        raise OSError(code, os.strerror(code))


@contextlib.contextmanager
def faulty_disk(rng: random.Random, share: float) -> Iterator[FaultyOs]:
    """Let the disk fail in some share of all calls."""
    faulty = FaultyOs(rng, share)
    for module in (files, journal_file):
        setattr(module, "os", faulty)  # noqa: B010 - a module's own name for it
    try:
        yield faulty
    finally:
        for module in (files, journal_file):
            setattr(module, "os", os)  # noqa: B010 - as above


def run(turns: int, seed: int, *, share: float = 0.05) -> dict[str, Any]:
    """Hold the talk and give the figures."""
    rng = random.Random(seed)
    conversation, unsaved, start = Conversation(), 0, (0, 0)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "talk.jsonl"
        journal = Journal(path)
        with faulty_disk(rng, share) as disk:
            for number in range(turns):
                conversation = _turn(journal, conversation, number, rng)
                unsaved += bool(journal.unsaved)
                if number == turns // 10:
                    start = (_rss_kb(), _descriptors())
        kept = journal.flush()
        grown = (_rss_kb() - start[0], _descriptors() - start[1])
        journal.close()
        size = path.stat().st_size
        loaded = load(path)
        return {
            "turns": turns,
            "faults": disk.faults,
            "turns with a notice": unsaved,
            "saved at last": kept,
            "equal": loaded.conversation == conversation,
            "damaged records": loaded.skipped,
            "memory grown, MB": round(grown[0] / 1024, 1),
            "descriptors grown": grown[1],
            "file, MB": round(size / 1e6, 1),
        }


def _turn(
    journal: Journal, conversation: Conversation, number: int, rng: random.Random
) -> Conversation:
    turn = Turn(TurnId(f"{number:05}"), conversation.head, (Message.user(f"question {number}"),))
    journal.begin(turn)
    text = "".join(f"piece {i} " for i in range(rng.randint(1, 60)))
    for start in range(0, len(text), 40):
        journal.delta(turn.id, text[start : start + 40])
    reply = Message("assistant", (TextBlock(text),), "m")
    turn = replace(turn, messages=(*turn.messages, reply), receipt=Receipt("m", "end_turn"))
    journal.finish(turn)
    conversation = conversation.add(turn)
    if rng.random() < 0.1:
        conversation = conversation.with_marks({turn.id: "pinned"})
    if rng.random() < 0.1:
        journal.state(conversation)
        conversation = conversation.undo()
    journal.state(conversation)
    return conversation


def _rss_kb() -> int:
    with contextlib.suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _descriptors() -> int:
    with contextlib.suppress(OSError):
        return len(list(Path("/proc/self/fd").iterdir()))
    return 0


def main() -> int:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    figures = run(turns, seed)
    print(figures)
    fine = figures["equal"] and figures["saved at last"] and not figures["descriptors grown"]
    return int(not fine or figures["memory grown, MB"] > 30)


if __name__ == "__main__":
    sys.exit(main())
