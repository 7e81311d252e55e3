"""A thousand turns through session, client and journal: python -m tests.soak.faults [TURNS] [SEED].

The service fails at random in every way it can, and replies are stopped at random moments. Memory
and descriptors must not grow, and in the end the files say what the memory says.
"""

import asyncio
import os
import random
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

from chatrepl.api.client import Client, connect
from chatrepl.api.credentials import Credentials
from chatrepl.api.retry import with_retries
from chatrepl.api.route import Route
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, Turn
from chatrepl.core.talk.message import Message
from chatrepl.core.world import Edges
from chatrepl.demo.engine import Engine
from chatrepl.demo.server import Served, serve
from chatrepl.session.session import Session
from chatrepl.storage.journal import Journal
from chatrepl.storage.read import load
from chatrepl.turn import run_turn
from tests.views import QuietView

TALK: Final = 50  # turns of one conversation
WARM: Final = 0.2  # the share of turns after which memory is measured for the first time
GOOD: Final = ("say well", "count 40", "long 2000", "unicode", "think")
FAULTS: Final = (
    *(f"error {code} x1" for code in (400, 401, 404, 413, 429, 500, 502, 503, 504, 529)),
    "error refused x1",
    "error redirect x1",
    *(f"stream {kind} after {n}" for kind in ("torn", "reset", "cut", "error") for n in (1, 9)),
    *(f"stream {kind}" for kind in ("html", "json", "empty", "pings", "error-first", "no-stop")),
    *(f"stream {kind}" for kind in ("bad-json", "bad-utf8", "unknown", "double", "double-start")),
    *(f"stream {kind}" for kind in ("no-usage", "no-message", "no-delta", "no-index", "no-type")),
    *(f"stop {reason}" for reason in ("max_tokens", "tool_use", "refusal")),
)
SLOW: Final = ("stream stall", "stream pings-after", "error silence")


class Soak:
    """The talk, and what has become of it."""

    def __init__(self, served: Served, client: Client, folder: Path, rng: random.Random) -> None:
        self._served = served
        self._client = client
        self._folder = folder
        self._rng = rng
        self.ended: Counter[str] = Counter()
        edges = Edges(clock=time.time, new_id=lambda: uuid.uuid4().hex[:8])
        settings = Settings(base_url=served.url, timeout_s=0.3)
        self.session = Session(settings, edges, recorder=Journal.new(folder), interactive=True)

    async def turn(self, number: int, *, good: bool) -> None:
        """Ask once; whatever fails, the session must be able to go on."""
        slow = self._rng.random() < 0.02
        faulty = self._rng.random() < 0.5 and not good
        step = self._rng.choice(SLOW if slow and not good else FAULTS if faulty else GOOD)
        self._served.engine.script("say well" if good else step, "say at last")
        message = Message.user(f"question {number} " + "é\u202e x" * (number % 5))
        asked = asyncio.ensure_future(run_turn(self.session, message, self._stream, QuietView()))
        if not good and self._rng.random() < 0.2:
            asyncio.get_running_loop().call_later(self._rng.random() * 0.05, asked.cancel)
        try:
            await asked
            self.ended["answered"] += 1
        except ApiError as error:
            self.ended[error.kind.value] += 1
        except asyncio.CancelledError:
            self.ended["stopped"] += 1
        self._served.requests.clear()
        self._served.engine.script()

    async def _stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        async def at_once(_seconds: float) -> None:
            await asyncio.sleep(0)

        events = with_retries(lambda: self._client.stream(request), attempts=3, sleep=at_once)
        async for event in events:
            yield event

    def next_talk(self) -> str:
        """Put the conversation away and begin another; give what is wrong with its file."""
        kept, session = self.session.recorder, self.session
        session.open(Conversation(), Journal.new(self._folder))
        before, recorder = session.shelf.all[-1]
        session.shelf = type(session.shelf)()  # this one has ended
        assert isinstance(kept, Journal)
        recorder.state(before)
        if not kept.close():
            return f"it is not saved: {kept.unsaved}"
        return compare(before, load(kept.path).conversation)


def compare(memory: Conversation, file: Conversation) -> str:
    """Say how a file differs from the memory, in what is sent and shown; nothing where not."""
    if memory.state != file.state:
        return "it stands elsewhere"
    if [plain(turn) for turn in memory.path()] != [plain(turn) for turn in file.path()]:
        return "its turns differ"
    return ""


def plain(turn: Turn) -> tuple[Any, ...]:
    return turn.id, turn.parent, turn.messages, turn.receipt


def memory_mb() -> float:
    """Give the memory in use, in megabytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def _run(turns: int, seed: int, folder: Path, *, leak: bool) -> dict[str, Any]:
    with serve(Engine()) as served:
        route = Route(served.url, Credentials("key", "", "sk-ant-soak-0123456789"), {}, 0.3)
        client = connect(route)
        soak = Soak(served, client, folder, random.Random(seed))
        wrong: list[str] = []
        leaked: list[Any] = []
        warm = max(1, round(turns * WARM))
        megabytes, open_files = 0.0, 0
        for number in range(turns):
            if number == warm:
                megabytes, open_files = memory_mb(), descriptors()
            last = number % TALK == TALK - 1 or number == turns - 1
            await soak.turn(number, good=last)
            if last and (what := soak.next_talk()):
                wrong.append(what)
            if leak:
                leaked += [bytearray(os.urandom(6_000_000)), os.dup(1)]
        grown = memory_mb() - megabytes, descriptors() - open_files
        await client.aclose()
        for number in leaked[1::2]:
            os.close(number)
    return {
        "turns": turns,
        "ended": dict(soak.ended),
        "megabytes grown": round(grown[0], 1),
        "descriptors grown": grown[1],
        "files that differ from memory": wrong,
    }


def run(turns: int, seed: int = 1, *, leak: bool = False) -> dict[str, Any]:
    """Hold the talk; `leak` is the fault the check must find."""
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(_run(turns, seed, Path(name), leak=leak))


def main() -> int:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    figures = run(turns, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    for name, value in figures.items():
        print(f"{name}: {value}")
    leaks = figures["megabytes grown"] > 30 or figures["descriptors grown"] > 4
    return int(leaks or bool(figures["files that differ from memory"]))


if __name__ == "__main__":
    sys.exit(main())
