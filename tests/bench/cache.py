"""What the prompt cache saves, by the embedded engine's rules: python -m tests.bench.cache [RUNS].

Chats are simulated with the pauses people make: a quarter over five minutes, a tenth over fifteen.
Also how often a long chat in a small budget is cut, and what that does to the cache.
"""

import random
import statistics
import sys
from dataclasses import dataclass, field, replace

from chatrepl.api.prices import price
from chatrepl.core.context.trim import Budget, plan, weigh
from chatrepl.core.exchange.request import Ask, Request, build_request
from chatrepl.core.models import TABLE, Model
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, State, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.core.tokens.counts import Ledger
from chatrepl.demo import models as demo_models
from chatrepl.demo.cache import TTL_SECONDS, Cache, lay_out
from chatrepl.demo.request import WireMessage as DemoMessage
from chatrepl.demo.request import WireRequest as DemoRequest
from chatrepl.demo.tokens import count_text

WORDS = "the cache keeps what was read before and a long chat grows by every turn of it".split()
MU, SIGMA = 4.698, 1.642  # of the pauses' logarithm, in seconds
START = 1_790_000_000.0


def words(rng: random.Random, tokens: float) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(max(1, round(tokens * 3.2 / 4.3))))


def served(request: Request) -> DemoRequest:
    """Put a request in the engine's form."""
    body = request.body()
    model = demo_models.find(request.model)
    assert model is not None
    system = body.get("system")
    messages = tuple(
        DemoMessage(m["role"], tuple(m["content"]), at) for at, m in enumerate(body["messages"])
    )
    blocks = ({"type": "text", "text": system},) if isinstance(system, str) else tuple(system or ())
    return DemoRequest(body, model, blocks, messages)


@dataclass
class Talk:
    """A chat, and the sums it came to."""

    model: Model
    settings: Settings
    rng: random.Random
    budget: Budget | None = None
    now: float = START
    paid: float = 0.0
    uncached: float = 0.0
    answers: float = 0.0
    cuts: int = 0
    changed: int = 0  # requests that did not begin with the one before, cuts aside
    ours: int = 0  # misses that no pause explains
    marks: int = 0
    before: tuple[bytes, ...] = ()
    fresh: bool = True
    last: str | None = None
    kept_until: float = 0.0
    talk: Conversation = field(default_factory=lambda: Conversation(state=State(system="")))

    def __post_init__(self) -> None:
        self.talk = Conversation(state=State(system=words(self.rng, 300)))
        self.cache = Cache(lambda: self.now)
        self.ledger = Ledger(lambda text: len(text) // 5)

    def turn(self, k: int) -> None:
        rng = self.rng
        user = Message.user(words(rng, rng.lognormvariate(4.6, 0.9)))
        self._cut(user)
        ask = Ask(interactive=True, official=True, previous_message_id=self.last)
        request = build_request(self.talk, self.settings, self.model, user, ask)
        prompt = lay_out(served(request), count_text)
        why = self.cache.diagnose(self.last, prompt)
        share = self.cache.bill(prompt)
        self._watch(request, why is not None, share.read, prompt.tokens)
        reply = Message("assistant", (TextBlock(words(rng, rng.lognormvariate(6.2, 0.7))),))
        reply = replace(reply, model=self.model.id, bound=request.bound)
        out = count_text(reply.text, prompt.model)
        usage = Usage().merged(share.usage()).merged({"output_tokens": out})
        self.ledger.observe(request, self.model, usage, reply)
        self._pay(usage)
        self.now += out / 60 + 2
        self.last = f"msg_{k}"
        self.cache.remember(self.last, prompt)
        receipt = Receipt(self.model.id, "end_turn", usage=usage)
        self.talk = self.talk.add(Turn(TurnId(str(k)), self.talk.head, (user, reply), receipt))
        self.now += rng.lognormvariate(MU, SIGMA)

    def _cut(self, user: Message) -> None:
        self.fresh = False
        if self.budget is None:
            return
        turns = weigh(self.talk, lambda turn: self.ledger.turn(turn, self.model).tokens)
        total = self.ledger.next_total(self.talk, self.model, user).tokens
        made = plan(turns, self.budget, base=total - sum(turn.tokens for turn in turns))
        if made.changes:
            self.cuts += 1
            self.fresh = True
            self.talk = self.talk.with_marks(dict.fromkeys(made.dropped, "dropped"))

    def _watch(self, request: Request, differs: bool, read: int, tokens: int) -> None:
        digests = tuple(message.digest for message in request.messages)
        begins = digests[: len(self.before)] == self.before
        self.changed += not begins and not self.fresh
        warm = self.now < self.kept_until and tokens > self.model.cache_minimum
        self.ours += not self.fresh and (differs or (warm and self.before != () and read == 0))
        self.before = digests
        if tokens >= self.model.cache_minimum:
            self.kept_until = self.now + TTL_SECONDS[self.settings.cache_ttl]
        marks = int("cache_control" in request.params)
        self.marks = max(self.marks, marks + request.encode().count(b'"cache_control"') - 1)

    def _pay(self, usage: Usage) -> None:
        whole = price(self.model.id, usage, START)
        answer = price(self.model.id, Usage(output_tokens=usage.output_tokens), START)
        assert whole is not None
        assert answer is not None
        self.answers += answer.usd
        self.paid += whole.usd - answer.usd
        self.uncached += whole.uncached_usd - answer.usd


def chat(
    model: Model, turns: int, seed: int, *, ttl: str = "1h", budget: Budget | None = None
) -> Talk:
    talk = Talk(model, Settings(cache_ttl=ttl), random.Random(seed), budget)
    for k in range(turns):
        talk.turn(k)
    return talk


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    print("input's cost against the same without a cache (with the answers)")
    for id_ in ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-4-6"):
        for ttl in ("1h", "5m"):
            line = []
            for turns, most in ((10, runs * 4), (50, runs), (200, max(1, runs // 4))):
                made = [chat(TABLE[id_], turns, seed, ttl=ttl) for seed in range(most)]
                paid, plain = sum(t.paid for t in made), sum(t.uncached for t in made)
                out, ours = sum(t.answers for t in made), sum(t.ours for t in made)
                whole = (paid + out) / (plain + out)
                line.append(
                    f"{turns} turns {paid / plain:.2f} ({whole:.2f}), {ours} misses of ours"
                )
            print(f"{id_} {ttl}: {'; '.join(line)}")
    limited(max(1, runs // 4))


def limited(runs: int) -> None:
    model = TABLE["claude-opus-5-5"]
    for name, target in (("cut to 60 %", 18_000), ("slide", 30_000)):
        made = [chat(model, 400, seed, budget=Budget(30_000, target)) for seed in range(runs)]
        cuts = [talk.cuts for talk in made]
        print(
            f"400 turns in 30k, {name}: cuts {statistics.mean(cuts):.0f} (most {max(cuts)}), "
            f"${statistics.mean(talk.paid for talk in made):.2f} for input, "
            f"{sum(talk.changed for talk in made)} beginnings changed between cuts, "
            f"{max(talk.marks for talk in made)} marks at most"
        )


if __name__ == "__main__":
    main()
