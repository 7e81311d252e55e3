"""The saved conversation that a command line names: gone on with, or begun."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from chatrepl.cli.options import Options
from chatrepl.core.conversation import Conversation, State, Turn, TurnId
from chatrepl.core.errors import StorageError, UsageError
from chatrepl.oneshot import mutter
from chatrepl.session import Session
from chatrepl.storage.journal import Journal, resume
from chatrepl.storage.library import Entry, find, list_entries
from chatrepl.storage.paths import find_folders


@dataclass(slots=True)
class Journaled:
    """A journal as the session wants it; what it is asked to keep as a prefill is text."""

    journal: Journal

    @property
    def id(self) -> str | None:
        return self.journal.id

    @property
    def unsaved(self) -> str:
        return self.journal.unsaved

    def begin(self, turn: Turn) -> None:
        self.journal.begin(turn)

    def delta(self, turn: TurnId, text: str, kind: str) -> None:
        self.journal.delta(turn, text, "thinking" if kind == "thinking" else "text")

    def finish(self, turn: Turn) -> None:
        self.journal.finish(turn)

    def state(self, conversation: Conversation) -> None:
        self.journal.state(conversation)


def open_saved(options: Options, session: Session) -> Journal:
    """Go on with the conversation that is asked for, or begin it; the session records there.

    A conversation that is gone on with keeps its own system prompt unless one is given. Raises
    UsageError for a name that is taken, StorageError where nothing can be kept or found.
    """
    folder = find_folders(os.environ).conversations
    if folder is None:
        raise StorageError("Nothing can be saved: there is no home folder to keep it in.")
    if not session.settings.save:
        raise UsageError("Saving is off: save = false, or --no-save.", "Nothing was sent.")
    if options.continue_ or options.resume is not None:
        journal = _resumed(_wanted(options, folder), session, options)
    else:
        journal = Journal.new(folder)
    if options.save is not None:
        _name(journal, options.save, folder)
    session.recorder = Journaled(journal)
    return journal


def close_saved(journal: Journal, session: Session) -> int:
    """Put everything away; give the exit code that a fault of the disk deserves."""
    journal.state(session.conversation)
    if journal.close():
        return 0
    mutter(sys.stderr, f"chatrepl: the answer is not saved: {journal.unsaved}.")
    return StorageError.exit_code


def _wanted(options: Options, folder: Path) -> Entry:
    if options.resume is not None:
        return find(folder, options.resume)
    newest = list_entries(folder, 1)
    if not newest:
        raise StorageError(
            "There is no saved conversation to go on with.", "--save NAME keeps one."
        )
    return newest[0]


def _resumed(entry: Entry, session: Session, options: Options) -> Journal:
    resumed = resume(entry.path)
    conversation = resumed.loaded.conversation
    if resumed.copied:
        mutter(sys.stderr, f"chatrepl: {resumed.copied}; this goes on in a copy.")
    if resumed.loaded.skipped:
        mutter(sys.stderr, f"chatrepl: {resumed.loaded.skipped} damaged records were left out.")
    session.conversation = conversation
    if options.system is not None and options.system != conversation.state.system:
        session.change(_with_system(conversation, session.settings.system))
    return resumed.journal


def _with_system(conversation: Conversation, system: str) -> Conversation:
    from dataclasses import replace

    state: State = conversation.state
    return conversation.then(replace(state, system=system))


def _name(journal: Journal, name: str, folder: Path) -> None:
    label = " ".join(name.split())
    if not label:
        raise UsageError("--save takes a name.", "Nothing was sent.")
    for entry in list_entries(folder):
        if entry.name.casefold() == label.casefold() and entry.id != journal.id:
            raise UsageError(
                f"There is a saved conversation {label} already.",
                f"-r {label} goes on with it. Nothing was sent.",
            )
    journal.meta(name=label)
