"""Several chatrepls at once on one folder: python -m tests.soak.many_instances [PROCESSES] [TURNS].

Every question of every one must be there afterwards, and what they learned together.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.storage.journal import Journal
from chatrepl.storage.library import list_entries
from chatrepl.storage.read import load
from chatrepl.storage.small_files import learn, read_facts


def work(folder: Path, number: int, turns: int, took: int) -> None:
    """Be one of them."""
    journal = Journal.new(folder / "conversations")
    conversation = Conversation()
    for i in range(turns):
        turn = Turn(TurnId(f"{i:05}"), conversation.head, (Message.user(f"{number}/{i}"),))
        started = time.perf_counter()
        journal.begin(turn)
        os.write(took, f"{time.perf_counter() - started}\n".encode())
        turn = Turn(turn.id, turn.parent, turn.messages, Receipt("m", "end_turn"))
        conversation = conversation.add(turn)
        journal.finish(turn)
        journal.state(conversation)
        if i % 10 == 0:
            learn(folder / "facts.json", {"seen": {f"{number}/{i}": True}})
    journal.close()


def run(processes: int, turns: int) -> dict[str, Any]:
    """Let them all work, and count."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reading, writing = os.pipe()
        children = []
        for number in range(processes):
            child = os.fork()
            if child == 0:
                try:
                    work(folder, number, turns, writing)
                finally:
                    os._exit(0)
            children.append(child)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            took = sorted(float(line) * 1000 for line in pipe)
        for child in children:
            os.waitpid(child, 0)
        entries = list_entries(folder / "conversations")
        texts = {
            turn.messages[0].text
            for entry in entries
            for turn in load(entry.path).conversation.path()
        }
        return {
            "messages kept": len(texts),
            "of": processes * turns,
            "listed": sum(entry.turns for entry in entries),
            "facts kept": len(read_facts(folder / "facts.json").get("seen", {})),
            "facts learned": processes * ((turns + 9) // 10),
            "durable in ms, median": round(statistics.median(took), 2),
            "99th percentile": round(took[int(len(took) * 0.99)], 2),
        }


def main() -> int:
    processes = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    figures = run(processes, turns)
    print(figures)
    return int(figures["messages kept"] != figures["of"])


if __name__ == "__main__":
    sys.exit(main())
