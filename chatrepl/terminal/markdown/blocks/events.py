"""What the block parser says: the leaves of a document, in order, each ready to be printed.

A leaf is said once nothing that follows can change it; code, HTML and tables line by line.
To add a kind of block: an event here, its rule in `blocks`, its rows in `layout`.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from chatrepl.core.value import frozen

ContainerKind = Literal["document", "quote", "list", "item", "note"]
Align = Literal["left", "center", "right"]


@dataclass
class Container:
    """One open container; `uid` tells it from all others of the document."""

    uid: int
    kind: ContainerKind
    mark: str = ""  # list: its marker; item: what to print; note: its label; quote: its alert
    width: int = 0  # item, note: columns by which its lines are indented
    number: int = 0  # list: the number of the next item
    filled: bool = False  # item: something stands in it


class Where(NamedTuple):
    """Where a leaf stands: its containers, outermost first; whether a blank line went before."""

    path: tuple[Container, ...]
    blank: bool


@frozen
class Paragraph:
    """`more` says that the same paragraph goes on in the next event: in a row of its own, if `text`
    ends in a line feed, else in the same row.
    """

    where: Where
    text: str
    more: bool = False


@frozen
class Heading:
    where: Where
    level: int
    text: str


@frozen
class Rule:
    where: Where


@frozen
class Empty:
    """A container that closed with nothing in it."""

    where: Where


@frozen
class CodeStart:
    where: Where
    language: str


@frozen
class CodeLine:
    """`more` says that the same line goes on in the next event."""

    text: str
    more: bool = False


@frozen
class HtmlStart:
    where: Where


@frozen
class MathStart:
    where: Where


@frozen
class Alert:
    """What a quote is, of which it is the first row: a note, a warning."""

    where: Where
    name: str


@frozen
class RawLine:
    """`more` says that the same line goes on in the next event."""

    text: str
    more: bool = False


@frozen
class TableStart:
    where: Where
    head: list[str]
    aligns: list[Align]


@frozen
class TableRow:
    cells: list[str]


@frozen
class TableEnd:
    pass


@frozen
class Definition:
    """A link's target, given apart from the link."""

    where: Where
    label: str
    url: str
    title: str


Event = (
    Paragraph
    | Heading
    | Rule
    | Empty
    | CodeStart
    | CodeLine
    | HtmlStart
    | MathStart
    | Alert
    | RawLine
    | TableStart
    | TableRow
    | TableEnd
    | Definition
)
