"""Commands that leave turns out of what is sent, or take them in again.

All of them make a plan, show what it would change, and apply it as marks: a view of the
conversation, which `/undo` and `/restore` take back. Nothing leaves the history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final

from chatrepl.commands.cost import next_price
from chatrepl.commands.registry import ArgKind, Rest, command
from chatrepl.commands.tree import turn_numbers
from chatrepl.core.context.trim import (
    Budget,
    TrimPlan,
    Weighed,
    parse_amount,
    parse_range,
    pinned,
    plan_amount,
    plan_relevant,
    weigh,
)
from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.view import is_sent, summary_sent
from chatrepl.core.outcome import Confirm, Notice, Outcome
from chatrepl.core.prompt_cache import LEAST_USD, Warmth, impact_words, warmth
from chatrepl.core.talk.conversation import Conversation, Mark, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen
from chatrepl.core.words import about, spans, tokens_words
from chatrepl.session.session import Session

Turns = Annotated[str, ArgKind(complete=turn_numbers, rest=True, by_word=True)]
Marks = Mapping[TurnId, Mark | None]


@frozen
class Proposal:
    """How a change of what is sent is asked about; `{}` stands for the turns.

    `already` is said where nothing would change. With `always` it is asked about however little is
    at stake.
    """

    question: str
    refused: str
    already: str = "That changes nothing."
    always: bool = False


DROP: Final = Proposal(
    "Drop {}? y: drop · N: keep sending", "Not dropped.", "Those turns are left out already."
)
PIN: Final = Proposal(
    "Pin and send {}? y: send · N: leave out", "Not pinned.", "Those turns are pinned already."
)
LEAVE_OUT: Final = Proposal("Leave out {}? y: leave out · N: send all", "Not left out.")
RESTORE: Final = Proposal(
    "Send {} again? y: send · N: leave out", "Not restored.", "Those turns are sent already."
)
_OUT: Final = "no longer sent"
_BACK: Final = "sent again"
_MUCH: Final = 0.2  # of what is sent: less is changed unasked
_UNDO: Final = "/undo takes that back."


@command("truncate", "tr", group="context")
def truncate(session: Session, amount: Rest, *, force: bool = False) -> Outcome:
    """Keep the newest turns within AMOUNT: `20` turns, `30k` tokens, or `40%` of the window.

    Pinned turns and the newest stay. A preview comes first.
    """
    wanted = parse_amount(amount)
    window = session.model.context_window or 200_000
    turns = weighed(session)
    pins = pinned(session.conversation)
    plan = plan_amount(turns, wanted, window=window, pins=pins, base=_base(session, turns))
    if plan.changes:
        return propose(session, _dropping(plan), LEAVE_OUT, force=force)
    if turns and turns[-1].open:
        return Notice("Nothing is left out while a tool's answer is awaited.")
    if not plan.fits or len(turns) > (wanted.turns or len(turns)):
        return Notice("Only the newest turn and pinned ones are left; /restore takes pins off.")
    return Notice("There is nothing to cut: what is sent is within that already.")


@command("drop", group="context")
def drop(session: Session, turns: Turns, *, force: bool = False) -> Outcome:
    """Leave TURNS out of what is sent: `3`, `2-5`, `-3`, `last 2`. They stay in the history."""
    chosen = _chosen(session, turns)
    return propose(session, {turn.id: "dropped" for turn in chosen}, DROP, force=force)


@command("keep", group="context")
def keep(session: Session, turns: Turns, *, force: bool = False) -> Outcome:
    """Send only TURNS and what is pinned from now on; the others stay in the history."""
    chosen = {turn.id for turn in _chosen(session, turns)}
    path = {turn.id for turn in session.conversation.path()}
    pins = pinned(session.conversation)
    marks: dict[TurnId, Mark | None] = dict.fromkeys(path - chosen - pins, "dropped")
    marks |= {id_: "pinned" if id_ in pins else None for id_ in chosen}
    return propose(session, marks, LEAVE_OUT, force=force)


@command("pin", group="context")
def pin(session: Session, turns: Turns, *, force: bool = False) -> Outcome:
    """Pin TURNS, so that nothing but you leaves them out; /restore takes the pin off.

    Those that were dropped or summarised are sent again.
    """
    chosen = _chosen(session, turns)
    return propose(session, {turn.id: "pinned" for turn in chosen}, PIN, force=force)


@command("restore", group="context")
def restore(session: Session, turns: Turns = "all", *, force: bool = False) -> Outcome:
    """Send TURNS again that were dropped or summarised, and take pins off; without TURNS, all."""
    chosen = _chosen(session, turns)
    return propose(session, {turn.id: None for turn in chosen}, RESTORE, force=force)


@command("relevant", group="context")
def relevant(session: Session, query: Rest = "", *, force: bool = False) -> Outcome:
    """Keep the turns that bear on QUERY, or on your last question, and the newest ones."""
    wanted = query or _last_question(session)
    plan = relevant_plan(session, wanted)
    if not plan.changes:
        return Notice("All turns fit within the target; nothing is left out.")
    return propose(session, _dropping(plan), LEAVE_OUT, force=force)


def relevant_plan(session: Session, query: str, *draft: Message) -> TrimPlan:
    """Plan which turns to keep for `query`, within the target of the budget."""
    from chatrepl.core.context.relevance import Index  # seldom asked for

    turns = weighed(session)
    index = session.books.index or Index()
    session.account(index=index)
    index.add_turns(session.conversation.path())
    budget = Budget.of(session.model, session.settings)
    base = _base(session, turns, *draft)
    total = base + sum(turn.tokens for turn in turns)
    target = min(budget.target, total * session.settings.context_cut_to)
    pins = pinned(session.conversation)
    return plan_relevant(turns, index.scores(query), target=target, pins=pins, base=base)


def propose(session: Session, marks: Marks, asking: Proposal, *, force: bool) -> Outcome:
    """Show what marks would change, and apply them when that is agreed, or at once."""
    after = _marked(session.conversation, marks)
    if after is session.conversation:
        return Notice(asking.already)
    return propose_state(session, after, asking, force=force)


def propose_state(
    session: Session, after: Conversation, asking: Proposal, *, force: bool
) -> Outcome:
    """Show what going on with `after` would change, and do it when that is agreed, or at once.

    Nobody is asked where little is at stake, either: /undo takes it back.
    """
    preview = difference(session, after)

    def apply() -> Outcome:
        session.change(after)
        return Notice(f"Done. {_UNDO}")

    if not force and (asking.always or _is_much(session, after)):
        changes = _changes(session.conversation, after)
        question = asking.question.format(_turns(len(next(iter(changes.values())))))
        return Confirm(Notice(preview), apply, question, asking.refused)
    session.change(after)
    return Notice(f"{preview} {_UNDO}")


def _is_much(session: Session, after: Conversation) -> bool:
    """Tell whether much of the context, or money, hangs on going on with `after`."""
    model, total = session.model, session.ledger.next_total
    before = total(session.conversation, model).tokens
    if abs(total(after, model).tokens - before) >= _MUCH * before:
        return True
    _, _, was, will = _outlook(session, after)
    return was is not None and will is not None and will - was >= LEAST_USD


def _marked(conversation: Conversation, marks: Marks) -> Conversation:
    """Set marks, as one step; for a turn that is not dropped no summary stands any more."""
    state = conversation.with_marks(marks).state
    summary = state.summary
    itself = {turn for turn, mark in marks.items() if mark != "dropped"}
    if summary is not None and summary.covers & itself:
        left = summary.covers - itself
        state = replace(state, summary=replace(summary, covers=left) if left else None)
    return conversation.then(state)


def _changes(before: Conversation, after: Conversation) -> dict[str, list[int]]:
    """Give the turns that something becomes of, by what that is."""
    changes: dict[str, list[int]] = {_OUT: [], _BACK: []}  # what is asked about comes first
    with_it = summary_sent(after) is None
    for number, turn in enumerate(before.path(), 1):
        was, is_ = before.state.standing(turn.id), after.state.standing(turn.id)
        sent = is_sent(turn, after)
        if sent != is_sent(turn, before):
            changes[_BACK if sent else _OUT].append(number)
        elif (was, is_) == ("summarised", "dropped"):
            what = "dropped with the summary" if with_it else "dropped, but not from the summary"
            changes.setdefault(what, []).append(number)
        if sent and was != is_ and "pinned" in {was, is_}:
            changes.setdefault("pinned" if is_ else "no longer pinned", []).append(number)
    return {what: numbers for what, numbers in changes.items() if numbers}


def difference(session: Session, after: Conversation) -> str:
    """Say in words what changes between now and `after`: turns, tokens, cache and price."""
    before, model = session.conversation, session.model
    changes = _changes(before, after).items()
    parts = [f"{_turns(len(numbers))} {what} ({spans(numbers)})" for what, numbers in changes]
    old, new = (session.ledger.next_total(one, model) for one in (before, after))
    if old.tokens != new.tokens:
        parts.append(f"{tokens_words(old)} → {tokens_words(new)} tokens")
    return f"{', '.join(parts)}.{_impact(session, after)}"


def _impact(session: Session, after: Conversation) -> str:
    """Say what becomes of a warm cache, and of the price of the next request's input."""
    before, then, was, will = _outlook(session, after)
    words = impact_words(before, then, cost=(was, will), played=session.edges.played)
    if words or was is None or will is None:
        return f" {words}" if words else ""
    if about(will) == about(was):
        return ""
    return (
        f" The next turn's input costs {about(will)} instead of {about(was)}{session.edges.played}."
    )


