"""Fail the n-th write, sync, open and rename of a talk: python -m tests.soak.inject_faults [N].

For n = 1..N, each with a full disk and with a broken one, once alone and once for good. The talk
must go on, say whether it is saved, and be right about it.
"""

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from chatrepl.core.talk.conversation import Conversation
from chatrepl.storage.journal import Journal
from chatrepl.storage.read import load
from chatrepl.storage.record_log import RecordLog
from chatrepl.storage.small_files import learn, read_facts
from tests.soak.journal_talk import talk

TURNS: Final = 24
CALLS: Final = {
    "write": "write",
    "sync": "fsync,fdatasync",
    "open": "openat,open",
    "rename": "rename,renameat,renameat2,link,linkat",
}
SAVED, UNSAVED, WRONG = 0, 1, 9


class Boaster(Journal):
    """A journal that always says that all is well: the fault the check must find."""

    unsaved = ""


def act(folder: Path, *, boast: bool) -> int:
    """Hold the talk under faults; the exit code says how it ended."""
    path = folder / "talk.jsonl"
    journal = Boaster(path) if boast else Journal(path)
    ack = os.open(os.devnull, os.O_WRONLY)
    conversation = Conversation()
    os.write = _counted(os.write, ack)
    conversation = talk(journal, ack, TURNS, 1, pace_s=0.0, pieces=3)
    for number in range(TURNS):
        journal.meta(count=number)
        journal.flush()
        learn(folder / "facts.json", {str(number): True})
    if len(conversation.turns) != TURNS:
        return WRONG
    saved = journal.close()
    if saved != (not journal.unsaved):
        return WRONG
    expected = folder / "memory"
    recorder = RecordLog(0.0)
    told = recorder.opening() + recorder.state(conversation)
    for _ in range(2):  # the fault may be meant for this very write
        with contextlib.suppress(OSError):
            expected.write_bytes(told)
            break
    return SAVED if saved else UNSAVED


def _counted(write: Callable[[int, Any], int], ack: int) -> Callable[[int, Any], int]:
    """Keep what is told of the talk out of the count of writes."""
    return lambda descriptor, data: len(data) if descriptor == ack else write(descriptor, data)


def run_once(call: str, error: str, when: str, *, boast: bool = False) -> str:
    """Run the talk under strace; give what is wrong, or nothing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "state"
        folder.mkdir()
        inject = f"inject={CALLS[call]}:error={error}:when={when}"
        only = []
        if call == "open":  # Python opens hundreds of files of its own
            names = ("talk.jsonl", "facts.json", "facts.lock", "")
            only = [word for name in names for word in ("-P", str(folder / name))]
        done = subprocess.run(
            ["strace", "-f", "-qq", "-o", os.devnull, *only]
            + ["-e", f"trace={CALLS[call]}", "-e", inject]
            + [sys.executable, "-m", "tests.soak.inject_faults", "--act", str(folder)]
            + ["--control"] * boast,
            capture_output=True,
            check=False,
            timeout=120,
        )
        if done.returncode not in {SAVED, UNSAVED}:
            return f"exit {done.returncode}: {done.stderr.decode()[-300:]}"
        if when.endswith("+") and call in {"write", "sync"} and done.returncode == SAVED:
            return "it says all is saved" if int(when[:-1]) <= TURNS else ""
        return _compare(folder) if done.returncode == SAVED else ""


def _compare(folder: Path) -> str:
    path, memory = folder / "talk.jsonl", folder / "memory"
    if not path.exists():
        return "it says all is saved, and there is no file"
    loaded = load(path)
    if loaded.conversation != load(memory).conversation:
        return "it says all is saved, and the file says otherwise"
    if loaded.meta.get("count") != TURNS - 1:
        return "the last change is not in the file"
    strays = [p.name for p in folder.iterdir() if p.name.startswith(".")]
    read_facts(folder / "facts.json")
    return f"left behind: {strays}" if strays else ""


def run(numbers: range, *, once: bool = True, for_good: bool = True) -> tuple[int, list[str]]:
    """Run all combinations; give how many there were and what was wrong."""
    ways = [""] * once + ["+"] * for_good
    wrong, count = [], 0
    for call, error, n, way in itertools.product(CALLS, ("ENOSPC", "EIO"), numbers, ways):
        count += 1
        if what := run_once(call, error, f"{n}{way}"):
            wrong.append(f"{call} {n}{way} {error}: {what}")
    return count, wrong


def main() -> int:
    if "--act" in sys.argv:
        return act(Path(sys.argv[2]), boast="--control" in sys.argv)
    if shutil.which("strace") is None:
        print("SKIPPED: there is no strace here")
        return 0
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    count, wrong = run(range(1, most + 1))
    print(f"{count - len(wrong)} of {count} went well")
    for line in wrong[:20]:
        print(line)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
