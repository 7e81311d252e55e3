"""The one line that is said on leaving a chat: what came of it, and how to go on with it."""

import shlex

from chatrepl.session.session import Session
from chatrepl.storage.journal import Journal
from chatrepl.storage.library import scan


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
    return f"chatrepl {_option(recorder)} goes on here"


def _option(journal: Journal) -> str:
    if journal.name:
        return f"-r {shlex.quote(journal.name)}"
    newest = next(iter(scan(journal.path.parent)), None)
    is_newest = newest is None or newest[0] == str(journal.path)  # another chat may have gone on
    return "-c" if is_newest else f"-r {journal.id}"
