"""What a session has used and paid so far, and what the next turn will cost.

Unknown stays unknown: a sum that misses a price says so and is never shown as if it were whole.
"""

from collections.abc import Iterable
from typing import Final

from chatrepl.core.talk.conversation import Conversation, Turn
from chatrepl.core.talk.usage import Cost, Usage, cost_of
from chatrepl.core.value import frozen, replace
from chatrepl.core.words import compact, dollars, paid

FAST_FACTOR: Final = 2.0  # of all tokens at `speed` fast (docs, "Fast mode pricing")
BATCH_FACTOR: Final = 0.5  # of all prices (docs, "Batch processing")
_MILLION: Final = 1_000_000


@frozen
class Rates:
    """Dollars for a million tokens: fresh input, output, reads from and writes to the cache."""

    input: float
    output: float
    read: float
    write_5m: float
    write_1h: float

    def write(self, ttl: str) -> float:
        return self.write_1h if ttl == "1h" else self.write_5m

    def times(self, factor: float) -> "Rates":
        """Give the rates that are so many times as high."""
        rates = (self.input, self.output, self.read, self.write_5m, self.write_1h)
        return Rates(*(factor * rate for rate in rates))


@frozen
class Meter:
    """A session's sums. `unpriced` counts the replies whose price nobody knows."""

    usage: Usage = Usage()
    cost: Cost = Cost()
    replies: int = 0
    unpriced: int = 0

    def add(self, usage: Usage, cost: Cost | None, replies: int = 1) -> "Meter":
        """Count one more reply, or none for what was asked aside.

        `cost` is None where the price is unknown.
        """
        return replace(
            self,
            usage=self.usage + usage,
            cost=self.cost + (Cost(at_least=True) if cost is None else cost),
            replies=self.replies + replies,
            unpriced=self.unpriced + (replies if cost is None else 0),
        )

    def __add__(self, other: "Meter") -> "Meter":
        return Meter(
            self.usage + other.usage,
            self.cost + other.cost,
            self.replies + other.replies,
            self.unpriced + other.unpriced,
        )

    @classmethod
    def of(cls, conversation: Conversation, beside: Iterable[Turn] = ()) -> "Meter":
        """Sum up what the replies of a conversation cost, and those `beside` it, by receipts."""
        turns = (*conversation.turns.values(), *beside)
        costs = [cost_of(turn.receipt) for turn in turns if turn.receipt]
        prices = [cost for cost in costs if cost is not None]
        unpriced = len(costs) - len(prices)
        start = Cost(at_least=unpriced > 0)
        return cls(cost=sum(prices, start), replies=len(costs), unpriced=unpriced)

    @property
    def known_usd(self) -> float | None:
        """What is known to have been paid; None if no price is known at all."""
        return None if self.replies and self.unpriced == self.replies else self.cost.usd

    def paid_words(self) -> str:
        """Say what was paid, shortly: `$0.42`, `$0.42 or more` where that is not all of it."""
        return paid(None if self.known_usd is None else self.cost)

    def exceeds(self, most_usd: float, coming_usd: float = 0) -> bool:
        """Tell whether the session costs more than `most_usd` (0 is no limit) with what comes."""
        return most_usd > 0 and self.cost.usd + coming_usd > most_usd

    def money_words(self) -> str:
        """Say what was paid and saved: `$0.42, $1.30 saved by the cache`."""
        if not (self.replies or self.cost.usd or self.cost.at_least):
            return "nothing spent yet"
        if self.known_usd is None:
            return "price unknown"
        text = self.paid_words()
        saved = self.cost.saved_usd
        if saved >= 0.00005:
            text += f", {dollars(saved)} saved by the cache"
        elif saved <= -0.00005:
            text += f", {dollars(-saved)} of it for filling the cache"
        if self.unpriced:
            text += f", without {_replies(self.unpriced)} of unknown price"
        return text

    def usage_words(self) -> str:
        """Say what was sent and received: `38k in (30k cached) · 4.1k out · 12 replies`."""
        read = self.usage.cache_read_input_tokens
        cached = f" ({compact(read)} cached)" if read else ""
        return (
            f"{compact(self.usage.total_input_tokens)} in{cached} · "
            f"{compact(self.usage.output_tokens)} out · {_replies(self.replies)}"
        )


def _replies(count: int) -> str:
    return f"{count} reply" if count == 1 else f"{count} replies"


def turn_cost(
    rates: Rates, tokens: float, *, warm: float = 0, out: float = 0, ttl: str | None = "1h"
) -> Cost:
    """Price a request of `tokens`, of which `warm` are read from the cache and `out` come back.

    `ttl` is how long what is new stays in the cache; None is without a cache.
    """
    read = min(warm, tokens)
    fresh = tokens - read
    new = rates.input if ttl is None else rates.write(ttl)
    answer = out * rates.output
    paid = read * rates.read + fresh * new + answer
    return Cost(paid / _MILLION, (tokens * rates.input + answer) / _MILLION)