def _outlook(
    session: Session, after: Conversation
) -> tuple[Warmth, Warmth, float | None, float | None]:
    """Give how warm the cache is for the next request, now and with `after`, and its two prices."""
    now, last = session.edges.clock(), session.books.footprint
    before = warmth(last, session.request(None), now)
    then = warmth(last, session.request(None, after), now)
    was = next_price(session, session.conversation, before.tokens)
    return before, then, was, next_price(session, after, then.tokens)


def weighed(session: Session) -> tuple[Weighed, ...]:
    """Weigh the turns that are sent now."""
    model = session.model
    return weigh(session.conversation, lambda turn: session.ledger.turn(turn, model).tokens)


def _base(session: Session, turns: Sequence[Weighed], *draft: Message) -> float:
    """Give the tokens that are sent besides the turns."""
    total = session.ledger.next_total(session.conversation, session.model, *draft).tokens
    return max(0.0, total - sum(turn.tokens for turn in turns))


def _dropping(plan: TrimPlan) -> Marks:
    return dict.fromkeys(plan.dropped, "dropped")


def _chosen(session: Session, text: str) -> list[Turn]:
    path = session.conversation.path()
    if not path:
        raise UsageError("Nothing has been said yet.")
    return [path[number - 1] for number in parse_range(text, len(path))]


def _last_question(session: Session) -> str:
    path = session.conversation.path()
    if not path:
        raise UsageError("Nothing has been said yet.")
    return " ".join(block.to_markdown() for block in path[-1].question)


def question_of(message: Message) -> str:
    """Give the words of a message, attachments by name."""
    return " ".join(block.to_markdown() for block in message.content)


def _turns(count: int) -> str:
    return "1 turn" if count == 1 else f"{count} turns"
