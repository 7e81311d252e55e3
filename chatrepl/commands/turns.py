"""Commands that move about in the conversation: undo, redo, retry, continue, clear; and /copy."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import takewhile
from typing import Annotated, Final, TypeAlias

from chatrepl.commands.cold_send import ask_when_cold
from chatrepl.commands.registry import ArgKind, CountArg, Rest, command
from chatrepl.commands.tree import numbered
from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.view import is_sent
from chatrepl.core.fences import closed
from chatrepl.core.outcome import Continue, Copy, Draft, Notice, Outcome, Send, Several, Table
from chatrepl.core.prompt_cache import Warmth, warmth
from chatrepl.core.talk.conversation import Conversation, State, Turn
from chatrepl.core.talk.differences import changed_words, turns_now
from chatrepl.core.talk.excerpts import answered, asked, reply_text
from chatrepl.core.talk.markdown import to_markdown
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.rewriting import author
from chatrepl.core.talk.sources import Sources
from chatrepl.core.words import tokens_words
from chatrepl.session.session import Session

Step: TypeAlias = Callable[[], bool]
LISTED: Final = 100  # turns that /history shows unasked: the end is there at once


@command("history", "log", group="conversation")
def history(session: Session, last: CountArg | None = None) -> Outcome:
    """List the newest turns with their numbers, tokens and state; LAST says how many."""
    path = session.conversation.path()
    if not path:
        return Notice("Nothing has been said yet.")
    count = len(path)
    numbered_turns = list(enumerate(path, 1))[-(last or LISTED) :]
    held = cached(
        session, warmth(session.books.footprint, session.request(None), session.edges.clock())
    )
    rows = tuple(_row(session, number, turn, held) for number, turn in numbered_turns)
    more = last is None and len(numbered_turns) < count
    return Table(
        ("#", "you", "reply", "tokens", "state"),
        rows,
        right=frozenset({0, 3}),
        markdown=frozenset({2}),
        footer=f"The newest {LISTED} of {count} turns; /history {count} lists all." if more else "",
    )


def _row(session: Session, number: int, turn: Turn, held: frozenset[bytes]) -> tuple[str, ...]:
    state = " · ".join(filter(None, (state_of(session, turn, held), _called(turn), _yours(turn))))
    tokens = tokens_words(session.ledger.turn(turn, session.model))  # as /context tells it
    return (str(number), asked(turn), answered(turn), tokens, state)


def _called(turn: Turn) -> str:
    count = turn.calls
    return "" if not count else f"{count} call{'' if count == 1 else 's'}"


def _yours(turn: Turn) -> str:
    return "" if turn.assistant is None else author(turn, turn.assistant)


def cached(session: Session, warm: Warmth) -> frozenset[bytes]:
    """Name the last messages of the turns that the cache holds."""
    held = set(warm.messages)
    return frozenset(
        turn.messages[-1].digest
        for turn in session.conversation.path()
        if all(m.digest in held for m in turn.messages if m.role == "user")
    )


def state_of(session: Session, turn: Turn, held: frozenset[bytes] = frozenset()) -> str:
    """Say in a word what becomes of a turn; `held` names what the cache holds."""
    if standing := session.conversation.state.standing(turn.id):
        return standing
    if not is_sent(turn, session.conversation):
        return "refused"
    if turn.was_cut:
        return "cut"
    return "cached" if turn.messages[-1].digest in held else "sent"


@command("undo", "rewind", group="conversation")
def undo(session: Session, steps: CountArg = 1) -> Outcome:
    """Step back over the last change of the conversation, or over STEPS of them.

    Turns, marks, the system prompt, clears and branches all count. /redo steps forth again.
    """
    change = _walk(session, (session.undo, session.redo), steps, ("undo", "take back"))
    if (empty := turns_now(0)) in change:
        return Notice(change.replace(empty, f"{empty[:-1]}; /redo brings it back."))
    return Notice(f"{change} /redo steps forth again.")


@command("redo", group="conversation")
def redo(session: Session, steps: CountArg = 1) -> Outcome:
    """Step forth again over what was undone."""
    return Notice(_walk(session, (session.redo, session.undo), steps, ("redo", "bring back")))


def _walk(session: Session, ways: tuple[Step, Step], steps: int, verbs: tuple[str, str]) -> str:
    """Take so many steps and say what they changed. Raises UsageError where there are fewer."""
    before, recorder, (step, back) = session.conversation, session.recorder, ways
    taken = sum(1 for _ in takewhile(bool, (step() for _ in range(steps))))
    if taken < steps:
        for _ in range(taken):
            back()
        if not taken:
            raise UsageError(f"There is nothing to {verbs[0]}.")
        count = "is 1 step" if taken == 1 else f"are {taken} steps"
        raise UsageError(f"There {count} to {verbs[1]}.")
    if session.recorder is not recorder:
        return f"The other conversation is open again. {_where(session)}"
    return changed_words(before, session.conversation) or _where(session)


def _where(session: Session) -> str:
    return turns_now(len(session.conversation.path()))


@command("retry", "regenerate", group="conversation")
def retry(session: Session) -> Outcome:
    """Ask the last question again. The other reply is kept; /tree shows both."""
    message, before = last_question(session)
    asked_first = ask_when_cold(session, message, before)
    again = Send(message, before)
    return Several((asked_first, again)) if asked_first is not None else again


def last_question(session: Session) -> tuple[Message, Conversation]:
    """Give the last question, and the conversation before it. Raises UsageError."""
    head = session.conversation.head
    if head is None:
        raise UsageError("There is nothing to ask again.")
    turn = session.conversation.turns[head]
    if turn.user is None:
        raise UsageError("The last turn has no question.")
    message = replace(turn.user, content=turn.question)
    return message, session.conversation.before(turn)


@command("continue", group="conversation")
def continue_(session: Session) -> Outcome:
    """Go on with the last reply where it stops: cut at its limit, interrupted, or torn."""
    if session.conversation.head is None:
        raise UsageError("There is nothing to go on with.")
    asked_first = ask_when_cold(session, Message.user("Go on."), session.conversation)
    return Several((asked_first, Continue())) if asked_first is not None else Continue()


@command("clear", "new", group="conversation")
def clear(session: Session, text: Rest = "") -> Outcome:
    """Begin a new conversation. The old one is kept, and /undo returns to it.

    TEXT waits in the prompt for you to send it.
    """
    first = (Draft(text),) if text.strip() else ()
    if not session.conversation.turns:
        return Several((Notice("The conversation is empty already."), *first))
    is_saved = session.recorder.id is not None and not session.recorder.unsaved
    session.open(Conversation(state=State(system=session.system)), session.edges.new_recorder())
    saved = "The old one is saved, and /undo returns to it."
    words = f"A new conversation. {saved if is_saved else '/undo returns to the old one.'}"
    return Several((Notice(words), *first))


_DIGITS = re.compile(r"\d{1,18}")


def _parts(session: Session, text: str) -> Iterable[str | tuple[str, str]]:
    path = enumerate(session.conversation.path(), 1)
    numbers = [(str(n), answered(turn) or "no reply") for n, turn in path][::-1]
    return [
        *(word for word in ("code", "all") if word.startswith(text)),
        *(pair for pair in numbers if pair[0].startswith(text)),
    ]


@command("copy", group="conversation")
def copy(
    session: Session,
    what: Annotated[str | None, ArgKind(complete=_parts)] = None,
    block: str | None = None,
) -> Outcome:
    """Copy the last reply, WHAT turn's reply, `code` (its BLOCK, else the last), or `all`.

    It is the text of the reply with its sources (cite = false: without), and nothing else of the
    screen. BLOCK is a number, or a language: `/copy code py` takes the last block of Python.
    """
    if what == "all":
        numbered(session, None)
        return _copied(_all(session), "the conversation, {}")
    if what == "code":
        return _code(session, block)
    if block is not None or (what is not None and not _DIGITS.fullmatch(what)):
        raise UsageError("/copy takes a turn's number, code, or all.", "/help copy tells more.")
    turn = numbered(session, None if what is None else int(what))
    if turn.assistant is None:
        raise UsageError("That turn has no reply.")
    text = _replied(turn, Sources(), cite=session.settings.cite)
    if not text.strip():
        raise UsageError("That reply has no text.", "/export md shows what it is made of.")
    return _copied(text, "the reply, {}")


def _copied(text: str, what: str) -> Copy:
    """Copy a text, and tell how long it is."""
    count = len(text.splitlines())
    return Copy(text, what.format("1 line" if count == 1 else f"{count} lines"))


def _all(session: Session) -> str:
    parts, sources, cite = [], Sources(), session.settings.cite
    for turn in session.conversation.path():
        asked = "\n\n".join(block.to_markdown() for block in turn.question)
        parts += [f"## You\n\n{closed(asked)}"] if asked else []
        if turn.assistant is not None:
            text = _replied(turn, sources, cite=cite)
            parts.append(f"## Reply\n\n{closed(text.rstrip())}")
    return "\n\n".join(parts) + "\n"


def _replied(turn: Turn, sources: Sources, *, cite: bool) -> str:
    """Give a reply as it is read; of one that was chosen, the choice alone."""
    text = reply_text(turn)
    if turn.assistant is None or text != turn.text:
        return text
    return to_markdown(turn.assistant.content, sources, cite=cite)


def _code(session: Session, block: str | None) -> Outcome:
    """Take a code block of the last reply that has any; by number, or the last of a language."""
    from chatrepl.core.code_blocks import UNSURE, code_blocks  # seldom asked for

    number = int(block) if block is not None and re.fullmatch(r"\d{1,9}", block) else None
    language = block or "" if number is None else ""
    for turn in reversed(session.conversation.path()):
        content = turn.assistant.content if turn.assistant is not None else ()
        blocks = code_blocks(to_markdown(content, cite=False), language)
        if not blocks:
            continue
        if number is not None and not 1 <= number <= len(blocks):
            raise UsageError(f"There is no code block {number}.", f"The reply has {len(blocks)}.")
        code = blocks[-1 if number is None else number - 1]
        if not code.sure:
            raise UsageError(UNSURE, "/copy takes the whole reply.")
        if not code.closed and turn.was_cut:
            raise UsageError(
                "The code block was cut, with its reply.",
                "/continue goes on with it; /copy takes the reply as far as it came.",
            )
        return _copied(code.text, f"{{}} of {code.language or 'code'}")
    raise UsageError(f"No reply holds a code block{f' of {language}' if language else ''}.")
