"""A talk that is written down as it goes, and what must be left of it when it was cut off.

What has happened is told on a pipe, each line with the time, before the next thing happens.
"""

import os
import random
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.storage.journal import Journal
from chatrepl.storage.read import load


def question(number: int) -> str:
    return f"question {number} " + "é\u202e\x1b x" * (number % 7)


def talk(
    journal: Journal, ack: int, turns: int, seed: int, pace_s: float = 0.004, pieces: int = 30
) -> Conversation:
    """Hold a talk of some turns; `ack` is the descriptor that is told what has happened."""
    rng = random.Random(seed)
    conversation = Conversation()
    for number in range(turns):
        id_ = TurnId(f"turn{number}")
        turn = Turn(id_, conversation.head, (Message.user(question(number)),), created=1.0)
        journal.begin(turn)
        tell(ack, "begin", number)
        said = []
        for piece in range(rng.randint(1, pieces)):
            text = f"{number}.{piece} "
            journal.delta(id_, text)
            tell(ack, "delta", number, piece)
            said.append(text)
            time.sleep(pace_s * rng.random())
        reply = Message("assistant", (TextBlock("".join(said)),), "m")
        turn = replace(turn, messages=(*turn.messages, reply), receipt=Receipt("m", "end_turn"))
        journal.finish(turn)
        conversation = conversation.add(turn)
        journal.state(conversation)
        tell(ack, "finish", number)
    return conversation


def tell(ack: int, what: str, number: int, piece: int = 0) -> None:
    os.write(ack, f"{time.monotonic()} {what} {number} {piece}\n".encode())


@dataclass(slots=True)
class Told:
    """What a talk told: its questions, the pieces of its replies with their times, its ends."""

    begun: dict[int, float] = field(default_factory=dict)
    pieces: dict[int, list[float]] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)

    @classmethod
    def read(cls, data: bytes) -> "Told":
        told = cls()
        for line in data.split(b"\n")[:-1]:
            when, what, number, _ = line.decode().split(" ")
            match what:
                case "begin":
                    told.begun[int(number)] = float(when)
                case "delta":
                    told.pieces.setdefault(int(number), []).append(float(when))
                case "finish":
                    told.ended[int(number)] = float(when)
                case _:
                    raise ValueError(what)
        return told

    @property
    def in_reply(self) -> bool:
        """Tell whether the talk was cut in the middle of a reply."""
        return bool(self.begun) and max(self.begun) not in self.ended and bool(self.pieces)


@dataclass(slots=True)
class Verdict:
    """What of a talk was lost: questions, and the age of the oldest lost piece when it was cut."""

    lost: list[str] = field(default_factory=list)
    oldest_s: float = 0.0
    in_reply: bool = False


def judge(told: Told, path: Path, cut: float) -> Verdict:
    """Compare what was told before the moment `cut` with what can be loaded."""
    begun = {number: when for number, when in told.begun.items() if when <= cut}
    verdict = Verdict(in_reply=told.in_reply)
    if not path.exists():
        verdict.lost += [f"question {number}: no file" for number in begun]
        return verdict
    loaded = load(path)
    turns = dict(loaded.conversation.turns)
    on_path = [turn.id for turn in loaded.conversation.path()]
    if len(set(on_path)) != len(on_path):
        verdict.lost.append("a turn stands there twice")
    for number in begun:
        turn = turns.get(TurnId(f"turn{number}"))
        if turn is None or turn.user is None or turn.user.text != question(number):
            verdict.lost.append(f"question {number}")
            continue
        if turn.id not in on_path:
            verdict.lost.append(f"question {number} is not on the path")
        times = [when for when in told.pieces.get(number, []) if when <= cut]
        reply = turn.assistant.text if turn.assistant is not None else ""
        whole = "".join(f"{number}.{piece} " for piece in range(len(times) + 1_000))
        if not whole.startswith(reply):
            verdict.lost.append(f"reply {number} is not what was said")
        kept = reply.count(" ")
        if kept < len(times):
            verdict.oldest_s = max(verdict.oldest_s, cut - times[kept])
    return verdict


class Buffered:
    """A writer's file that keeps what is written to itself: the fault every check must find."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._kept = bytearray()

    def append(self, data: bytearray) -> None:
        self._kept += data
        data.clear()
        if len(self._kept) > 1 << 16:
            self._log.append(self._kept)

    def sync(self) -> None: ...

    def is_in_place(self) -> bool:
        return True

    def close(self) -> None: ...
