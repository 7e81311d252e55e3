"""/compare, /pick and /diff: several replies to one question, and what becomes of them."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Final

from chatrepl.commands.cost import input_price
from chatrepl.commands.counted import counted_first
from chatrepl.commands.next_reply import priced_models
from chatrepl.commands.registry import ArgKind, command
from chatrepl.commands.turns import last_question
from chatrepl.core.errors import SAFE, UsageError
from chatrepl.core.numbers import whole
from chatrepl.core.outcome import Changes, Compare, Confirm, Notice, Outcome, Several
from chatrepl.core.prompt_cache import too_small, warmth
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.excerpts import reply_text
from chatrepl.core.value import frozen
from chatrepl.core.words import exactly, foretold, paid
from chatrepl.session.comparison import MOST, Compared, compared, unveil
from chatrepl.session.session import Session

ASK_USD: Final = 0.10  # a comparison whose input costs more is asked about
_USAGE: Final = "usage: /compare MODEL… [-n K] [--blind] [-- QUESTION]"
_QUESTION: Final = re.compile(r"(?:^|\s)--(?:\s+|$)")


@frozen
class _Wish:
    """What is to be compared, as it was typed."""

    models: tuple[str, ...] = ()
    times: int = 1
    blind: bool = False
    question: str = ""


def _offers(session: Session, text: str) -> Iterable[tuple[str, str]]:
    words = (("-n", "so many replies of each"), ("--blind", "names after the choice"))
    return (*priced_models(session, text), *(pair for pair in words if pair[0].startswith(text)))


@command("compare", group="conversation")
def compare(
    session: Session,
    models: Annotated[str, ArgKind(complete=_offers, rest=True, by_word=True)],
) -> Outcome:
    """Ask the last question of several MODELS at once, or with `-n 3` several times.

    The first reply streams, the others are shown whole as they end. All are kept side by side:
    /pick N goes on from one, /diff 1 2 shows in which words two differ. `--blind` names the models
    only after the choice; `-- QUESTION` asks something new. Esc stops all and keeps what came.
    """
    wish = _read(models)
    ids = tuple(session.named(name).id for name in wish.models) or (session.model.id,)
    asked = tuple(id_ for id_ in ids for _ in range(wish.times))
    if len(asked) > MOST:
        raise UsageError(f"That is {len(asked)} replies; {MOST} are the most at once.")
    asked = _shuffled(asked) if wish.blind else asked
    if wish.question:
        message, typed = session.compose(wish.question), f"/compare {models}"
        outcome = Compare(message, asked, blind=wish.blind, typed=typed)
    else:
        message, base = last_question(session)
        outcome = Compare(message, asked, base, wish.blind)
    return _agreed(session, outcome)


def _shuffled(models: tuple[str, ...]) -> tuple[str, ...]:
    from random import sample  # seldom asked for

    return tuple(sample(models, len(models)))


def _read(text: str) -> _Wish:
    """Take the line apart. Raises UsageError."""
    head, *rest = _QUESTION.split(text, maxsplit=1)
    words, models, times, blind = head.split(), [], 0, False
    while words:
        word = words.pop(0)
        if word == "--blind":
            blind = True
        elif word == "-n" or re.fullmatch(r"-n\d+", word):
            times = _times(word[2:] or (words.pop(0) if words else ""))
        elif word.startswith("-"):
            raise UsageError(f"/compare knows no {word}.", _USAGE)
        else:
            models.append(word)
    question = "".join(rest).strip()
    if not (models or times) or (rest and not question):
        raise UsageError(_USAGE, "/help compare tells more.")
    return _Wish(tuple(models), times or 1, blind, question)


def _times(text: str) -> int:
    try:
        times = whole(text)
    except ValueError:
        times = 0
    if times < 1:
        raise UsageError("-n takes how many replies each is to give, such as -n 3.", _USAGE)
    return times


def _agreed(session: Session, asked: Compare) -> Outcome:
    """Ask first where the input alone costs much, or more than the session should."""

    def question() -> Outcome:
        return _question(session, asked) or asked

    if _question(session, asked) is None:
        return asked
    return counted_first(session, asked.message, question, base=asked.base, models=asked.models)


def _question(session: Session, asked: Compare) -> Confirm | None:
    coming = _price(session, asked)
    most, books = session.settings.max_cost_usd, session.books
    exceeds = books.meter.exceeds(max(most, books.agreed_usd) if most else 0, coming)
    if coming <= ASK_USD and not exceeds:
        return None
    count = len(asked.models)
    spent = f"Spent {paid(books.meter.cost)} of ${exactly(most)}; " if exceeds else ""
    question = (
        f"{spent}{count} replies, about {foretold(coming)} for what is sent{session.edges.played}."
    )

    def agree() -> Outcome:
        if exceeds:
            session.account(agreed_usd=books.meter.cost.usd + coming + most)
        return asked

    return Confirm(None, agree, f"{question} y: ask · N: ask nobody", SAFE)


def _price(session: Session, asked: Compare) -> float:
    """Price the input of all requests; what has no price, or cannot be counted yet, is left out."""
    if not session.edges.can_count():
        return 0.0
    return sum(
        _of_model(session.asking(model), asked, asked.models.count(model))
        for model in set(asked.models)
    )


def _of_model(session: Session, asked: Compare, times: int) -> float:
    """Price the input of so many requests to one model: the first writes what the others read."""
    request = session.request(asked.message, asked.base)
    tokens = session.ledger.request(request, session.model).tokens
    warm = warmth(session.books.footprint, request, session.edges.clock())
    is_kept = request.params.get("cache_control") and not too_small(session.model, tokens)
    first = input_price(session, tokens, warm.tokens if warm.state == "warm" else 0)
    other = input_price(session, tokens, tokens if is_kept else 0)
    return 0.0 if first is None or other is None else first + (times - 1) * other


def _chosen(session: Session, which: str) -> tuple[Compared, int]:
    """Find a reply by its number or letter. Raises UsageError."""
    replies = compared(session)
    if not replies.turns:
        raise UsageError("Nothing was compared yet.", "/compare asks several models.")
    letters = replace(replies, blind=True).labels
    numbers = replace(replies, blind=False).labels
    for names in (numbers, letters):
        if which.upper() in names:
            return replies, names.index(which.upper())
    raise UsageError(
        f"There is no reply {which}.", f"Those there are: {', '.join(replies.labels)}."
    )


@command("pick", group="conversation")
def pick(session: Session, reply: str) -> Outcome:
    """Go on from that REPLY of a comparison, by its number or letter.

    Of a blind one the models are named now. /undo takes the choice back.
    """
    replies, at = _chosen(session, reply)
    turn, label = replies.turns[at], replies.labels[at]
    names = ""
    if replies.blind:
        each = zip(replies.labels, map(_model, replies.turns), strict=True)
        names = ", ".join(f"{letter} is {model}" for letter, model in each) + ".\n"
        unveil(session)
    if turn.id == session.conversation.head:
        return Notice(f"{names}You go on from {label}, as you did.")
    session.adjust(head=turn.id, next_system=None)
    model = _model(turn)
    other = "" if model in {"", session.model.id} else f" /model {model} goes on with its model."
    return Notice(f"{names}You go on from {label} now.{other} /undo returns.")


def _model(turn: Turn) -> str:
    return turn.receipt.model if turn.receipt is not None else ""


@command("diff", group="conversation")
def diff(session: Session, first: str | None = None, second: str | None = None) -> Outcome:
    """Show in which words two replies of a comparison differ: FIRST and SECOND, or 1 and 2.

    `[-gone-]` stands only in the first, `{+new+}` only in the second; long stretches that are the
    same are left out.
    """
    from chatrepl.core.talk.word_diff import folded, word_diff  # seldom asked for

    labels = compared(session).labels or ("1",)
    replies, at = _chosen(session, first or labels[0])
    _, other = _chosen(session, second or next(iter(labels[1:] if at == 0 else labels), "2"))
    texts = [reply_text(replies.turns[place]) for place in (at, other)]
    names = [replies.labels[place] for place in (at, other)]
    if texts[0] == texts[1]:
        return Notice(f"{names[0]} and {names[1]} are the same, word for word.")
    said = () if replies.blind else tuple(_model(replies.turns[place]) for place in (at, other))
    heading = " → ".join(
        " · ".join(filter(None, pair)) for pair in zip(names, said or ("", ""), strict=True)
    )
    return Several((Notice(heading), Changes(folded(word_diff(*texts)))))
