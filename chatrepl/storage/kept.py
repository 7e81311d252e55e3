"""Saved conversations as a session has them: opened, named, gone on with."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from chatrepl.core.conversation import Conversation, Turn, TurnId
from chatrepl.core.errors import UsageError
from chatrepl.core.frozen import frozen
from chatrepl.storage.journal import Journal, resume
from chatrepl.storage.library import Entry, list_entries


@dataclass(slots=True)
class Journaled:
    """A recorder that writes a journal."""

    journal: Journal

    @property
    def id(self) -> str | None:
        return self.journal.id

    @property
    def name(self) -> str:
        return self.journal.name or ""

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

    def rename(self, name: str) -> None:
        """Give it a name, which others find at once."""
        self.journal.meta(name=name)
        self.journal.flush()


@frozen
class Reopened:
    """A saved conversation to go on with, and what the user should know of it."""

    conversation: Conversation
    recorder: Journaled
    notes: tuple[str, ...]


def begin_kept(folder: Path) -> Journaled:
    """Begin a conversation that is kept in `folder`; its file comes with its first turn."""
    return Journaled(Journal.new(folder))


def reopen(entry: Entry) -> Reopened:
    """Go on with a saved conversation, or with a copy of it. Raises StorageError."""
    resumed = resume(entry.path)
    loaded = resumed.loaded
    notes = []
    if resumed.copied:
        name = _copied_name(entry, resumed.journal)
        why = f"{resumed.copied[:1].upper()}{resumed.copied[1:]}"
        notes.append(f"{why}; this goes on in a copy{f', {name}' if name else ''}.")
    if loaded.skipped:
        what = "record was" if loaded.skipped == 1 else "records were"
        notes.append(f"{loaded.skipped} damaged {what} left out; the rest is here.")
    last = loaded.conversation.path()[-1] if loaded.conversation.path() else None
    whole = last is not None and last.receipt is not None and last.receipt.stop_reason is not None
    if loaded.recovered and not whole:  # a whole one is merely newer than the last state
        reply = last.assistant if last is not None else None
        how = "/continue goes on with it" if reply and reply.text else "/retry asks again"
        notes.append(f"The last reply was cut when chatrepl ended; {how}.")
    return Reopened(loaded.conversation, Journaled(resumed.journal), tuple(notes))


def _copied_name(entry: Entry, journal: Journal) -> str:
    """Give the copy of a named conversation a name of its own; an unnamed one stays so."""
    if not journal.name:
        return ""
    taken = {other.name.casefold() for other in list_entries(entry.path.parent)}
    tried = (f"{journal.name} (copy{f' {n}' if n > 1 else ''})" for n in count(1))
    name = next(name for name in tried if name.casefold() not in taken)
    journal.meta(name=name)
    return name


def checked_name(folder: Path | None, name: str, own: str | None) -> str:
    """Give a name as it is kept. Raises UsageError for an empty one, and for another's."""
    label = " ".join(name.split())
    if not label:
        raise UsageError("A saved conversation needs a name.")
    for entry in list_entries(folder):
        if entry.name.casefold() == label.casefold() and entry.id != own:
            raise UsageError(
                f"There is a saved conversation {entry.name} already.",
                f"/load {entry.name} opens it; another name keeps this one.",
            )
    return label
