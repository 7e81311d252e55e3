"""A reply that the user writes over: opened in the prompt or the editor, and put in its place."""

from dataclasses import replace
from typing import Final

from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Draft, Edit, Notice, Outcome
from chatrepl.core.talk.conversation import Turn, TurnId
from chatrepl.core.talk.rewriting import by_hand
from chatrepl.core.wire import scrub
from chatrepl.session.session import Session

_MOST_LINES: Final = 12  # in the prompt
_MOST_CHARACTERS: Final = 1_000


def open_reply(session: Session, turn: Turn) -> Outcome:
    """Let the reply of a turn be changed: in the prompt, or in the editor where it is long."""
    if turn.assistant is None:
        raise UsageError("That turn has no reply.")
    text = turn.text
    session.leave_edit()
    is_long = text.count("\n") >= _MOST_LINES or len(text) > _MOST_CHARACTERS
    if is_long or text.startswith("/") or not text.strip():  # a slash would be a command there
        return Edit(text, lambda written: rewrite(session, turn, written))
    session.prepare(rewrites=turn.id)
    return Draft(text)


def rewrite_open(session: Session, text: str) -> Outcome:
    """Put what was written at the prompt in the place of the reply that is being changed."""
    at = session.next.rewrites
    return None if at is None else rewrite(session, session.conversation.turns[at], text)


def rewrite(session: Session, turn: Turn, text: str) -> Outcome:
    """Put a text in the place of a reply: a sibling, one step for undo."""
    written = scrub(text)
    session.leave_edit()
    if not written.strip() or written.rstrip() == turn.text.rstrip():
        return Notice("The reply stays as it was.")
    id_ = TurnId(session.edges.new_id())
    sibling = replace(by_hand(turn, written), id=id_, created=session.edges.clock())
    before = len(session.conversation.path())
    session.change(session.conversation.add(sibling))
    number = len(session.conversation.path())
    later = " The turns after it stay in the other branch." if before > number else ""
    return Notice(
        f"Reply {number} is yours now.{later} /continue goes on with it, /undo takes it back."
    )
