"""The one line that is said on leaving a chat: what came of it, and how to go on with it."""

import shlex
from typing import Final

from chatrepl.cli.options import FLAGS, Options
from chatrepl.session.session import Session
from chatrepl.storage.journal import Journal
from chatrepl.storage.library import scan

_WHO_ANSWERS: Final = ("config", "profile", "base_url", "local", "demo")


def farewell(session: Session, options: Options | None = None, *, demo: bool = False) -> str:
    """Sum the chat up: `12 replies · $0.42 · chatrepl -c goes on here`; empty where none came.

    What `options` said of who answers is said again, or somebody else would. Where the conversation
    could not be kept, that is said by who could not keep it.
    """
    meter = session.books.meter
    if not (meter.replies or meter.cost.usd):
        return ""
    replies = "1 reply" if meter.replies == 1 else f"{meter.replies:,} replies"
    spent = f"{meter.paid_words()}{' (demo)' if demo else ''}"
    parts = (replies if meter.replies else "", spent, _back(session, options or Options()))
    return " · ".join(filter(None, parts))


def _back(session: Session, options: Options) -> str:
    recorder = session.recorder
    if not session.settings.save:
        return "not saved, as you asked"
    if not isinstance(recorder, Journal) or recorder.unsaved or not session.conversation.turns:
        return ""
    words = [word for key in _WHO_ANSWERS for word in _again(options, key)]
    return f"{shlex.join(('chatrepl', *words, *_which(recorder)))} goes on here"


def _which(journal: Journal) -> tuple[str, ...]:
    if name := journal.name:
        return "-r", name
    newest = next(iter(scan(journal.path.parent)), None)
    is_newest = newest is None or newest[0] == str(journal.path)  # another chat may have gone on
    return ("-r", journal.id) if journal.id and not is_newest else ("-c",)


def _again(options: Options, key: str) -> tuple[str, ...]:
    """Give the words of an option as they were said; a password in an address is not repeated."""
    value, name = getattr(options, key), FLAGS[key].names[0]
    if value is None or value is False or (key == "base_url" and "@" in value):
        return ()
    return (name,) if value is True or (key == "local" and not value) else (name, value)
