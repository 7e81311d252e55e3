"""What is asked before a message has a long past written to the cache anew. No commands here."""

from collections.abc import Callable
from typing import Final

from chatrepl.commands.compact import covered, summarised, summary_words, unusable
from chatrepl.commands.cost import next_price
from chatrepl.commands.counted import counted_first
from chatrepl.commands.trimming import weighed
from chatrepl.core.context.trim import Budget, pinned, plan
from chatrepl.core.errors import UnsentError
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.outcome import Aside, Choose, Job, Notice, Outcome, Several
from chatrepl.core.talk.conversation import Conversation, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.words import compact, foretold
from chatrepl.session.cold import cold_past, since_words
from chatrepl.session.session import Session

_CUT_TO: Final = 0.25  # of what is sent now
_SUMMARY_TOKENS: Final = 900  # the 600 words that are asked for

Ways = dict[str, Callable[[], Outcome]]


def ask_when_cold(session: Session, message: Message, base: Conversation | None = None) -> Outcome:
    """Ask before a message pays for a cold past: as it is, truncated, summarised, or not at all.

    A question that is asked again follows `base` and nothing else.
    """
    if session.conversation.head is None or cold_past(session) is None:
        return None
    return counted_first(session, message, lambda: _question(session, message, base), base=base)


def _question(session: Session, message: Message, base: Conversation | None) -> Outcome:
    past = cold_past(session)
    if past is None:  # it costs less than was thought
        return None
    before = base or session.conversation
    words = [f"c: as it is {foretold(_usd(session, before, message))}"]
    ways: Ways = {"c": _as_it_is}
    if base is None and session.next.base is None:
        _offer_cut(session, message, words, ways)
        _offer_summary(session, message, words, ways)
    ways["N"] = _keep if base is None else _send_nothing
    since = since_words(past.since, session.edges.clock())
    back = "back to the prompt" if base is None else "send nothing"
    prices = f"{' · '.join(words)}{session.edges.played}"
    question = f"Cold since {since}. {prices} · N: {back}"
    return Choose(None, question, ways)


def _usd(session: Session, conversation: Conversation, message: Message) -> float | None:
    """Price the input of a cold request that sends `message`."""
    return next_price(session, conversation, 0, message)


def _offer_cut(session: Session, message: Message, words: list[str], ways: Ways) -> None:
    turns, total = weighed(session), session.ledger.next_total
    now = total(session.conversation, session.model).tokens
    base = max(0.0, now - sum(turn.tokens for turn in turns))
    budget = Budget(now * _CUT_TO, now * _CUT_TO)
    dropped = plan(turns, budget, pins=pinned(session.conversation), base=base).dropped
    if not dropped:
        return
    after = session.conversation.with_marks(dict.fromkeys(dropped, "dropped"))
    left = compact(total(after, session.model).tokens)
    words.append(f"t: truncated to {left} {foretold(_usd(session, after, message))}")

    def cut() -> Outcome:
        session.change(after)
        return Notice(f"{len(dropped)} of {len(turns)} turns left out. /undo takes it back.")

    ways["t"] = cut


def _offer_summary(session: Session, message: Message, words: list[str], ways: Ways) -> None:
    covers = covered(session)
    if not covers:
        return
    usd = _summary_usd(session, covers, message)
    words.append(f"s: summarised {foretold(usd)}")
    ways["s"] = lambda: Aside(summary_words(""), _use_summary(session, covers))


def _summary_usd(session: Session, covers: frozenset[TurnId], message: Message) -> float | None:
    """Price a summary of all that stands there, and the message after it."""
    model, now = session.aside_model, session.conversation
    whole = session.ledger.next_total(now, model, summary_words("")).tokens
    rates = session.edges.rates(model.id, whole)
    text = "word " * _SUMMARY_TOKENS
    then = _usd(session, summarised(session, covers, text), message)
    if rates is None or then is None:
        return None
    ttl = str((session.request(None).params.get("cache_control") or {}).get("ttl"))
    return (whole * rates.write(ttl) + _SUMMARY_TOKENS * rates.output) / 1_000_000 + then


def _use_summary(session: Session, covers: frozenset[TurnId]) -> Callable[[Reply | None], Outcome]:
    def use(reply: Reply | None) -> Outcome:
        wrong = unusable(reply)
        if reply is None or wrong:
            return Several((Notice(wrong, "warning"), Job("Not sent", _keep)))
        session.change(summarised(session, covers, reply.text))
        return Notice("A summary stands for the older turns. /undo takes it back.")

    return use


def _as_it_is() -> Outcome:
    return None


def _keep() -> Outcome:
    raise UnsentError


def _send_nothing() -> Outcome:
    raise UnsentError("Not sent.")
