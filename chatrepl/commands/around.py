"""What the chat asks before a request leaves, and what it says under the reply."""

from collections.abc import Callable, Iterator

from chatrepl.commands.shaping import retirement
from chatrepl.commands.structured import bare_choice, complaint
from chatrepl.commands.trimming import next_price
from chatrepl.core.conversation import Turn
from chatrepl.core.form import Form
from chatrepl.core.summary import dollars, meta_line, next_step
from chatrepl.session import Session


def cost_question(session: Session) -> str:
    """Ask, in words, before the session costs more than it should; else nothing.

    What the next request's input comes to is counted in, where that is known.
    """
    most = session.settings.max_cost_usd
    if not most:
        return ""
    coming = _coming(session)
    if not session.meter.exceeds(max(most, session.agreed_usd), coming):
        return ""
    spent = session.meter.money_words()
    more = f"; the next request is about {dollars(coming)}" if coming else ""
    return f"So far: {spent}{more}. The limit is ${most:g}. Send anyway?"


def agree_to_cost(session: Session) -> None:
    """Ask again only when as much again was spent."""
    spent = session.meter.cost.usd + _coming(session)
    session.agreed_usd = spent + session.settings.max_cost_usd


def _coming(session: Session) -> float:
    counts = session.edges.can_count()
    return (next_price(session, session.conversation) if counts else None) or 0.0


def condenser(form: Form | None) -> Callable[[str], str] | None:
    """Give what takes a choice out of its JSON; None where none is asked for."""
    if form is None or not form.choices:
        return None
    return lambda text: bare_choice(form, text) or text


def remarks(session: Session, turn: Turn) -> Iterator[tuple[str, str]]:
    """Give the lines under a reply, each with its style."""
    receipt = turn.receipt
    if receipt is None:
        return
    if turn.assistant is None and receipt.stop_reason is not None:
        yield "The reply is empty.", "warning"
    text = "" if turn.assistant is None else turn.assistant.text
    yield meta_line(receipt), "meta"
    if session.miss:
        yield session.miss, "meta"
    step = next_step(receipt, goes_on=turn.ending is not None)
    for words in (complaint(session.form, text), retirement(session), step):
        if words:
            yield words, "warning"
