"""The leaf that is open while lines come: a paragraph, a table, or lines that stay as they are."""

import re
from dataclasses import dataclass
from typing import Literal, Self

from chatrepl.core.fences import FenceMark, fence_mark, nested
from chatrepl.core.value import twin
from chatrepl.terminal.markdown.blocks import starts
from chatrepl.terminal.markdown.blocks.events import CodeLine, RawLine, Where
from chatrepl.terminal.markdown.blocks.lines import LinePart, SourceLine

_SPAN = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|\\[*_~$`<]", re.DOTALL)
# Not a star between blanks, a line within a name, a price.
_MARK = re.compile(r"(?<!\s)\*+|\*+(?!\s)|(?<!\w)_+|_+(?!\w)|~~|\$+(?!\d)")
_BRACKETS = (("[", "]"), ("](", ")"), ("\\(", "\\)"), ("\\begin{", "\\end{"), ("<http", ">"))
Fate = Literal["open", "ended", "left"]  # left: the line is none of its own


class ParagraphLeaf:
    """An open paragraph; `said` once a piece of it is printed."""

    __slots__ = ("lines", "said", "size", "where")

    def __init__(self, where: Where) -> None:
        self.where = where
        self.lines: list[str] = []
        self.size = 0
        self.said = False

    def __copy__(self) -> "ParagraphLeaf":
        other = ParagraphLeaf(self.where)
        other.lines, other.size, other.said = self.lines.copy(), self.size, self.said
        return other

    def add(self, line: str) -> None:
        self.lines.append(line)
        self.size += len(line)

    def drop_last(self) -> None:
        self.size -= len(self.lines.pop())

    def restart(self) -> None:
        """Begin the next piece with what is not certain yet."""
        self.lines = [] if isinstance(self.lines[-1], LinePart) else self.lines[-1:]
        self.size, self.said = sum(map(len, self.lines)), True

    def certain(self) -> str:
        """What can be said of it: all but a last line that may become something else."""
        lines = self.lines if isinstance(self.lines[-1], LinePart) else self.lines[:-1]
        return _joined(lines)

    def balanced(self) -> bool:
        """Tell whether no emphasis, code, link or formula seems to be open where that ends."""
        text = _SPAN.sub("", self.certain())
        if "`" in text or any(text.rfind(one) > text.rfind(other) for one, other in _BRACKETS):
            return False
        marks = " ".join(_MARK.findall(text))
        return all(marks.count(mark) % 2 == 0 for mark in ("*", "**", "_", "$", "$$", "~~"))

    def joined(self) -> str:
        """The text so far, with the blanks and the line feed at its end."""
        return _joined(self.lines)

    def whole(self) -> str:
        """The text that a paragraph ends with."""
        return self.joined().rstrip(" \t\n")


def _joined(lines: list[str]) -> str:
    return "".join(line if isinstance(line, LinePart) else f"{line}\n" for line in lines)


@dataclass(kw_only=True)
class RawLeaf:
    """Lines that are shown as they are; blank ones wait until another follows them."""

    kind: type[CodeLine] | type[RawLine] = RawLine
    blanks: int = 0

    def __copy__(self) -> Self:
        return twin(self)

    def say(self, text: str, *, more: bool) -> list[CodeLine | RawLine]:
        """Say a line, or the part of one that has `more`."""
        blanks, self.blanks = self.blanks, 0
        return [*(self.kind("") for _ in range(blanks)), self.kind(text, more)]

    def take(self, line: SourceLine, *, more: bool) -> tuple[list[CodeLine | RawLine], Fate]:
        """Take the next line; tell what that says, and what becomes of the leaf."""
        if line.blank and not more:
            self.blanks += 1
            return [], "open"
        return self.say(line.raw, more=more), "open"


@dataclass(kw_only=True)
class FenceLeaf(RawLeaf):
    """A fenced code block. In a Markdown text a bare fence may end it, or begin a block inside.

    By the rows around it: where a blank one stands above and none below, it begins one.
    """

    kind: type[CodeLine] | type[RawLine] = CodeLine
    levels: tuple[FenceMark, ...]
    indent: int
    is_markdown: bool = False
    held: str = ""  # a bare fence that waits for the row below

    def take(self, line: SourceLine, *, more: bool) -> tuple[list[CodeLine | RawLine], Fate]:
        """Take the next line, unless it ends the block, or the last one did."""
        if self.held:
            return self._take_below(line, more=more)
        if line.indent <= 3 and line.body[:1] in ("`", "~"):
            levels = nested(self.levels, fence_mark(line.body))
            if self.is_markdown and not levels:
                line.strip(min(line.indent, self.indent))
                self.held = line.raw
                return [], "open"
            self.levels = levels
        if not self.levels:
            self.blanks = 0
            return [], "ended"
        if not line.blank:
            line.strip(min(line.indent, self.indent))
        return RawLeaf.take(self, line, more=more)

    def _take_below(self, line: SourceLine, *, more: bool) -> tuple[list[CodeLine | RawLine], Fate]:
        fence, self.held = self.held, ""
        mark = fence_mark(fence.lstrip())
        if line.blank or not self.blanks or mark is None:
            self.blanks = 0
            return [], "left"
        self.levels = (*self.levels, mark)
        events = self.say(fence, more=False)
        rest, fate = self.take(line, more=more)
        return [*events, *rest], fate


@dataclass(kw_only=True)
class IndentedLeaf(RawLeaf):
    """A code block by indent."""

    kind: type[CodeLine] | type[RawLine] = CodeLine

    def take(self, line: SourceLine, *, more: bool) -> tuple[list[CodeLine | RawLine], Fate]:
        """Take the next line, if it is indented far enough."""
        if line.indent < 4 and not line.blank:
            return [], "left"
        if not line.blank:
            line.strip(4)
        return RawLeaf.take(self, line, more=more)


@dataclass(kw_only=True)
class HtmlLeaf(RawLeaf):
    """An HTML block of one of the specification's seven kinds."""

    html: int

    def take(self, line: SourceLine, *, more: bool) -> tuple[list[CodeLine | RawLine], Fate]:
        """Take the next line; the last two kinds end at a blank one."""
        events, _ = RawLeaf.take(self, line, more=more)
        ends = line.blank if self.html >= 6 else starts.html_ends(line.body, self.html)
        return events, "ended" if ends else "open"


@dataclass(kw_only=True)
class MathLeaf(RawLeaf):
    """A formula of several lines, up to its end or a blank line."""

    end: str

    def take(self, line: SourceLine, *, more: bool) -> tuple[list[CodeLine | RawLine], Fate]:
        """Take the next line."""
        events, _ = RawLeaf.take(self, line, more=more)
        return events, "ended" if line.blank or self.end in line.body else "open"


@dataclass(slots=True)
class TableLeaf:
    columns: int


Leaf = ParagraphLeaf | RawLeaf | TableLeaf
