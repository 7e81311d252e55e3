"""What a slash command asks of the shell. Commands return these; they never draw.

To add one, write its class here, add it to `Outcome`, and let the shell's `say` or `act` take it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal, TypeAlias

from chatrepl.core.exchange.reply import Reply
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen

if TYPE_CHECKING:  # seldom shown
    from chatrepl.core.talk.word_diff import WordChange

CardGroup: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]


@frozen
class Notice:
    """Say something in a line or a few; a warning is told apart."""

    text: str
    level: Literal["info", "warning"] = "info"


@frozen
class Table:
    """Show rows under headings; columns in `right` hold numbers, those in `markdown` excerpts.

    The words in `sought` stand out wherever they are.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    footer: str = ""
    right: frozenset[int] = frozenset()
    markdown: frozenset[int] = frozenset()
    sought: str = ""


@frozen
class Card:
    """Show groups of names with what they mean; two stand side by side where there is room.

    A group is its title, then its rows; one without a title goes on beside the one before it.
    """

    groups: "tuple[CardGroup, ...]"
    footer: str = ""


@frozen
class PickRow:
    """One of many to choose from: what it is called, and what else a row tells of it."""

    id: str
    title: str
    facts: tuple[str, ...] = ()


@frozen
class Pick:
    """Let one of `rows`, which may be read as they are seen, be chosen; `choose` gets its id.

    `rename` and `delete` do so at once, and say what came of it. Where nothing can be drawn,
    `otherwise` lists them. `verb` says what Enter does.
    """

    rows: "Sequence[PickRow]"
    choose: "Callable[[str], Outcome]"
    rename: Callable[[str, str], str]
    delete: Callable[[str], str]
    otherwise: "Callable[[], Outcome]"
    verb: str = "opens"


@frozen
class Page:
    """Show Markdown, rendered as replies are."""

    markdown: str


@frozen
class Exactly:
    """Print text as it is, to be copied or piped."""

    text: str


@frozen
class Confirm:
    """Show what would happen and ask; `apply` does it, and `refused` is said where it is not.

    The question says what either answer does: `Drop 5 turns? y: drop them · N: keep them`.
    """

    preview: "Outcome"
    apply: "Callable[[], Outcome]"
    question: str
    refused: str = "Kept."


@frozen
class Choose:
    """Show what would happen and ask which it is to be; each way goes by a letter.

    The capital one is the usual one; `n` is what anything else than an answer means.
    """

    preview: "Outcome"
    question: str
    ways: "Mapping[str, Callable[[], Outcome]]"

    def way(self, letter: str) -> "Callable[[], Outcome]":
        """Give the way that goes by a letter, large or small."""
        return self.ways.get(letter) or self.ways[letter.swapcase()]


@frozen
class Send:
    """Ask for a reply to `message`; `base` is the conversation it follows, where not this one."""

    message: Message
    base: Conversation | None = None


@frozen
class Say:
    """Send `text` as if it had been typed, while `meanwhile` holds; what was `typed` comes back."""

    text: str
    typed: str
    meanwhile: "Callable[[], AbstractContextManager[object]]"


@frozen
class Continue:
    """Go on with the reply that was cut."""


@frozen
class Aside:
    """Ask the model something that enters no conversation.

    `then` gets its reply, whole or not, or nothing where the request failed; why was said.
    """

    message: Message
    then: "Callable[[Reply | None], Outcome]"


@frozen
class Beside:
    """Ask something beside the conversation as it stands, of `model` or of the one in use.

    `typed` is the line that asks it.
    """

    message: Message
    typed: str
    model: str = ""


@frozen
class Compare:
    """Ask each of `models` for a reply to `message`, which follows `base` or what stands there.

    A `blind` one names no models before a reply is chosen. `typed` is the line that holds the
    question, where nothing else does.
    """

    message: Message
    models: tuple[str, ...]
    base: Conversation | None = None
    blind: bool = False
    typed: str = ""


@frozen
class Changes:
    """Show what one text became another by: what is the same, what is gone, what is new."""

    pieces: "tuple[WordChange, ...]"


@frozen
class Count:
    """Ask the service for the exact tokens of what sends `message`; `then` gets them.

    Where it cannot tell, or not `within_s` seconds, `otherwise` says how to go on; without that the
    fault is shown. `model` is for another than that of the chat; the message follows `base`, where
    that is given.
    """

    message: Message
    then: "Callable[[int], Outcome]"
    otherwise: "Callable[[], Outcome] | None" = None
    model: str = ""
    base: Conversation | None = None
    within_s: float | None = None


@frozen
class Draft:
    """Put text into the prompt, to be changed and sent; it follows `base`, where that is given."""

    text: str
    base: Conversation | None = None


@frozen
class Edit:
    """Open $EDITOR on `text`; `then` gets what was saved."""

    text: str
    then: "Callable[[str], Outcome]"


@frozen
class Copy:
    """Put text on the clipboard; `what` tells what it is, and how much."""

    text: str
    what: str


@frozen
class Job:
    """Do something that talks to the service or takes long; Ctrl-C leaves it."""

    what: str
    work: "Callable[[], Outcome]"


@frozen
class Several:
    """One thing after the other."""

    outcomes: "tuple[Outcome, ...]"


@frozen
class Quit:
    """Leave."""


Outcome: TypeAlias = (
    Notice
    | Table
    | Card
    | Pick
    | Page
    | Exactly
    | Changes
    | Confirm
    | Choose
    | Send
    | Say
    | Continue
    | Aside
    | Beside
    | Compare
    | Count
    | Draft
    | Edit
    | Copy
    | Job
    | Several
    | Quit
    | None
)
