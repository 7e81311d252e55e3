"""Many questions from one: the items, and the template that each of them fills.

An item is a line, an object, a row of a table, or a file. In a template `{}` is the item, `{name}`
one of its fields, and `{{` a brace.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final, Literal, TypeAlias

from chatrepl.core.errors import SAFE, UsageError
from chatrepl.core.foreign_json import decode, exactly
from chatrepl.core.secrets import redact
from chatrepl.core.value import frozen
from chatrepl.core.wire import encode, scrub, scrubbed

ItemKind: TypeAlias = Literal["lines", "objects", "table"]

_TOKENS: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_LONGEST_CELL: Final = 32_000_000
_SEPARATORS: Final = ",;\t"
_ENDS: Final = re.compile(r"\r\n?|\n")  # of rows; spreadsheets write all three
_MOST_LABELLED: Final = 1_000


@frozen
class Item:
    """One of many: its place from 0, and what it is; `path` is a file that goes with it.

    `fault` tells why it cannot be asked about.
    """

    number: int
    value: Any
    path: str = ""
    fault: str = ""

    @property
    def text(self) -> str:
        """What `{}` stands for."""
        return self.value if isinstance(self.value, str) else encode(self.value)

    @property
    def id(self) -> str:
        """A short digest of what the item is, wherever it stands."""
        return hashlib.sha256(encode(self.value).encode("utf-8", "replace")).hexdigest()[:16]

    @property
    def label(self) -> str:
        """The item in a few words, for people; they count from 1."""
        return self.label_without()

    def label_without(self, secrets: Iterable[str] = ()) -> str:
        """Give the label without `secrets` and whatever else looks like a key."""
        words = " ".join(redact(self.text[:_MOST_LABELLED], secrets).split())
        return f"item {self.number + 1} ({words if len(words) <= 40 else words[:39] + '…'})"

    def field(self, name: str) -> str:
        """Give a field as text. Raises KeyError where the item has none of that name."""
        value: Any = self.value
        if not isinstance(value, dict):
            raise KeyError(name)
        steps = [name] if name in value else name.split(".")
        for step in steps:
            if not isinstance(value, dict) or step not in value:
                raise KeyError(name)
            value = value[step]
        return value if isinstance(value, str) else encode(value)


@frozen
class Hole:
    """A place that an item fills: with its field `name`, or with all of it."""

    name: str


@frozen
class Template:
    """A text with holes."""

    parts: tuple[str | Hole, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Read a template. `}}` is a brace where it closes what `{{` opened."""
        parts: list[str | Hole] = []
        at, still_open = 0, 0
        for token in _TOKENS.finditer(text):
            parts.append(text[at : token.start()])
            at = token.end()
            match token[0]:
                case "{{":
                    still_open += 1
                    parts.append("{")
                case "}}":
                    parts.append("}" if still_open else "}}")
                    still_open = max(0, still_open - 1)
                case _:
                    parts.append(Hole(token[1].strip()))
        return cls((*parts, text[at:]))

    @property
    def names(self) -> frozenset[str]:
        """The fields that are asked for."""
        return frozenset(part.name for part in self.parts if isinstance(part, Hole) and part.name)

    @property
    def varies(self) -> bool:
        """Tell whether an item has a place in it."""
        return any(isinstance(part, Hole) for part in self.parts)

    def head(self) -> str:
        """Give what stands before the first item's place: the same for all."""
        end = next((n for n, p in enumerate(self.parts) if isinstance(p, Hole)), len(self.parts))
        return "".join(part for part in self.parts[:end] if isinstance(part, str))

    def fill(self, item: Item) -> str:
        """Put an item into its places. Raises UsageError for a field that it does not have."""
        try:
            return "".join(_filled(part, item) for part in self.parts)
        except KeyError as error:
            raise UsageError(_no_field(item, error.args[0]), _field_hint(item)) from None


def _filled(part: str | Hole, item: Item) -> str:
    if isinstance(part, str):
        return part
    return item.field(part.name) if part.name else item.text


def _no_field(item: Item, name: str) -> str:
    return f"{item.label} has no field {{{name}}}."


def _field_hint(item: Item) -> str:
    if not isinstance(item.value, dict):
        return f"{SAFE} A line has no fields, only {{}}; a brace itself is written {{{{."
    names = ", ".join(list(item.value)[:12])
    return f"{SAFE} It has: {names}. A brace itself is written {{{{."


def _object_hint(name: str) -> str:
    return (
        f"{SAFE} {{{name}}} is a field of an object or a table; of a line there is only {{}}."
        " A brace itself is written {{."
    )


def check_fields(item: Item, templates: Iterable[Template], *fields: str) -> None:
    """Refuse an item that cannot be asked about. Raises UsageError."""
    templates = tuple(templates)
    if item.fault:
        names = sorted({*fields, *(name for one in templates for name in one.names)})
        of_object = not isinstance(item.value, dict) and bool(names)
        raise UsageError(item.fault, _object_hint(names[0]) if of_object else SAFE)
    for template in templates:
        template.fill(item)
    for name in fields:
        Template((Hole(name),)).fill(item)


def read_items(kind: ItemKind, lines: Iterable[str]) -> Iterator[Item]:
    """Yield the items that `lines` hold, one by one; an empty line is none.

    What is no item has a fault.
    """
    if kind == "table":
        yield from _table(iter(lines))
        return
    texts = (line for line in lines if line.strip())
    make = _object if kind == "objects" else _line
    yield from (make(number, text) for number, text in enumerate(texts))


def _line(number: int, line: str) -> Item:
    return Item(number, scrub(line))


def _object(number: int, line: str) -> Item:
    try:
        value = exactly(line)
    except ValueError:
        return Item(number, scrub(line), fault=f"Item {number + 1} is no JSON: {_start(line)}")
    if not isinstance(value, dict | str):
        value = decode(line).value
    return Item(number, scrubbed(value))


def _start(line: str) -> str:
    words = " ".join(line.split())
    return words if len(words) <= 60 else f"{words[:59]}…"


def _rows(lines: Iterator[str]) -> Iterator[list[str]]:
    first = next((line for line in lines if line.strip()), "")
    separator = max(_SEPARATORS, key=first.count)
    csv.field_size_limit(_LONGEST_CELL)
    try:
        yield from csv.reader((f"{line}\n" for line in chain([first], lines)), delimiter=separator)
    except csv.Error as error:
        raise UsageError(f"The table cannot be read: {error}.") from None


def _names(cells: Iterable[str]) -> list[str]:
    """Name the columns; of those that are called alike the second is `name.2`."""
    names: list[str] = []
    for cell in cells:
        name, count = cell.strip(), 1
        while name and name in names:
            count += 1
            name = f"{cell.strip()}.{count}"
        names.append(name)
    return names


def _table(lines: Iterator[str]) -> Iterator[Item]:
    header: list[str] = []
    number = 0
    for row in _rows(part for line in lines for part in _ENDS.split(line)):
        cells = [scrub(cell) for cell in row]
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = _names(cells)
            continue
        more = len(cells) > len(header)
        fault = f"Item {number + 1} has more cells than the header." if more else ""
        cells += [""] * (len(header) - len(cells))
        yield Item(number, dict(zip(header, cells, strict=False)), fault=fault)
        number += 1
