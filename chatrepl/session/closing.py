"""How a turn ends: priced, noted, entered into the conversation, and kept."""

from dataclasses import replace

from chatrepl.core.exchange.plan import Plan
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.wire import Wire
from chatrepl.session.books import receipt_of
from chatrepl.session.session import Session


def close_turn(session: Session, turn: Turn, plan: Plan, reply: Reply, error: str = "") -> Turn:
    """End a turn with what was written; without anything, the conversation stays as it was."""
    request, written = plan.request, plan.written(reply)
    seconds = session.edges.clock() - turn.created
    messages = turn.messages if written is None else (*turn.messages, written)
    done = replace(turn, messages=messages)
    try:
        cost = session.pay(request, reply)
        note = _note(session, request)
        done = replace(done, receipt=receipt_of(plan, reply, cost, seconds, error, note))
        if reply.usage_known and session.interactive:
            session.observe(turn, request, reply, written)
    finally:  # whatever goes wrong with the books, what came stays
        if written is not None or reply.complete:
            session.enter(done, request)
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
