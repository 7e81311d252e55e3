"""How a turn ends: priced, noted, entered into the conversation, and kept.

And what came of it before its last request, where the model called tools: its rounds.
"""

from dataclasses import replace
from typing import Final

from chatrepl.core.exchange.plan import Plan
from chatrepl.core.exchange.reply import CallAnswered, Reply
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire
from chatrepl.session.books import receipt_of
from chatrepl.session.prices import Priced
from chatrepl.session.session import Session


@frozen
class Rounds:
    """What came of a turn before its last request, which was sent at `asked_at`.

    That is the `first` request, the reply so far with the answers to its calls, and what each
    round took.
    """

    first: Request | None = None
    reply: Reply | None = None
    entries: tuple[Priced, ...] = ()
    asked_at: float = 0.0

    def whole(self, reply: Reply) -> Reply:
        """Give the last reply with all that came before it."""
        return reply if self.reply is None else reply.after(self.reply)

    def ended(self, session: Session, plan: Plan, reply: Reply) -> "Rounds":
        """Take in a reply that called tools."""
        whole = self.whole(reply)
        if plan.cut is not None:  # what it began with was the reply that it goes on with
            whole = replace(whole, prefill=None)
        entries = (*self.entries, *session.prices.entries(plan.request, reply))
        return replace(self, first=self.first or plan.request, reply=whole, entries=entries)

    def answered(self, event: CallAnswered) -> "Rounds":
        """Take in the answer to a call."""
        before = self.reply or Reply()
        return replace(self, reply=replace(before, blocks=(*before.blocks, event.block)))


NO_ROUNDS: Final = Rounds()


def close_turn(
    session: Session,
    turn: Turn,
    plan: Plan,
    reply: Reply,
    error: str = "",
    rounds: Rounds = NO_ROUNDS,
) -> Turn:
    """End a turn with what was written; without anything, the conversation stays as it was."""
    request, written = plan.request, plan.written(reply)
    if rounds.reply is not None:
        from chatrepl.core.talk.answers import with_answers  # most turns call nothing

        turn = replace(turn, messages=with_answers(turn.messages))
    seconds = session.edges.clock() - turn.created
    messages = turn.messages if written is None else (*turn.messages, written)
    done = replace(turn, messages=messages)
    try:
        cost = session.pay(request, reply, rounds.entries)
        note, whole = _note(session, request), rounds.whole(reply)
        done = replace(done, receipt=receipt_of(plan, whole, cost, seconds, error, note))
        if reply.usage_known and session.interactive:
            asked = replace(turn, created=rounds.asked_at or turn.created)
            session.observe(asked, request, reply, written)
    finally:  # whatever goes wrong with the books, what came stays
        if written is not None or reply.complete or rounds.reply is not None:
            session.enter(done, rounds.first or request)
        session.recorder.finish(done)
        if done.id in session.conversation.turns:
            session.recorder.state(session.conversation)  # lists read no more of the file
    return done


def _note(session: Session, request: Request) -> Wire | None:
    """Note of a request what its conversation does not tell, where it may be asked about."""
    if not (session.interactive or session.recorder.id):
        return None
    from chatrepl.core.exchange.noted import note_of

    return note_of(request)
