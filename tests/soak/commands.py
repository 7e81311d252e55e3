"""Random chats with today's server tools against the strict engine.

python -m tests.soak.commands [SEQUENCES] [STEPS] [SEED] [--invariants]

Counts the requests that are refused for our own fault and the conversations that take no more
questions, and prints the smallest chat for each refusal; both have to be 0. `--invariants` plays
the state machine of tests/commands instead: nothing is lost, everything can be undone.
"""

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from chatrepl.core.errors import ApiError, ChatreplError
from chatrepl.core.models import TABLE
from chatrepl.core.settings import Settings
from chatrepl.demo.engine import Engine
from chatrepl.demo.wire import WireAnswer
from tests.commands.machine import Chats
from tests.commands.playing import CutError, Player

MODELS: Final = tuple(TABLE)
QUESTIONS: Final = (
    "hello",
    "demo: think",
    "demo: search otters",
    "demo: search otters; caller direct",
    "demo: search otters; caller none",
    "demo: search otters; tool-error unavailable",
    "demo: stop pause_turn",
    "demo: stop pause_turn x2; caller direct",
    "demo: stop max_tokens; search otters",
    "demo: stop max_tokens; count to 30",
    "demo: code",
    "demo: code file",
    "demo: code create",
    "demo: code tool",
    "demo: mcp hello",
    "demo: mcp hello; stop pause_turn",
    "demo: fetch https://example.com/a",
    "demo: code; stop pause_turn",
    "demo: stop tool_use",
    "demo: stop refusal",
    "demo: show fallback",
    "demo: show compaction",
    "demo: show upload",
    "demo: show advisor",
    "demo: show redacted",
    "demo: show new-block",
    "demo: stream start-text",
    "demo: stream null-stop",
)
COMMANDS: Final = (
    "/web on", "/web on", "/web on", "/web off", "/continue", "/continue", "/retry", "/undo",
    "/redo", "/drop 1", "/drop 2", "/restore", "/truncate! 2", "/think on", "/think off",
    "/system Be brief.", "/system clear", "/code on", "/code on", "/code off", "/web fetch",
    "/mcp add notes https://mcp.example.com/sse", "/mcp add mail https://mail.example.com/",
    "/mcp remove notes", "/mcp remove mail",
)  # fmt: skip
MOST_EVENTS: Final = 40


@dataclass(frozen=True)
class Step:
    """One thing done in a chat; a reply may be cut after so many events, by us or on the line."""

    kind: str  # say, do, carry
    words: str = ""
    stop_after: int | None = None
    torn_after: int | None = None

    def __str__(self) -> str:
        cut = f"  [stopped after {self.stop_after} events]" if self.stop_after is not None else ""
        torn = f"  [torn after {self.torn_after} events]" if self.torn_after is not None else ""
        return f"{self.words or 'export, import'}{cut}{torn}"


