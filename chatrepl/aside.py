"""What is asked of a model outside of the conversation, such as a summary of it."""

from contextlib import aclosing
from dataclasses import replace

from chatrepl.core.conversation import Message
from chatrepl.core.events import Reply
from chatrepl.core.models import find, resolve
from chatrepl.core.request import Request, build_request
from chatrepl.session import Session
from chatrepl.turn import Stream, View


async def ask_aside(session: Session, message: Message, stream: Stream, view: View) -> Reply:
    """Ask something that enters no conversation, and enter what it costs.

    A reply that is cancelled or fails midway is paid for too, and the error goes on.
    """
    request = aside_request(session, message)
    reply = Reply()
    try:
        with view:
            async with aclosing(stream(request)) as events:
                async for event in events:
                    reply = reply.apply(event)
                    view.show(event, reply)
    finally:
        _pay(session, request, reply)
    return reply


def _pay(session: Session, request: Request, reply: Reply) -> None:
    if not reply.usage_known:
        return
    usage, now = reply.total_usage, session.edges.clock()
    session.meter = session.meter.add(usage, session.edges.price(request.model, usage, now))


def aside_request(session: Session, message: Message) -> Request:
    """Build the request: the conversation's own with `message` at its end, in no form.

    With the same model, system prompt, tools and settings it is read from the cache.
    """
    wanted = session.settings.context_summary_model
    model = find(resolve(wanted, session.models), session.models) if wanted else session.model
    settings = replace(session.settings, stop_sequences=())  # they would cut it
    return build_request(
        session.trusted(session.conversation), settings, model, message, session.ask("")
    )
