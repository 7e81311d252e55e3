"""/btw: what is asked beside the conversation, and never sent again."""

import re
from collections.abc import Iterable
from typing import Annotated, Final

from chatrepl.commands.cold_send import ask_when_cold
from chatrepl.commands.cost import input_price
from chatrepl.commands.counted import counted_first
from chatrepl.commands.registry import ArgKind, command
from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Beside, Notice, Outcome, Page, Several
from chatrepl.core.prompt_cache import LEAST_USD
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.excerpts import asked, reply_text
from chatrepl.core.talk.message import Message
from chatrepl.core.wire import scrub
from chatrepl.core.words import about
from chatrepl.session.beside import reads_no_cache, turns_beside
from chatrepl.session.session import Session

LISTED: Final = 5
_IN_FORM: Final = (
    "It is answered in the form that is set, which the cache depends on; -m MODEL asks freely."
)
_MODEL: Final = re.compile(r"-m\s+(\S+)\s*(.*)", re.DOTALL)


def _words(session: Session, text: str) -> Iterable[str]:
    models = (f"-m {id_}" for id_ in session.service.models)
    return (word for word in ("keep", *models) if text and word.startswith(text))


@command("btw", group="conversation")
def btw(
    session: Session, question: Annotated[str, ArgKind(complete=_words, rest=True)] = ""
) -> Outcome:
    """Ask QUESTION beside the conversation: it is answered from it, and neither is sent again.

    It may be typed while a reply is still coming. `-m MODEL QUESTION` asks another model. Without
    a question the last ones are shown; `keep` makes the last one a turn, in a branch where it was
    asked.
    """
    if not question.strip():
        return _last(session)
    if question.strip() == "keep":
        return _keep(session)
    beside = question_beside(session, question)
    words = _anew(session, beside) or _form(session, beside.model)
    cold = None if beside.model else ask_when_cold(session, beside.message, session.conversation)
    first = tuple(one for one in (cold, words) if one is not None)
    return Several((*first, beside)) if first else beside


def _anew(session: Session, asked: Beside) -> Outcome:
    """Say that another model reads the whole conversation anew, and for how much, where it does."""
    words = reads_no_cache(session, asked.model)
    if not words or not session.edges.can_count():
        return Notice(words) if words else None
    there = session.asking(session.named(asked.model).id) if asked.model else session
    base = session.conversation

    def price() -> float:
        request = there.request(asked.message, base)
        tokens = session.ledger.request(request, there.model).tokens
        return input_price(there, tokens) or 0.0

    def tell() -> Outcome:
        usd = price()
        return Notice(
            f"{words[:-1]}, {about(usd)}{session.edges.played}." if usd >= LEAST_USD else words
        )

    if price() < LEAST_USD:
        return Notice(words)
    return counted_first(session, asked.message, tell, base=base, models=(there.model.id,))


def _form(session: Session, model: str) -> Outcome:
    """Say, once, that what is asked beside a conversation in a form is answered in it, too."""
    is_formed = session.situation.ask.schema is not None and not model
    return Notice(_IN_FORM) if is_formed and session.announce(_IN_FORM) else None


def question_beside(session: Session, text: str) -> Beside:
    """Read what is asked, and of which model. Raises UsageError where nothing is."""
    model, question = "", text.strip()
    if question == "-m" or question.startswith("-m "):
        named = _MODEL.fullmatch(question)
        model, question = named.groups() if named is not None else ("", "")
        if not question.strip():
            raise UsageError("usage: /btw -m MODEL QUESTION", "/help btw tells more.")
        session.named(model)
    return Beside(Message.user(scrub(question)), f"/btw {text}", model)


def _last(session: Session) -> Outcome:
    turns = list(turns_beside(session.recorder.facts))
    if not turns:
        return Notice("Nothing was asked beside this conversation. /btw QUESTION does.")
    earlier = len(turns) - LISTED
    more = [f"*{earlier} earlier: /export md has all.*"] if earlier > 0 else []
    return Page("\n\n".join([*more, *(_shown(session, turn) for turn in turns[-LISTED:])]))


def _shown(session: Session, turn: Turn) -> str:
    """Write a question and its answer as Markdown; the answer is quoted."""
    text = reply_text(turn).strip() or "*(no text)*"
    cut = "\n>\n> *[cut]*" if turn.was_cut else ""
    quoted = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    return f"**/btw {asked(turn)}** · {place_of(session, turn)}\n\n{quoted}{cut}"


def place_of(session: Session, turn: Turn) -> str:
    """Say where in the conversation something was asked beside it."""
    numbers = {each.id: n for n, each in enumerate(session.conversation.path(), 1)}
    if turn.id in session.conversation.turns:
        return f"kept as turn {numbers[turn.id]}" if turn.id in numbers else "kept in a branch"
    if turn.parent is None:
        return "at the beginning"
    return f"after turn {numbers[turn.parent]}" if turn.parent in numbers else "in another branch"


def _keep(session: Session) -> Outcome:
    """Make the last one a turn where it was asked; one step for undo."""
    turns = list(turns_beside(session.recorder.facts))
    if not turns:
        raise UsageError("Nothing was asked beside this conversation.", "/btw QUESTION does.")
    turn, conversation = turns[-1], session.conversation
    if turn.id == conversation.head:
        return Notice("It is the last turn already.")
    if turn.id in conversation.turns:
        session.adjust(head=turn.id, next_system=None)
    else:
        session.change(conversation.add(turn))
    number = len(session.conversation.path())
    branch = "" if turn.parent == conversation.head else ", in a branch of its own"
    return Notice(f"Kept as turn {number}{branch}. Go on from it; /undo takes it back.")
