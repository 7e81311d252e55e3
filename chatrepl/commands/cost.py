"""What a request costs, a cold cache included, and what is asked before. No commands here."""

from collections.abc import Callable
from typing import Final

from chatrepl.commands.counted import counted_first
from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.terms import has_tools
from chatrepl.core.exchange.view import build_sent
from chatrepl.core.money import FAST_FACTOR, turn_cost
from chatrepl.core.outcome import Notice, Outcome
from chatrepl.core.prompt_cache import Warmth, impact_words, too_small, warmth
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.talk.message import Message
from chatrepl.core.words import exactly, foretold, paid
from chatrepl.session.session import Session

_ANY: Final = Message.user("?")  # a request must end with a message
# Where a service has read no tool yet, the first one changes how it reads all the rest.
_FIRST_TOOL: Final = " This chat began without tools, so the service may read it anew once."


def cost_question(session: Session) -> str:
    """Ask, in words, before the session costs more than it should; else nothing.

    What the next request's input comes to is counted in, where that is known.
    """
    most = session.settings.max_cost_usd
    if not most:
        return ""
    coming = _coming(session)
    if not session.books.meter.exceeds(max(most, session.books.agreed_usd), coming):
        return ""
    meter = session.books.meter
    this = f"; this one is about {foretold(coming)}" if coming else ""
    spent = f"Spent {paid(meter.cost)} of ${exactly(most)}{this}{session.edges.played}."
    return f"{spent} y: send it · N: back to the prompt"


def agree_to_cost(session: Session) -> None:
    """Ask again only when as much again was spent."""
    spent = session.books.meter.cost.usd + _coming(session)
    session.account(agreed_usd=spent + session.settings.max_cost_usd)


def _coming(session: Session) -> float:
    counts = session.edges.can_count()
    return (next_price(session, session.conversation) if counts else None) or 0.0


def cooled(session: Session, change: Callable[[], None]) -> str:
    """Make a change to the next request; say what is lost where a warm cache is cold after it.

    What is lost is what the request costs after the change, and not before it: another model has
    prices of its own.
    """
    return _changed(session, change)()


def switched(
    session: Session, change: Callable[[], None], tell: Callable[[str], Outcome]
) -> Outcome:
    """Switch to another model, and `tell` what is lost by it as `cooled` says it."""
    loss = _changed(session, change)
    return counted_first(session, _ANY, lambda: tell(loss())) if loss() else tell("")


def set_system(session: Session, text: str) -> Outcome:
    """Change the system prompt from the next message on."""
    said = "The system prompt is set." if text else "The system prompt is cleared."
    if not session.conversation.path():
        session.adjust(system=text, next_system=None)
        return Notice(said)
    lost = cooled(session, lambda: session.adjust(next_system=text))
    if session.model.mid_system and text:
        return Notice(f"{said} It takes effect with your next message; the cache stays good.")
    lost = f"{lost} /undo keeps it." if lost else ""
    sent = build_sent(session.conversation, session.model).messages
    thoughts = any(message.has_thinking for message in sent)
    gone = " The thinking so far is no longer sent." if thoughts else ""
    return Notice(f"{said}{gone}{lost}")


def _changed(session: Session, change: Callable[[], None]) -> Callable[[], str]:
    """Make a change to the next request; give what tells what is lost by it."""
    before, tools = _warm_now(session), session.situation.declared
    if before is None or before.state != "warm":
        change()
        return str
    was = next_price(session, session.conversation, before.tokens)
    change()

    def loss() -> str:
        after = _warm_now(session)
        if after is None:
            return ""
        cold = next_price(session, session.conversation)
        words = impact_words(before, Warmth("cold"), cost=(was, cold), played=session.edges.played)
        if words and after.state != "warm":
            return f" {words}"
        is_first = not tools and session.situation.declared and not has_tools(session.conversation)
        return _FIRST_TOOL if words and is_first else ""

    return loss


def _warm_now(session: Session) -> Warmth | None:
    """Tell how warm the cache is for the next message; None where none can be sent as it is."""
    try:
        coming = session.request(_ANY)  # a system prompt comes with the next message
    except UsageError:  # two settings rule each other out; one of them may be about to change
        return None
    return warmth(session.books.footprint, coming, session.edges.clock())


def next_price(
    session: Session, conversation: Conversation, warm: float = 0, *draft: Message
) -> float | None:
    """Price the input of the next request, of which `warm` tokens are read from the cache."""
    tokens = session.ledger.next_total(conversation, session.model, *draft).tokens
    return input_price(session, tokens, warm)


def input_price(session: Session, tokens: int, warm: float = 0) -> float | None:
    """Price the input of a request, of which `warm` tokens are read from the cache."""
    model = session.model
    rates = session.edges.rates(model.id, tokens)
    is_fast = session.settings.speed == "fast" and model.fast is not False
    if rates is None or (is_fast and model.fast is None):
        return None
    control = session.request(None).params.get("cache_control")
    ttl = str(control.get("ttl", "5m")) if control and not too_small(model, tokens) else None
    return turn_cost(rates.times(FAST_FACTOR) if is_fast else rates, tokens, warm=warm, ttl=ttl).usd
