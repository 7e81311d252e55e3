"""What a session needs of the world, as functions, each of which may be left out; and who keeps a
conversation as it happens, with the shelf of those that were open before.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.value import frozen

if TYPE_CHECKING:
    from pathlib import Path

    from chatrepl.core.errors import ChatreplError
    from chatrepl.core.exchange.reply import Reply, StreamEvent
    from chatrepl.core.money import Rates
    from chatrepl.core.own_command import OwnSource
    from chatrepl.core.served import Servers
    from chatrepl.core.talk.sheet import Sheet
    from chatrepl.core.talk.workshop import MadeFile
    from chatrepl.core.tokens.learned import Scale


class Recorder(Protocol):
    """Keeps a conversation as it happens; it never raises into the chat."""

    @property
    def id(self) -> str | None: ...
    @property
    def unsaved(self) -> str:
        """Why nothing is being saved; empty while all is well."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is kept beside the conversation."""

    def begin(self, turn: Turn) -> None:
        """Keep the user's message; it is safe when this returns."""

    def delta(self, turn: TurnId, text: str, kind: str) -> None: ...
    def grow(self, turn: Turn) -> None:
        """Keep what a turn holds so far, that goes on; it is safe when this returns."""

    def finish(self, turn: Turn) -> None: ...
    def state(self, conversation: Conversation) -> None: ...
    def meta(self, **fields: Any) -> None:
        """Keep something beside the conversation."""

    def keep(self, conversation: Conversation, **fields: Any) -> None:
        """Keep something beside a conversation that does not change by it."""

    def flush(self) -> bool:
        """Wait until all is kept; tell whether it is."""


class NoRecorder:
    """Keeps nothing on the disk: saving is off, or `unsaved` says why it cannot be done."""

    id: str | None = None
    facts: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, unsaved: str = "") -> None:
        self.unsaved = unsaved

    def begin(self, turn: Turn) -> None: ...
    def delta(self, turn: TurnId, text: str, kind: str) -> None: ...
    def grow(self, turn: Turn) -> None: ...
    def finish(self, turn: Turn) -> None: ...
    def state(self, conversation: Conversation) -> None: ...
    def meta(self, **fields: Any) -> None: ...
    def keep(self, conversation: Conversation, **fields: Any) -> None:
        """Have it at hand as long as the conversation is."""
        del conversation
        self.facts = {**self.facts, **fields}

    def flush(self) -> bool:
        return not self.unsaved


BESIDE: Final = "beside/"  # begins the facts that are what was asked beside a conversation
PAID_ASIDE: Final = "paid_aside"  # the fact that tells what was paid for what is kept nowhere


class Display(AbstractContextManager[object], Protocol):
    """Where a reply is shown; leaving it puts the terminal back in order."""

    def show(self, event: "StreamEvent", reply: "Reply") -> None: ...


class FileStore(Protocol):
    """The files that code made at the service."""

    def about(self, ids: Sequence[str]) -> "Sequence[MadeFile | ChatreplError]":
        """Tell what those are, or why that cannot be told."""

    def fetch(self, id_: str, write: Callable[[bytes], None]) -> None:
        """Give what is in one, piece by piece. Raises ApiError, and what `write` raises."""


_EXAMINED_ELSEWHERE: Final = "chatrepl --doctor examines the set-up."
OpenPair: TypeAlias = tuple[Conversation, Recorder]


@frozen
class Shelf:
    """The conversations of this session but the open one: those before it, and those after.

    The first `floor` states of the open one's past are from before it was opened here.
    """

    before: tuple[OpenPair, ...] = ()
    after: tuple[OpenPair, ...] = ()
    floor: int = 0

    @property
    def all(self) -> tuple[OpenPair, ...]:
        return (*self.before, *self.after)

    def put(self, now: OpenPair, floor: int = 0) -> "Shelf":
        """Put the open conversation away, as the newest; another is about to be opened."""
        return Shelf((*self.all, now), floor=floor)

    def of(self, id_: str) -> OpenPair | None:
        """Give the conversation of that id; None where it is not here."""
        return next((pair for pair in self.all if pair[1].id == id_), None)

    def without(self, id_: str) -> "Shelf":
        """Take that one off, which is about to be opened or deleted."""
        before = tuple(pair for pair in self.before if pair[1].id != id_)
        return Shelf(before, tuple(pair for pair in self.after if pair[1].id != id_))

    def back(self, now: OpenPair) -> tuple["Shelf", OpenPair] | None:
        """Change the open conversation for the one before it."""
        if not self.before:
            return None
        return Shelf(self.before[:-1], (now, *self.after)), self.before[-1]

    def forth(self, now: OpenPair) -> tuple["Shelf", OpenPair] | None:
        """Change the open conversation for the one after it."""
        if not self.after:
            return None
        return Shelf((*self.before, now), self.after[1:]), self.after[0]


def rough_count(text: str) -> int:
    """Count tokens by length: what is used where nothing better was loaded."""
    return len(text.encode("utf-8", "replace")) // 3 + 1


@frozen
class Edges:
    """What a session needs of the world; each part may be left out.

    `clock` gives seconds since the epoch; `price` the cost of a usage and `rates` those
    of a model for a prompt of so many tokens, None where they are unknown;
    `count` the tokens of a text, which takes long until `can_count`; `learn` keeps facts about a
    model, or about all; `new_recorder` keeps a new conversation; `examine` tells how the set-up is,
    and tries it out where that is asked for;
    `first_today` tells whether something is asked about for the first time today;
    `scales` gives what was learned of how each model counts, and `keep_scales` keeps it.
    `proof` names the header that the key goes in, `added` those that are added to each request;
    `page` makes HTML of a conversation; `library` is where saved conversations are; `own` gives the
    commands of the user's own, `servers` those that serve prompts and resources; `files` those at
    the service; `guide` is that of the embedded engine, where it answers.
    """

    clock: Callable[[], float]
    new_id: Callable[[], str]
    price: Callable[[str, Usage, float], Cost | None] = lambda _model, _usage, _when: None
    rates: "Callable[[str, int], Rates | None]" = lambda _model, _tokens: None
    count: Callable[[str], int] = rough_count
    can_count: Callable[[], bool] = lambda: True
    learn: Callable[[str, Mapping[str, Any]], None] = lambda _model, _facts: None
    new_recorder: Callable[[], Recorder] = NoRecorder
    examine: Callable[[Settings, bool], str] = lambda _settings, _live: _EXAMINED_ELSEWHERE
    first_today: Callable[[str], bool] = lambda _what: True
    scales: "Callable[[], Mapping[str, Scale]]" = dict
    keep_scales: "Callable[[Mapping[str, Scale]], None]" = lambda _scales: None
    proof: Callable[[], str] = lambda: "authorization"
    added: Callable[[], Mapping[str, str]] = dict
    page: "Callable[[Sheet], str]" = lambda _sheet: ""
    library: "Path | None" = None
    own: "Callable[[], OwnSource | None]" = lambda: None
    servers: "Callable[[], Servers | None]" = lambda: None
    guide: str = ""
    files: "Callable[[], FileStore | None]" = lambda: None

    @property
    def played(self) -> str:
        """What stands after money that nobody pays, since the embedded engine answers."""
        return " (demo)" if self.guide else ""
