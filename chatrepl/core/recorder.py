"""Who keeps a conversation as it happens, and the shelf of those that were open before."""

from typing import Protocol, TypeAlias

from chatrepl.core.conversation import Conversation, Turn, TurnId
from chatrepl.core.frozen import frozen


class Recorder(Protocol):
    """Keeps a conversation as it happens; it never raises into the chat."""

    @property
    def id(self) -> str | None: ...
    @property
    def unsaved(self) -> str:
        """Why nothing is being saved; empty while all is well."""

    def begin(self, turn: Turn) -> None:
        """Keep the user's message; it is safe when this returns."""

    def delta(self, turn: TurnId, text: str, kind: str) -> None: ...
    def finish(self, turn: Turn) -> None: ...
    def state(self, conversation: Conversation) -> None: ...


class NoRecorder:
    """Keeps nothing: saving is off, or `unsaved` says why it cannot be done."""

    id: str | None = None

    def __init__(self, unsaved: str = "") -> None:
        self.unsaved = unsaved

    def begin(self, turn: Turn) -> None: ...
    def delta(self, turn: TurnId, text: str, kind: str) -> None: ...
    def finish(self, turn: Turn) -> None: ...
    def state(self, conversation: Conversation) -> None: ...


Kept: TypeAlias = tuple[Conversation, Recorder]


@frozen
class Shelf:
    """The conversations of this session but the open one: those before it, and those after."""

    before: tuple[Kept, ...] = ()
    after: tuple[Kept, ...] = ()

    @property
    def all(self) -> tuple[Kept, ...]:
        return (*self.before, *self.after)

    def put(self, now: Kept) -> "Shelf":
        """Put the open conversation away, as the newest; another is about to be opened."""
        return Shelf((*self.all, now))

    def without(self, kept: Kept) -> "Shelf":
        """Take one off, which is about to be opened."""
        before = tuple(one for one in self.before if one is not kept)
        return Shelf(before, tuple(one for one in self.after if one is not kept))

    def back(self, now: Kept) -> tuple["Shelf", Kept] | None:
        """Change the open conversation for the one before it."""
        if not self.before:
            return None
        return Shelf(self.before[:-1], (now, *self.after)), self.before[-1]

    def forth(self, now: Kept) -> tuple["Shelf", Kept] | None:
        """Change the open conversation for the one after it."""
        if not self.after:
            return None
        return Shelf((*self.before, now), self.after[1:]), self.after[0]
