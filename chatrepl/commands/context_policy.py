"""What is done when a message does not fit, and what is said before that. No commands here."""

from collections.abc import Callable
from dataclasses import replace

from chatrepl.commands.cold_send import ask_when_cold
from chatrepl.commands.compact import (
    MOST_FAILURES,
    SUMMARISE,
    affordable,
    covered,
    summarised,
    summary_words,
    unusable,
)
from chatrepl.commands.counted import LEARNED, UNSURE
from chatrepl.commands.trimming import (
    difference,
    propose_state,
    question_of,
    relevant_plan,
    weighed,
)
from chatrepl.core.context.trim import Budget, count_images, pinned, plan
from chatrepl.core.errors import UnsentError
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.outcome import Aside, Choose, Count, Job, Notice, Outcome, Several
from chatrepl.core.talk.conversation import TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.words import share_words, turns_words
from chatrepl.session.session import Session


def weigh_up(session: Session, message: Message) -> Outcome:
    """Do what is to be done before a message goes out: make room for it, ask what it may cost."""
    room = make_room(session, message)
    return Several((room, Job("Weighing up", lambda: ask_when_cold(session, message))))


def make_room(session: Session, message: Message) -> Outcome:
    """Do what the policy says where the next message would not fit the budget; else nothing.

    `ask` shows what would be dropped and asks; `drop`, `relevant` and `summary` do it and say so.
    Where the estimate is too near to the limit to tell, the service is asked first.
    """
    policy = session.settings.context_policy
    if policy == "off" or session.conversation.head is None or not session.edges.can_count():
        return None
    if session.next.base is not None:  # a question is edited: what it follows was sent before
        return None
    limit = Budget.of(session.model, session.settings).limit
    now = session.ledger.next_total(session.conversation, session.model).tokens
    total = session.ledger.next_total(session.conversation, session.model, message).tokens
    is_learned = session.ledger.tally.base is not None
    unsure = UNSURE * (total - now) + (LEARNED if is_learned else UNSURE) * now
    if not session.service.can_count or abs(limit - total) > unsure:
        return _make_room(session, message)

    def counted(exactly: int) -> Outcome:
        session.ledger.counted(session.request(message), session.model, exactly)
        return _make_room(session, message)

    def uncounted() -> Outcome:
        session.count_alone()
        return _make_room(session, message)

    return Count(message, counted, uncounted)


def _make_room(session: Session, message: Message) -> Outcome:
    conversation, model = session.conversation, session.model
    budget = Budget.of(model, session.settings)
    total = session.ledger.next_total(conversation, model, message).tokens
    images = sum(turn.images for turn in weighed(session)) + count_images(message)
    if total <= budget.limit and images <= (budget.images or images):
        return None
    over = f"({share_words(total, budget.limit)})"
    if total <= budget.limit:
        over = f"({images} images of {budget.images})"
    if session.settings.context_policy == "summary" and (covers := covered(session)):
        if session.books.summary_failures < MOST_FAILURES:
            use = _summary_or_cut(session, covers, message, over)
            return affordable(session, Aside(summary_words(""), use))
        return _cut(session, message, over, ask=True)
    return _cut(session, message, over, ask=session.settings.context_policy in {"ask", "summary"})


def make_room_unasked(session: Session, message: Message) -> str:
    """Do in a pipe what the policy says without a question; say that, or that room is scarce."""
    settings, budget = session.settings, Budget.of(session.model, session.settings)
    room = _make_room(session, message) if settings.context_policy in {"drop", "relevant"} else None
    if isinstance(room, Notice):
        return room.text
    total = session.ledger.next_total(session.conversation, session.model, message).tokens
    used = share_words(total, budget.limit)
    if total > budget.limit:
        return f"The context is over its budget ({used}); all of it is sent."
    return f"The context is near its budget: {used}." if budget.warns(total, settings) else ""


def _summary_or_cut(
    session: Session, covers: frozenset[TurnId], message: Message, over: str
) -> Callable[[Reply | None], Outcome]:
    def use(reply: Reply | None) -> Outcome:
        wrong = unusable(reply)
        if reply is not None and not wrong:
            session.account(summary_failures=0)
            done = propose_state(
                session, summarised(session, covers, reply.text), SUMMARISE, force=True
            )
            left = _cut(session, message, over, ask=True) if _is_over(session, message) else None
            return Several((Notice(f"The context was over its budget {over}."), done, left))
        session.account(summary_failures=session.books.summary_failures + 1)
        if session.books.summary_failures >= MOST_FAILURES:
            wrong += f" {MOST_FAILURES} summaries failed, so none is tried again by itself."
        return Several((Notice(wrong, "warning"), _cut(session, message, over, ask=True)))

    return use


def _is_over(session: Session, message: Message) -> bool:
    total = session.ledger.next_total(session.conversation, session.model, message).tokens
    return total > Budget.of(session.model, session.settings).limit


def _cut(session: Session, message: Message, over: str, *, ask: bool) -> Outcome:
    """Leave turns out until the message fits."""
    conversation = session.conversation
    dropped = _dropped(session, message)
    after = conversation.with_marks(dict.fromkeys(dropped, "dropped"))
    if after.state == conversation.state:
        hint = "Only pinned and newest turns are left; /restore takes pins off."
        return Notice(f"The context is over its budget {over}. {hint}", "warning")
    change = difference(session, after)

    def apply() -> Outcome:
        session.change(after)
        return Notice(f"The context was over its budget {over}. {change} /undo takes it back.")

    if not ask:
        return apply()
    numbers = (n for n, turn in enumerate(conversation.path(), 1) if turn.id in dropped)
    ways = f"Y: leave out {turns_words(list(numbers))} and send · a: send all · n: don't send"
    preview = Notice(f"The context is over its budget {over}. {change}", "warning")
    return Choose(preview, f"Over budget {over}. {ways}", {"Y": apply, "a": _send_all, "n": _keep})


def _send_all() -> Outcome:
    return None


def _keep() -> Outcome:
    raise UnsentError


def _dropped(session: Session, message: Message) -> tuple[TurnId, ...]:
    budget = Budget.of(session.model, session.settings)
    if session.settings.context_policy == "relevant":
        made = relevant_plan(session, question_of(message), message)
        if made.changes and made.after <= budget.limit:
            return made.dropped
    turns = weighed(session)
    total = session.ledger.next_total(session.conversation, session.model, message).tokens
    base = max(0.0, total - sum(turn.tokens for turn in turns))
    most = budget.images and max(0, budget.images - count_images(message))
    return plan(
        turns, replace(budget, images=most), pins=pinned(session.conversation), base=base
    ).dropped


def warn_when_full(session: Session, before: float) -> Outcome:
    """Say once, when it is crossed, that the context is near its budget."""
    estimate = session.context()
    settings = session.settings
    budget = Budget.of(session.model, settings)
    if estimate is None or settings.context_policy == "off" or budget.warns(before, settings):
        return None
    if not budget.warns(estimate.tokens, settings):
        return None
    used = share_words(estimate.tokens, budget.limit)
    return Notice(
        f"The context is near its budget: {used}. /context shows it; /compact or /truncate "
        "make room.",
        "warning",
    )
