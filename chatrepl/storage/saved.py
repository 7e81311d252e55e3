"""Saved conversations as a session has them: opened, named, gone on with."""

import os
from pathlib import Path
from typing import Final

from chatrepl.core.errors import StorageError, UsageError
from chatrepl.core.talk.conversation import Conversation, Turn
from chatrepl.core.value import frozen
from chatrepl.storage.journal import Journal, resume
from chatrepl.storage.library import SavedEntry, list_entries

MOST_NAME: Final = 80
_JOINERS: Final = {0x200C: None, 0x200D: None}  # parts of words and emoji, though invisible


@frozen
class Reopened:
    """A saved conversation to go on with, and what the user should know of it."""

    conversation: Conversation
    recorder: Journal
    notes: tuple[str, ...]


def reopen(entry: SavedEntry) -> Reopened:
    """Go on with a saved conversation, or with a copy of it. Raises StorageError."""
    resumed = resume(entry.path)
    loaded = resumed.loaded
    notes = []
    if resumed.copied:
        name = resumed.journal.name
        why = f"{resumed.copied[:1].upper()}{resumed.copied[1:]}"
        notes.append(f"{why}; this goes on in a copy{f', {name}' if name else ''}.")
    if loaded.skipped:
        what = "record was" if loaded.skipped == 1 else "records were"
        notes.append(f"{loaded.skipped} damaged {what} left out; the rest is here.")
    last = loaded.conversation.path()[-1] if loaded.conversation.path() else None
    whole = last is not None and last.receipt is not None and last.receipt.stop_reason is not None
    if loaded.recovered and not whole:  # a whole one is merely newer than the last state
        notes.append(_last_words(last, busy=resumed.busy))
    return Reopened(loaded.conversation, resumed.journal, tuple(notes))


def _last_words(last: Turn | None, *, busy: bool) -> str:
    """Say what became of a last reply that is not whole, and what to do."""
    reply = last.assistant if last is not None else None
    failed = last is not None and last.receipt is not None and bool(last.receipt.error)
    how = "/continue goes on with it" if reply and reply.text else "/retry asks again"
    if busy:
        return f"The last reply is here as far as it came in the other chat; {how}."
    if failed:  # which was told then
        return f"The last {'reply was cut' if reply else 'question was not answered'}; {how}."
    return f"The last reply was cut when chatrepl ended; {how}."


def rename(entry: SavedEntry, name: str) -> None:
    """Give a saved conversation a name; it stays as old as it is. Raises StorageError."""
    resumed = resume(entry.path)
    if resumed.copied:
        why = f"{resumed.copied[:1].upper()}{resumed.copied[1:]}."
        raise StorageError(f"{entry.label} was not renamed. {why}")
    resumed.journal.rename(name)
    resumed.journal.close()
    if resumed.journal.unsaved:
        raise StorageError(f"{entry.label} was not renamed: {resumed.journal.unsaved}.")
    os.utime(entry.path, (entry.when, entry.when))


def checked_name(folder: Path | None, name: str, own: str | None) -> str:
    """Give a name as it is kept. Raises UsageError for one that cannot be, and for another's."""
    label = " ".join(name.split())
    if not label:
        raise UsageError("A saved conversation needs a name.")
    if len(label) > MOST_NAME:
        raise UsageError(f"A name has at most {MOST_NAME} characters.")
    if not label.translate(_JOINERS).isprintable():
        raise UsageError("A name holds no control characters.", "Other words name it well.")
    for entry in list_entries(folder):
        if label.casefold() in {entry.name.casefold(), entry.id} and entry.id != own:
            raise UsageError(
                f"There is a saved conversation {entry.name or label} already.",
                f"/load {entry.name or label} opens it; another name keeps this one.",
            )
    return label