class WatchedEngine(Engine):
    """The engine, with an ear for what it refuses and a knife for what it sends."""

    def __init__(self) -> None:
        super().__init__()
        self.torn_after: int | None = None
        self.refused: list[str] = []
        self.requests = 0

    def handle(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> WireAnswer:
        self.requests += 1
        answer = super().handle(method, target, headers, body)
        if answer.status != 200:
            self.refused.append(answer.body.decode())
        elif self.torn_after is not None:
            return replace(answer, chunks=answer.chunks[: self.torn_after])
        return answer


@dataclass(frozen=True)
class Played:
    """What a chat came to."""

    refused: tuple[str, ...]
    requests: int
    is_stuck: bool


def play(model: str, steps: list[Step], folder: Path) -> Played:
    """Play a chat to its end, then ask one more plain question."""
    engine = WatchedEngine()
    player = Player(Settings(model=model), engine)
    for step in steps:
        player.cut_after, engine.torn_after = step.stop_after, step.torn_after
        _do(player, step, folder)
    player.cut_after = engine.torn_after = None
    is_stuck = not any(_do(player, Step("say", "And now?"), folder) for _ in range(2))
    return Played(tuple(engine.refused), engine.requests, is_stuck)


def _do(player: Player, step: Step, folder: Path) -> bool:
    """Do one step, and tell whether the service took it."""
    try:
        match step.kind:
            case "say":
                player.say(step.words)
            case "do":
                player.do(step.words)
            case _:
                _carry(player, folder / "chat.json")
    except ApiError:
        return False
    except (ChatreplError, CutError):
        return True
    return True


def _carry(player: Player, file: Path) -> None:
    """Carry the chat through a file of its own export."""
    file.unlink(missing_ok=True)
    player.do(f"/export json {file}")
    player.do(f"/import {file}")


def random_step(rng: random.Random) -> Step:
    """Return a step: mostly questions, one in four of them cut short."""
    draw = rng.random()
    if draw < 0.5:
        cut, after = rng.random(), rng.randrange(MOST_EVENTS)
        return Step(
            "say",
            rng.choice(QUESTIONS),
            stop_after=after if cut < 0.15 else None,
            torn_after=after if 0.15 <= cut < 0.25 else None,
        )
    if draw < 0.92:
        return Step("do", rng.choice(COMMANDS))
    return Step("carry") if draw < 0.96 else Step("do", f"/model {rng.choice(MODELS)}")


def kind_of(refusal: str) -> str:
    """Return a refusal without what differs from one chat to the next."""
    words = re.search(r'"message":"((?:[^"\\]|\\.)*)"', refusal)
    text = words.group(1) if words else refusal
    return re.sub(r"\d+", "N", re.sub(r"[0-9a-f]{24}", "ID", text))


def smallest(model: str, steps: list[Step], kind: str, folder: Path) -> list[Step]:
    """Leave out steps as long as the refusal still comes."""
    place = 0
    while place < len(steps):
        fewer = steps[:place] + steps[place + 1 :]
        if kind in _kinds(play(model, fewer, folder)):
            steps = fewer
        else:
            place += 1
    return steps


def _kinds(played: Played) -> set[str]:
    kinds = {kind_of(refusal) for refusal in played.refused}
    return kinds | {_STUCK} if played.is_stuck else kinds


_STUCK: Final = "the chat takes no more questions"


def walk(sequences: int = 1600, steps: int = 12, seed: int = 0) -> int:
    """Play the chats and print the figures; return how many chats had something refused."""
    begun, requests, counts = time.monotonic(), 0, Counter[str]()
    chats = 0
    traces: dict[str, tuple[str, list[Step]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(sequences):
            rng = random.Random(f"{seed} {number}")
            model, chat = rng.choice(MODELS), [Step("do", "/web on")]
            chat += [random_step(rng) for _ in range(steps)]
            played = play(model, chat, folder)
            requests += played.requests
            chats += bool(_kinds(played))
            counts.update(map(kind_of, played.refused))
            counts[_STUCK] += played.is_stuck
            for kind in _kinds(played):
                if kind not in traces or len(chat) < len(traces[kind][1]):
                    traces[kind] = (model, smallest(model, chat, kind, folder))
    for kind, count in counts.most_common():
        if count:
            sys.stdout.write(f"\n{count} × {kind}\n" + _trace(*traces[kind]))
    refused = sum(counts.values()) - counts[_STUCK]
    sys.stdout.write(
        f"\n{sequences} chats, {requests} requests in {time.monotonic() - begun:.0f} s: "
        f"{refused} refused for our own fault, in {chats} chats; {counts[_STUCK]} chats stuck\n"
    )
    return chats


def _trace(model: str, steps: list[Step]) -> str:
    return "".join(f"    {line}\n" for line in (f"/model {model}", *map(str, steps)))


def invariants(sequences: int, steps: int) -> None:
    """Play the state machine; the first failure ends it with its steps."""
    how = settings(
        max_examples=sequences,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Chats, settings=how)
    sys.stdout.write(f"{sequences} sequences: all well\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sequences", type=int, nargs="?", default=1600)
    parser.add_argument("steps", type=int, nargs="?", default=12)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--invariants", action="store_true")
    given = parser.parse_args()
    if given.invariants:
        invariants(given.sequences, given.steps)
    else:
        sys.exit(walk(given.sequences, given.steps, given.seed) > 0)
