"""Talk while processes are killed: python -m tests.soak.ledger [PROCESSES] [TURNS] [SEED].

What the ledger says of a turn must be what the service counted for it, to the token; of one that
was cut, no more than that. A turn may be missing only where its process was killed.
"""

import asyncio
import random
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from chatrepl.cli.connection import open_connection
from chatrepl.config.load import load
from chatrepl.core.errors import ApiError
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.talk.message import Message
from chatrepl.core.world import Edges, NoRecorder
from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from chatrepl.session.session import Session
from chatrepl.storage.accounts import Accounts
from chatrepl.turn import run_turn
from tests.views import QuietView

_TURN = re.compile(r"turn (\d+-\d+)$")


class CountingEngine(Engine):
    """The engine, which writes down what it counted for each turn."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: dict[str, dict[str, Any]] = {}

    def _message(self, request: Any, *more: Any) -> dict[str, Any]:
        message = super()._message(request, *more)
        named = _TURN.search(request.body["messages"][-1]["content"][0]["text"])
        assert named is not None
        self.counted[named[1]] = message["usage"]
        return message


async def _talk(url: str, process: int, first: int, turns: int) -> None:
    """Be one of them; each turn that was begun is told on stdout."""
    env = {"ANTHROPIC_BASE_URL": url}
    settings = load(environ=env, path=None, usual=None, sets=["retries=0"]).settings
    session = Session(settings, Edges(time.time, lambda: "id"))
    session.recorder = NoRecorder()
    connection = open_connection(settings, demo=False, single=False)
    connection.keep_account(session)
    for turn in range(first, turns):
        name = f"{process}-{turn}"
        session.recorder.id = name
        print(turn, flush=True)
        text = f"demo: count to {turn % 15 + 5}; {'stream torn after 4' * (turn % 11 == 0)}"
        with suppress(ApiError):
            asked = Message.user(f"{text}; turn {name}")
            await run_turn(session, asked, connection.stream, QuietView(), Conversation())
    await connection.close()


def soak(
    folder: Path, processes: int, turns: int, seed: int, pause_s: float = 8.0
) -> dict[str, int]:
    """Let them all talk, killed now and then, and compare."""
    dice, kills = random.Random(seed), 0
    engine = CountingEngine()
    with serve(engine) as served:
        begun = dict.fromkeys(range(processes), 0)
        runs = {n: _start(folder, served.url, n, 0, turns) for n in begun}
        while runs:
            time.sleep(pause_s * dice.random())
            number = dice.choice(list(runs))
            if dice.random() < 0.5:
                runs[number].kill()
            for n, run in list(runs.items()):
                if run.poll() is None:
                    continue
                out = run.communicate()[0].split()
                begun[n] = int(out[-1]) + 1 if out else begun[n]
                del runs[n]
                if run.returncode:
                    kills += 1
                    runs[n] = _start(folder, served.url, n, begun[n], turns)
    return _compared(folder, engine.counted, kills)


def _start(folder: Path, url: str, number: int, first: int, turns: int) -> Any:
    command = [sys.executable, "-m", "tests.soak.ledger", "--work", url]
    env = {"CHATREPL_STATE_DIR": str(folder), "PATH": "", "HOME": str(folder), "PYTHONPATH": "."}
    env["ANTHROPIC_API_KEY"] = "sk-ant-test"
    return subprocess.Popen(
        [*command, *map(str, (number, first, turns))], stdout=subprocess.PIPE, env=env
    )


def _compared(folder: Path, counted: dict[str, dict[str, Any]], kills: int) -> dict[str, int]:
    whole = cut = entered = billed = 0
    seen = set()
    for entry in Accounts.of(folder).read():
        usage = counted[entry.conversation]
        assert entry.conversation not in seen, entry
        seen.add(entry.conversation)
        assert entry.usage.to_wire() | {"output_tokens": 0} == {
            **{name: usage[name] for name in entry.usage.to_wire()},
            "output_tokens": 0,
        }, entry
        if entry.at_least:
            cut += 1
            assert entry.usage.output_tokens <= usage["output_tokens"], entry
        else:
            whole += 1
            entered += entry.usage.total_input_tokens + entry.usage.output_tokens
            billed += sum(usage[name] for name in entry.usage.to_wire())
    assert entered == billed
    missing = len(counted.keys() - seen)
    assert missing <= kills, (missing, kills)
    return {"whole": whole, "cut": cut, "missing": missing, "kills": kills, "tokens": entered}


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:]]
    processes, turns, seed = (*numbers, *(4, 500, 1)[len(numbers) :])
    with tempfile.TemporaryDirectory() as folder:
        print(soak(Path(folder), processes, turns, seed))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        asyncio.run(_talk(sys.argv[2], *map(int, sys.argv[3:])))
    else:
        main()
