"""A session whose requests are billed by the engine's cache, under a clock that the test moves."""

import random
from dataclasses import dataclass, field, replace
from typing import Any

from chatrepl.core.exchange.plan import Plan, plan_turn
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.exchange.request import Request
from chatrepl.core.keep_warm import Reread
from chatrepl.core.prompt_cache import Warmth, warmth
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.core.world import Edges
from chatrepl.demo.cache import Cache, lay_out
from chatrepl.demo.request import WireRequest
from chatrepl.demo.tokens import count_text
from chatrepl.demo.validate import check_messages_request, parse
from chatrepl.session.closing import close_turn
from chatrepl.session.session import Session
from chatrepl.session.warming import enter, next_warming

MODEL = "claude-opus-5-5"
VERSION = "2026-10-21"


@dataclass
class Talk:
    """A chat with the service's cache behind it; `now` is moved by hand."""

    settings: Settings = field(default_factory=lambda: Settings(model=MODEL))
    now: float = 1_800_000_000.0
    edges: dict[str, Any] = field(default_factory=dict)
    ids: int = 0

    def __post_init__(self) -> None:
        self.cache = Cache(lambda: self.now)
        edges = Edges(lambda: self.now, self._id, **self.edges)
        self.session = Session(self.settings, edges, interactive=True)

    def _id(self) -> str:
        self.ids += 1
        return f"{self.ids:08x}"

    @property
    def warmth(self) -> Warmth:
        """What the toolbar goes by."""
        return warmth(self.session.books.footprint, self.session.request(None), self.now)

    def bill(self, request: Request) -> Usage:
        """Let the service take a request now; give what it counts of it."""
        return Usage().merged(self.cache.bill(lay_out(served(request), count_text)).usage())

    def say(self, message: Message, *, reply_s: float = 1.0, words: int = 300) -> Usage:
        """Send a message, whose reply takes so long; give what was counted."""
        return self.hold(plan_turn(self.session.situation, message), reply_s, words)

    def again(self, turn: Turn) -> Usage:
        """Ask the question of a turn again."""
        base = self.session.conversation.before(turn)
        question = Message("user", turn.question)
        return self.hold(plan_turn(self.session.situation, question, base), 1.0, 300)

    def read_again(self) -> Usage | None:
        """Read what is in the cache again; None where nothing is, or often enough was."""
        warming = next_warming(self.session)
        if warming is None:
            return None
        usage = self.bill(warming.plan.request)
        reply = Reply(usage=usage, usage_known=True)
        assert enter(self.session, warming, Reread(0.0, 0.0), self.now, reply)
        return usage

    def hold(self, plan: Plan, reply_s: float, words: int) -> Usage:
        turn = self.session.begin_turn(plan.turn)
        usage = replace(self.bill(plan.request), output_tokens=words)
        self.now += reply_s
        text = TextBlock(" ".join(["word"] * words) + f" {self.ids}")
        reply = Reply((text,), usage=usage, usage_known=True, complete=True, stop_reason="end_turn")
        close_turn(self.session, turn, plan, replace(reply, model=plan.request.model))
        return usage


def served(request: Request) -> WireRequest:
    """Put a request in the engine's form, if it takes it."""
    return check_messages_request(parse(request.encode()), ",".join(request.betas), VERSION)


def question(rng: random.Random, words: int) -> Message:
    return Message.user(" ".join(rng.choices("the cache keeps what it read".split(), k=words)))
