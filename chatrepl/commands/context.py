"""The picture of the context: what would be sent now, turn by turn, and what it comes to."""

from typing import Final, Literal

from chatrepl.commands.cost import next_price
from chatrepl.commands.registry import command
from chatrepl.commands.turns import cached, state_of
from chatrepl.core.context.trim import Budget
from chatrepl.core.exchange.request import Request
from chatrepl.core.exchange.view import summary_sent
from chatrepl.core.outcome import Count, Notice, Outcome, Several, Table
from chatrepl.core.prompt_cache import Warmth, reason_words, too_small, warmth
from chatrepl.core.talk.excerpts import asked
from chatrepl.core.talk.message import Message
from chatrepl.core.words import about, compact, share_words, tokens_words
from chatrepl.session.session import Session

BAR: Final = 8
MOST_ROWS: Final = 40


@command("context", "tokens", "cost", group="context")
def context(session: Session, how: Literal["exact"] | None = None) -> Outcome:
    """Show what would be sent now: tokens by turn, cache, budget, price, and the session's sums.

    Numbers with ~ are estimates that learn from each reply; `exact` asks the service.
    """
    if how == "exact":
        question = Message.user("?")  # a request must end with one
        return Count(question, lambda total: _exact(session, session.request(question), total))
    warm = warmth(session.books.footprint, session.request(None), session.edges.clock())
    rows = _rows(session, warm)
    lines = (_budget(session), _cache(session, warm), _price(session, warm), _sums(session))
    sums = Notice("\n".join(filter(None, lines)))
    if not rows:
        return sums
    newest = tuple(rows[-MOST_ROWS:])
    title = f"the newest {len(newest)} of {len(rows)} turns" if len(newest) < len(rows) else ""
    heads = ("#", "in + out", "", "state", "you")
    return Several((Table(heads, newest, title=title, right=frozenset({0, 1})), sums))


def _exact(session: Session, request: Request, total: int) -> Outcome:
    session.ledger.counted(request, session.model, total)
    budget = Budget.of(session.model, session.settings)
    share = share_words(total, budget.limit)
    return Notice(f"{total:,} tokens with a message of one letter, {share} of the budget.")


def _rows(session: Session, warm: Warmth) -> list[tuple[str, ...]]:
    path = session.conversation.path()
    estimates = [session.ledger.turn(turn, session.model) for turn in path]
    most = max((e.tokens for e in estimates), default=0)
    held = cached(session, warm)
    rows: list[tuple[str, ...]] = []
    for number, (turn, estimate) in enumerate(zip(path, estimates, strict=True), 1):
        bar = "█" * max(1, round(BAR * estimate.tokens / most)) if most else ""
        state = state_of(session, turn, held)
        rows.append((str(number), tokens_words(estimate), bar, state, asked(turn)))
    return rows


def _budget(session: Session) -> str:
    total = session.ledger.next_total(session.conversation, session.model)
    budget = Budget.of(session.model, session.settings)
    mark = "" if total.exact else "~"
    window = session.model.known and session.model.context_window
    room = f" · window {compact(window) if window else 'unknown'}"
    summary = " · a summary stands for older turns" if summary_sent(session.conversation) else ""
    return f"context {mark}{share_words(total.tokens, budget.limit)} of the budget{room}{summary}"


def _cache(session: Session, warm: Warmth) -> str:
    now = session.edges.clock()
    if warm.state == "warm":
        minutes = warm.minutes_left(now)
        left = "1 minute" if minutes == 1 else f"{minutes} minutes"
        return f"cache: {compact(warm.tokens)} tokens kept, {left} left"
    if warm.state == "cold":
        return f"cache: none, {reason_words(warm.reason)}"
    if not session.settings.cache_enabled:
        return "cache: off, as cache.enabled is false"
    total = session.ledger.next_total(session.conversation, session.model).tokens
    least = session.model.cache_minimum
    small = f"; it takes prompts from {compact(least)} tokens on"
    return f"cache: none yet{small if too_small(session.model, total) else ''}"


def _price(session: Session, warm: Warmth) -> str:
    cold = next_price(session, session.conversation, 0)
    if cold is None:
        return "price of the next turn unknown"
    played = session.edges.played
    if warm.state != "warm":
        return f"next turn {about(cold)} for its input{played}"
    cheap = next_price(session, session.conversation, warm.tokens)
    return f"next turn {about(cheap)} for its input while warm, {about(cold)} cold{played}"


def _sums(session: Session) -> str:
    books = session.books
    missed = f"\n{books.miss}" if books.miss else ""
    kept = f"\n{books.kept.words()}" if books.kept is not None else ""
    used = f"{books.meter.usage_words()} · " if books.meter.replies else ""
    played = session.edges.played if books.meter.cost.usd else ""
    return f"session: {used}{books.meter.money_words()}{played}{missed}{kept}"
