"""What a slash command asks of the shell. Commands return these; they never draw.

To add one, write its class here, add it to `Outcome`, and let the shell's `say` or `act` take it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chatrepl.core.conversation import Conversation, Message
from chatrepl.core.events import Reply
from chatrepl.core.request import Request


@dataclass(frozen=True, slots=True)
class Notice:
    """Say something in a line or a few; a warning is told apart."""

    text: str
    level: Literal["info", "warning"] = "info"


@dataclass(frozen=True, slots=True)
class Table:
    """Show rows under headings; the columns named in `right` hold numbers."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    footer: str = ""
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """Show Markdown, rendered as replies are."""

    markdown: str


@dataclass(frozen=True, slots=True)
class Exactly:
    """Print text as it is, to be copied or piped."""

    text: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """Show what would happen and ask; `apply` does it."""

    preview: "Outcome"
    apply: "Callable[[], Outcome]"
    question: str = "Apply?"


@dataclass(frozen=True, slots=True)
class Send:
    """Ask for a reply to `message`; `base` is the conversation it follows, where not this one."""

    message: Message
    base: Conversation | None = None


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on with the reply that was cut."""


@dataclass(frozen=True, slots=True)
class Aside:
    """Ask the model something that enters no conversation.

    `then` gets its reply, whole or not, or nothing where the request failed; why was said.
    """

    message: Message
    then: "Callable[[Reply | None], Outcome]"


@dataclass(frozen=True, slots=True)
class Count:
    """Ask the service for the exact tokens of `request`; `then` gets them.

    Where it cannot tell, `otherwise` says how to go on; without that the fault is shown.
    """

    request: Request
    then: "Callable[[int], Outcome]"
    otherwise: "Callable[[], Outcome] | None" = None


@dataclass(frozen=True, slots=True)
class Draft:
    """Put text into the prompt, to be changed and sent; it follows `base`, where that is given."""

    text: str
    base: Conversation | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Open $EDITOR on `text`; `then` gets what was saved."""

    text: str
    then: "Callable[[str], Outcome]"


@dataclass(frozen=True, slots=True)
class Copy:
    """Put text on the clipboard."""

    text: str
    what: str


@dataclass(frozen=True, slots=True)
class Job:
    """Do something that talks to the service or takes long; Ctrl-C leaves it."""

    what: str
    work: "Callable[[], Outcome]"


@dataclass(frozen=True, slots=True)
class Open:
    """Go on with the saved conversation of that id."""

    id: str


@dataclass(frozen=True, slots=True)
class Several:
    """One thing after the other."""

    outcomes: "tuple[Outcome, ...]"


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


Outcome: TypeAlias = (
    Notice
    | Table
    | Page
    | Exactly
    | Confirm
    | Send
    | Continue
    | Aside
    | Count
    | Draft
    | Edit
    | Copy
    | Job
    | Open
    | Several
    | Quit
    | None
)
