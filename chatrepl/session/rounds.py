"""The rounds of a turn: the model calls tools, gets their answers, and is asked again."""

from dataclasses import replace
from typing import Final

from chatrepl.core.exchange.plan import Plan
from chatrepl.core.exchange.reply import CallAnswered, Reply
from chatrepl.core.exchange.request import Request
from chatrepl.core.value import frozen
from chatrepl.session.prices import Entry, Prices
from chatrepl.session.session import Session


@frozen
class Rounds:
    """What came of a turn before its last request, which was sent at `asked_at`.

    That is the `first` request, the reply so far with the answers to its calls, and what each
    round took.
    """

    first: Request | None = None
    reply: Reply | None = None
    entries: tuple[Entry, ...] = ()
    asked_at: float = 0.0

    def whole(self, reply: Reply) -> Reply:
        """Give the last reply with all that came before it."""
        return reply if self.reply is None else reply.after(self.reply)

    def ended(self, session: Session, plan: Plan, reply: Reply) -> "Rounds":
        """Take in a reply that called tools."""
        whole = self.whole(reply)
        if plan.cut is not None:  # what it began with was the reply that it goes on with
            whole = replace(whole, prefill=None)
        prices = Prices(session.edges, session.service)
        entries = (*self.entries, *prices.entries(plan.request, reply))
        return replace(self, first=self.first or plan.request, reply=whole, entries=entries)

    def answered(self, event: CallAnswered) -> "Rounds":
        """Take in the answer to a call."""
        before = self.reply or Reply()
        return replace(self, reply=replace(before, blocks=(*before.blocks, event.block)))


NO_ROUNDS: Final = Rounds()
