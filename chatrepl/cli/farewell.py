"""The one line that is said on leaving a chat: what came of it, and how to go on with it."""

import shlex

from chatrepl.session.session import Session
from chatrepl.storage.journal import Journal


def farewell(session: Session, *, demo: bool = False) -> str:
    """Sum the chat up: `12 replies · $0.42 · chatrepl -c goes on here`; empty where none came.

    Where the conversation could not be kept, that is said by who could not keep it.
    """
    meter = session.books.meter
    if not (meter.replies or meter.cost.usd):
        return ""
    replies = "1 reply" if meter.replies == 1 else f"{meter.replies:,} replies"
    spent = f"{meter.paid_words()}{' (demo)' if demo else ''}"
    parts = (replies if meter.replies else "", spent, _back(session))
    return " · ".join(filter(None, parts))


def _back(session: Session) -> str:
    recorder = session.recorder
    if not session.settings.save:
        return "not saved, as you asked"
    if not isinstance(recorder, Journal) or recorder.unsaved or not session.conversation.turns:
        return ""
    which = f"-r {shlex.quote(recorder.name)}" if recorder.name else "-c"
    return f"chatrepl {which} goes on here"
