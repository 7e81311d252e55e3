"""The books of a session: what was used and paid, and what is known of cache, counts and words."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from chatrepl.core.exchange.plan import Plan
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.exchange.request import Request
from chatrepl.core.money import Meter
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.value import frozen, replace
from chatrepl.core.wire import Wire
from chatrepl.core.world import PAID_ASIDE

if TYPE_CHECKING:  # what a single shot does not need before its request is under way
    from chatrepl.core.context.relevance import Index
    from chatrepl.core.keep_warm import Kept
    from chatrepl.core.prompt_cache import Footprint
    from chatrepl.core.tokens.counts import Ledger


@frozen
class Reserved:
    """A request that may be sent, and what is held for it meanwhile; `words` are to be told."""

    request: Request
    id: str
    usd: float = 0.0
    out_usd: float = 0.0  # of that for the whole reply
    words: tuple[str, ...] = ()


@frozen
class Books:
    """`meter` sums up the session, `talk` the open conversation in all sessions.
    `footprint` and `miss` tell of the cache, by the last reply.

    The user agreed to spend up to `agreed_usd`. `summary_failures` counts those that nobody asked
    for. `ledger` counts tokens, once somebody asks; where it is `behind`, replies came that it has
    not learned from. `kept` tells of reads that only kept the cache warm. `index` finds words in
    the talk, once somebody looks for some.
    """

    meter: Meter = Meter()
    talk: Meter = Meter()
    footprint: "Footprint | None" = None
    miss: str = ""
    agreed_usd: float = 0.0
    summary_failures: int = 0
    ledger: "Ledger | None" = None
    behind: bool = False
    kept: "Kept | None" = None
    index: "Index | None" = None

    def paid(self, usage: Usage, cost: Cost | None, replies: int = 1) -> Self:
        """Enter what one reply took, or what was asked aside and is no reply.

        `cost` is None where its price is unknown.
        """
        meter, talk = (sums.add(usage, cost, replies) for sums in (self.meter, self.talk))
        return replace(self, meter=meter, talk=talk)

    def joined(self, other: "Books", *, footprint: bool) -> Self:
        """Enter what was paid in other books too; their `footprint` counts where that is said."""
        left = other.footprint if footprint else None
        return replace(
            self,
            meter=self.meter + other.meter,
            talk=self.talk + other.talk,
            footprint=left or self.footprint,
            behind=True,
        )

    def noted(self, request: Request, reply: Reply, sent: float) -> Self:
        """Note what `request` left in the cache when it was `sent`, and why it missed it if so."""
        from chatrepl.core.prompt_cache import footprint, miss_words

        last = self.footprint
        left = footprint(request, reply.usage, sent, last) or last
        read = reply.usage.cache_read_input_tokens
        kept = self.kept and self.kept.came(sent, read, last.at if last is not None else 0.0)
        miss = miss_words(reply.diagnostics, expected=last is not None)
        return replace(self, footprint=left, miss=miss, kept=kept)

    def reread(self, request: Request, reply: Reply, sent: float, kept: "Kept") -> Self:
        """Note that what is in the cache was read again, and what that came to."""
        from chatrepl.core.prompt_cache import footprint

        left = footprint(request, reply.usage, sent, self.footprint) or self.footprint
        return replace(self, footprint=left, kept=kept)

    def elsewhere(self, conversation: Conversation, facts: Mapping[str, Any]) -> Self:
        """Go on with that conversation, of which nothing is in the cache that we know of.

        The `facts` that go with it tell what was asked beside it and aside, and paid for, too.
        """
        talk = Meter.of(conversation, _beside(conversation, facts)) + Meter(cost=_aside(facts))
        kept = self.kept and replace(self.kept, in_a_row=0)
        return replace(self, talk=talk, footprint=None, miss="", behind=True, kept=kept, index=None)


def paid_aside(facts: Mapping[str, Any], cost: Cost) -> Wire:
    """Give the fact of what was paid aside in a conversation, now that `cost` was, too."""
    total = _aside(facts) + cost
    return {PAID_ASIDE: [total.usd, total.uncached_usd, *([True] if total.at_least else [])]}


def _aside(facts: Mapping[str, Any]) -> Cost:
    match facts.get(PAID_ASIDE):
        case [int() | float() as usd, int() | float() as uncached_usd, *rest]:
            return Cost(usd, uncached_usd, rest[:1] == [True])
        case _:
            return Cost()


def _beside(conversation: Conversation, facts: Mapping[str, Any]) -> Iterator[Turn]:
    if not facts:
        return
    from chatrepl.session.beside import turns_beside  # seldom needed

    yield from (turn for turn in turns_beside(facts) if turn.id not in conversation.turns)


def receipt_of(
    plan: Plan,
    reply: Reply,
    cost: Cost | None,
    seconds: float,
    error: str,
    sent: Wire | None = None,
) -> Receipt:
    """Sum up a reply to a plan, as far as it came: why it ended, what it took and cost."""
    return Receipt(
        model=reply.model or plan.request.model,
        stop_reason=reply.stop_reason if reply.complete else None,
        stop_sequence=reply.stop_sequence if reply.complete else None,
        stop_details=reply.stop_details,
        usage=reply.total_usage,
        message_id=reply.message_id,
        request_id=reply.request_id,
        prefill=reply.prefill if plan.cut is None else None,
        cost_usd=cost.usd if cost else None,
        uncached_usd=cost.uncached_usd if cost else None,
        duration_s=max(0.0, seconds),
        error=error,
        sent=sent,
        container=reply.container,
        uncounted=reply.complete and cost is not None and cost.at_least,
    )
