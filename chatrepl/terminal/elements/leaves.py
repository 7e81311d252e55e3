"""The leaf that is open while lines come: a paragraph, code, HTML or a table."""

from dataclasses import dataclass

from chatrepl.terminal.elements.events import Where
from chatrepl.terminal.elements.starts import FenceMark


class Text:
    """An open paragraph; `said` once a piece of it is printed."""

    __slots__ = ("lines", "said", "size", "where")

    def __init__(self, where: Where) -> None:
        self.where = where
        self.lines: list[str] = []
        self.size = 0
        self.said = False

    def __copy__(self) -> "Text":
        other = Text(self.where)
        other.lines, other.size, other.said = self.lines.copy(), self.size, self.said
        return other

    def add(self, line: str) -> None:
        self.lines.append(line)
        self.size += len(line)

    def drop_last(self) -> None:
        self.size -= len(self.lines.pop())

    def restart(self, line: str) -> None:
        """Begin the next piece with this line."""
        self.lines, self.size, self.said = [line], len(line), True

    def balanced(self) -> bool:
        """Tell whether no emphasis, code or link seems to be open before the last line."""
        text = "\n".join(self.lines[:-1])
        pairs = all(text.count(mark) % 2 == 0 for mark in ("**", "`", "$", "~~"))
        return pairs and text.count("[") == text.count("]") and text.count("(") == text.count(")")

    def joined(self) -> str:
        return "\n".join(self.lines).rstrip(" \t")


@dataclass(slots=True)
class Fence:
    """A fenced code block; blank lines wait until code follows them."""

    mark: FenceMark
    indent: int
    blanks: int = 0


@dataclass(slots=True)
class Indented:
    """A code block by indent."""

    blanks: int = 0


@dataclass(slots=True)
class Html:
    """An HTML block of one of the specification's seven kinds."""

    kind: int
    blanks: int = 0


@dataclass(slots=True)
class Table:
    columns: int


Leaf = Text | Fence | Indented | Html | Table
