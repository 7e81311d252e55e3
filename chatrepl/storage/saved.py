"""Saved conversations as a session has them: opened, named, gone on with."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from chatrepl.core.errors import UsageError
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.value import frozen
from chatrepl.storage.files import hold_folder
from chatrepl.storage.journal import Journal, resume
from chatrepl.storage.library import SavedEntry, list_entries

MOST_NAME: Final = 80
_STAGED: Final = "staged/"
_JOINERS: Final = {0x200C: None, 0x200D: None}  # parts of words and emoji, though invisible
_SPENT: Final[Mapping[str, Any]] = {"prefill": "", "staged": []}


@dataclass(slots=True)
class Journaled:
    """A recorder that writes a journal.

    `copied` is what a copy holds that nobody has changed yet; it has no file. `stages` tells that
    what is set for the next message comes from here, and is spent by it.
    """

    journal: Journal
    copied: Conversation | None = None
    stages: bool = False

    @property
    def id(self) -> str | None:
        return self.journal.id

    @property
    def name(self) -> str:
        return self.journal.name or ""

    @property
    def unsaved(self) -> str:
        return self.journal.unsaved

    @property
    def facts(self) -> Mapping[str, Any]:
        """What goes with the conversation, by name; the values may be anything."""
        return self.journal.facts

    @property
    def staged(self) -> tuple[Mapping[str, Any], ...]:
        """What is staged for the next message, as it was given to `beside`."""
        keys = self.facts.get("staged")
        found = (self.facts.get(str(key)) for key in (keys if isinstance(keys, list) else ()))
        return tuple(wire for wire in found if isinstance(wire, dict))

    def begin(self, turn: Turn) -> None:
        with self._claimed():
            spent = {k: v for k, v in _SPENT.items() if self.stages and self.facts.get(k)}
            self.journal.begin(turn, spent)

    def delta(self, turn: TurnId, text: str, kind: str) -> None:
        self.journal.delta(turn, text, "thinking" if kind == "thinking" else "text")

    def finish(self, turn: Turn) -> None:
        self.journal.finish(turn)

    def state(self, conversation: Conversation) -> None:
        if conversation is not self.copied:
            with self._claimed():
                self.journal.state(conversation)

    def beside(
        self,
        conversation: Conversation,
        fields: Mapping[str, Any],
        staged: Sequence[Mapping[str, Any]],
    ) -> None:
        """Keep what goes with the conversation, and what is staged for its next message.

        Only what has changed is written, and what is staged only once.
        """
        self.stages = True
        held = {k: v for k, v in self.facts.items() if k.startswith(_STAGED) and v is not None}
        places = []
        for wire in staged:
            known = next((key for key, value in held.items() if value == wire), None)
            place = known or next(k for n in count(1) if (k := f"{_STAGED}{n}") not in held)
            held[place] = wire
            places.append(place)
        wanted = {**fields, "staged": places}
        wanted |= {key: value if key in places else None for key, value in held.items()}
        old = self.facts
        changed = {k: v for k, v in wanted.items() if (old.get(k) or None) != (v or None)}
        if changed:
            with self._claimed():
                self.journal.meta(**changed)
                self.journal.state(conversation)

    def rename(self, name: str) -> None:
        """Give it a name, which others find at once."""
        self.copied = None
        self.journal.meta(name=name)
        self.journal.flush()

    @contextlib.contextmanager
    def _claimed(self) -> Iterator[None]:
        """Let a copy that gets its file have a name that no other copy took meanwhile."""
        if self.copied is None:
            yield
            return
        self.copied = None
        folder = self.journal.path.parent
        with hold_folder(folder):
            if self.name and self.name.casefold() in _taken(folder):
                self.journal.meta(name=_free_name(folder, self.name))
            yield
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


def reopen(entry: SavedEntry) -> Reopened:
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
        cut = "as far as it came in the other chat" if resumed.busy else "cut when chatrepl ended"
        notes.append(f"The last reply {'is here' if resumed.busy else 'was'} {cut}; {how}.")
    recorder = Journaled(resumed.journal, loaded.conversation if resumed.copied else None)
    return Reopened(loaded.conversation, recorder, tuple(notes))


def _copied_name(entry: SavedEntry, journal: Journal) -> str:
    """Give the copy of a named conversation a name of its own; an unnamed one stays so."""
    if not journal.name:
        return ""
    name = _free_name(entry.path.parent, journal.name)
    journal.meta(name=name)
    return name


def _free_name(folder: Path, name: str) -> str:
    """Give a copy's name that is not taken, also where `name` is a copy's itself."""
    stem = re.sub(r" \(copy(?: \d+)?\)$", "", name)
    taken = _taken(folder)
    tried = (f"{stem} (copy{f' {n}' if n > 1 else ''})" for n in count(1))
    return next(name for name in tried if name.casefold() not in taken)


def _taken(folder: Path) -> set[str]:
    return {other.name.casefold() for other in list_entries(folder)}


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
