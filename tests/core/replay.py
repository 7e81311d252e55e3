"""Conversations made of the fixture's texts, and a service that counts them truly.

Used by the tests of the ledger and by the benchmark of the estimator.
"""

import json
import random
from dataclasses import dataclass, field
from pathlib import Path

from chatrepl.core.exchange.request import Request
from chatrepl.core.models import TABLE, Model
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.core.tokens.counts import Ledger

OLD = TABLE["claude-sonnet-4-6"]
NEW = TABLE["claude-sonnet-5-5"]
FIXTURE = Path(__file__).parents[1] / "data" / "fixture_counts.json"
TRUTH = {"v3": "claude_v3", "v4.7": "claude_v48", "v4.8": "claude_v48"}


def samples() -> list[dict[str, object]]:
    return list(json.loads(FIXTURE.read_text("utf-8"))["samples"])


class Texts:
    """The fixture's texts with their counts by every tokenizer."""

    def __init__(self) -> None:
        self.by_name = {str(s["name"]): s for s in samples()}
        self.names = sorted(self.by_name)
        self._by_text = {str(s["text"]): s for s in self.by_name.values()}
        self.encoded_chars = 0

    def cl100k(self, text: str) -> int:
        self.encoded_chars += len(text)
        return int(str(self._by_text[text]["cl100k"]))

    def tokens(self, text: str, model: Model) -> int:
        return int(str(self._by_text[text][TRUTH[model.tokenizer]]))

    def message(self, role: str, names: list[str]) -> Message:
        blocks = tuple(TextBlock(str(self.by_name[name]["text"])) for name in names)
        return Message("user" if role == "user" else "assistant", blocks)


@dataclass
class Chat:
    """One chat with a service whose frames nobody knows."""

    texts: Texts
    rng: random.Random
    model: Model
    themed: bool
    messages: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = self.texts.names
        self.pool = self.rng.sample(names, 5) if self.themed else names
        self.base = self.rng.choice([0, 3, 6])
        self.frame = self.rng.choice([3, 4, 5, 7])
        self.ledger = Ledger(self.texts.cl100k)

    def truth(self, messages: list[Message], model: Model) -> int:
        texts = [b.text for m in messages for b in m.content if isinstance(b, TextBlock)]
        framed = self.base + self.frame * len(messages)
        return framed + sum(self.texts.tokens(text, model) for text in texts)

    def request(self, messages: list[Message], model: Model) -> Request:
        return Request({"model": model.id}, tuple(messages))

    def error(self, messages: list[Message], model: Model) -> float:
        guess = self.ledger.request(self.request(messages, model), model).tokens
        return abs(guess / self.truth(messages, model) - 1)

    def turn(self) -> float:
        """Go on by one turn; give the error of the estimate made just before sending."""
        rng, pool = self.rng, self.pool
        asked = [rng.choice(pool) for _ in range(rng.choice([1, 1, 1, 2, 6]))]
        self.messages.append(self.texts.message("user", asked))
        error = self.error(self.messages, self.model)
        reply = self.texts.message(
            "assistant", [rng.choice(pool) for _ in range(rng.randint(1, 6))]
        )
        total = self.truth(self.messages, self.model)
        out = self.truth([reply], self.model) - self.base - self.frame + rng.choice([-2, 0, 2, 4])
        usage = Usage(input_tokens=3, output_tokens=out, cache_read_input_tokens=total - 3)
        self.ledger.observe(self.request(self.messages, self.model), self.model, usage, reply)
        self.messages.append(reply)
        return error


@dataclass(frozen=True)
class Errors:
    """Relative errors by number of turns before the estimate, after a drop, after a switch."""

    turns: dict[int, list[float]]
    dropped: list[float]
    switched: list[float]


def simulate(model: Model, other: Model, *, chats: int, themed: bool, seed: int) -> Errors:
    """Replay `chats` chats of eleven turns."""
    rng = random.Random(seed)
    texts = Texts()
    turns: dict[int, list[float]] = {}
    dropped, switched = [], []
    for _ in range(chats):
        chat = Chat(texts, rng, model, themed)
        for k in range(11):
            turns.setdefault(k, []).append(chat.turn())
            if k == 9:
                dropped.append(chat.error(chat.messages[10:], model))
        switched.append(chat.error(chat.messages, other))
    return Errors(turns, dropped, switched)


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
