"""Is the past of a conversation in the cache no more, since when, and what does that cost?"""

from typing import Final

from chatrepl.core.models import undated
from chatrepl.core.prompt_cache import LEAST_USD, TTL_SECONDS, warmth
from chatrepl.core.talk.conversation import Conversation, Turn
from chatrepl.core.talk.usage import Usage
from chatrepl.core.value import frozen
from chatrepl.core.words import foretold
from chatrepl.session.session import Session

_DAY_S: Final = 86_400


@frozen
class ColdPast:
    """A past that was in the cache until `since`, and what it costs to write it there again."""

    since: float
    usd: float


def cold_past(session: Session) -> ColdPast | None:
    """Tell of a past that has gone cold, where that costs more than cache.ask_usd; else nothing.

    What was never in the cache is not in question, nor what a command has just told the price of.
    """
    settings, now = session.settings, session.edges.clock()
    if not (settings.cache_ask_usd and settings.cache_enabled):
        return None
    last = session.books.footprint
    since = kept_until(session.conversation) if last is None else last.until
    if not since or now < since or _is_warm(session, now):
        return None
    usd = _rewrite_usd(session)
    return ColdPast(since, usd) if usd is not None and usd > settings.cache_ask_usd else None


def _is_warm(session: Session, now: float) -> bool:
    return warmth(session.books.footprint, session.request(None), now).state == "warm"


def kept_until(conversation: Conversation, model: str = "") -> float:
    """Tell by the receipts until when a conversation was in the cache, or a `model`'s; 0 for never.

    How long it is kept was told by the last reply that wrote to it.
    """
    until, ttl = 0.0, "5m"
    for turn in conversation.path():
        usage = _usage(turn)
        if model and (turn.receipt is None or undated(turn.receipt.model) != undated(model)):
            continue
        if usage.cache_creation_input_tokens:
            ttl = "1h" if usage.cache_creation_1h_tokens else "5m"
        if usage.cache_creation_input_tokens or usage.cache_read_input_tokens:
            until = max(until, turn.created + TTL_SECONDS[ttl])
    return until


def counted_elsewhere(session: Session) -> bool:
    """Tell whether the newest counts are those of a model that counts otherwise than this one."""
    model = _last_model(session)
    return bool(model) and session.service.model(model).tokenizer != session.model.tokenizer


def _last_model(session: Session) -> str:
    receipts = (turn.receipt for turn in reversed(session.conversation.path()) if turn.receipt)
    return next((one.model for one in receipts if one.model and one.usage != Usage()), "")


def _usage(turn: Turn) -> Usage:
    return turn.receipt.usage if turn.receipt is not None else Usage()


def _past_tokens(session: Session) -> int:
    counts = session.interactive and session.edges.can_count()
    if counts or (not session.interactive and counted_elsewhere(session)):
        return session.ledger.next_total(session.conversation, session.model).tokens
    # what was counted a pipe does not count again
    usages = [_usage(turn) for turn in session.conversation.path()]
    newest = next((one for one in reversed(usages) if one != Usage()), Usage())
    return newest.total_input_tokens + newest.output_tokens


def _rewrite_usd(session: Session) -> float | None:
    """Price writing the past to the cache; None where nobody knows."""
    tokens = _past_tokens(session)
    control = session.request(None).params.get("cache_control") or {}
    rates = session.edges.rates(session.model.id, tokens)
    return None if rates is None else tokens * rates.write(str(control.get("ttl"))) / 1_000_000


def since_words(since: float, now: float) -> str:
    """Say since when: the time of day, and the day where that was not today."""
    import time

    form = "%H:%M" if now - since < _DAY_S else "%Y-%m-%d %H:%M"
    return time.strftime(form, time.localtime(since))


def cold_line(session: Session) -> str:
    """Say, for a pipe, that the past is paid for anew, and what that comes to; else nothing."""
    past = cold_past(session)
    if past is None:
        return _left_line(session)
    since = since_words(past.since, session.edges.clock())
    price = f"{foretold(past.usd)} anew{session.edges.played}"
    return f"The cache has been cold since {since}: the past costs about {price}."


def _left_line(session: Session) -> str:
    """Say, for a pipe, that another model has the past in its cache, where that costs much more."""
    conversation, now, model = session.conversation, session.edges.clock(), _last_model(session)
    is_kept = session.settings.cache_enabled and now < kept_until(conversation, model)
    if not is_kept or now < kept_until(conversation, session.model.id):
        return ""
    usd, old = _rewrite_usd(session), session.edges.rates(model, 1)
    spared = 0.0 if old is None else _past_tokens(session) * old.read / 1_000_000
    if usd is None or usd - spared < LEAST_USD:
        return ""
    price = f"{foretold(usd)}{session.edges.played}"
    return f"{session.model.id} reads the past anew, for about {price}: it is in {model}'s cache."
