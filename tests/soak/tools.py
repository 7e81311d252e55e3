"""Kill chats whose tools run: python -m tests.soak.tools [KILLS] [SEED].

Each time the chat is gone on with: no request of it is refused, every call has an answer, and no
call runs twice. A killed one never runs again by itself.
"""

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from chatrepl.core.settings import Settings
from chatrepl.core.talk.answers import UNKNOWN
from chatrepl.core.talk.blocks import TextBlock, ToolResultBlock, ToolUseBlock
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.tools import Tool, ToolAnswer, ToolCall
from chatrepl.demo.engine import Engine
from chatrepl.session.workbench import Workbench
from chatrepl.storage.journal import Journal, resume
from tests.commands.playing import Player
from tests.toolbox import FakeBox

_LONGEST_S = 0.02
_PATIENCE_S = 60.0


class LoggedBox(FakeBox):
    """Writes down what begins to run, and takes its time."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log

    async def run(self, tool: Tool, call: ToolCall, /) -> ToolAnswer:
        with self._log.open("a", encoding="ascii") as log:
            log.write(f"{call.id}\n")
        await asyncio.sleep(random.uniform(0, _LONGEST_S))
        return ToolAnswer((TextBlock("x" * random.randrange(2000)),))


def _chat(journal: Journal, log: Path) -> Player:
    made = Player(Settings(model="claude-opus-5"), Engine(), runner=asyncio.Runner())
    made.session.equip(new_id=lambda: os.urandom(4).hex(), clock=time.time)
    made.session.bench = Workbench(LoggedBox(log), lambda _tool, _call: "")
    made.session.recorder = journal
    return made


def _talk(folder: Path, log: Path, seed: int) -> None:
    """Be the chat that is killed."""
    random.seed(seed)
    chat = _chat(Journal.new(folder), log)
    for number in range(10**6):
        chat.say(f"demo: tools {seed * 1000 + number} 4")


def _killed(folder: Path, log: Path, rng: random.Random) -> None:
    """Let a chat begin, and kill it while it talks."""
    child = os.fork()
    if child == 0:
        try:
            _talk(folder, log, rng.randrange(10**6))
        finally:
            os._exit(1)
    patient_until = time.monotonic() + _PATIENCE_S
    while not log.exists() and time.monotonic() < patient_until:
        time.sleep(0.005)
    time.sleep(rng.uniform(0, 0.3))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _unknown(conversation: Conversation) -> int:
    """Check that every call has its answer; count those of which nothing is known."""
    unknown = 0
    for turn in conversation.path():
        blocks = [block for message in turn.messages for block in message.content]
        answers = [block for block in blocks if isinstance(block, ToolResultBlock)]
        calls = [block.id for block in blocks if isinstance(block, ToolUseBlock)]
        assert [answer.tool_use_id for answer in answers] == calls
        unknown += sum(UNKNOWN in str(answer.content) for answer in answers)
    return unknown


def soak(folder: Path, kills: int, seed: int) -> Counter[str]:
    """Kill so many chats, and go on with each; give what was met."""
    rng, met = random.Random(seed), Counter[str]()
    for number in range(kills):
        here = folder / str(number)
        here.mkdir()
        log = here / "log"
        _killed(here, log, rng)
        before = log.read_text(encoding="ascii").split()
        (path,) = here.glob("*.jsonl")
        opened = resume(path)
        chat = _chat(opened.journal, log)
        chat.session.begin_with(opened.loaded.conversation, opened.journal)
        met["unknown"] += _unknown(opened.loaded.conversation)
        met["calls"] += len(before)
        chat.say("Well?")
        if chat.session.conversation.path()[-2].waits:
            met["between"] += 1
        assert set(chat.statuses) == {200}, chat.statuses
        opened.journal.close()
        chat.runner.close()
        ran = log.read_text(encoding="ascii").split()
        assert len(ran) == len(set(ran))
        assert resume(path).loaded.conversation.turns == chat.session.conversation.turns
        met["kills"] += 1
    return met


def main() -> None:
    """Run with what the command line says."""
    kills, seed = (int(word) for word in (*sys.argv[1:], *("200", "1")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        print(dict(soak(Path(folder), kills, seed)))


if __name__ == "__main__":
    main()
