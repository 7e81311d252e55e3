"""The fenced blocks of a reply, to be copied and extracted: whole, or not at all."""

import re
from collections.abc import Iterator
from functools import reduce
from itertools import islice
from typing import Final, NamedTuple

from chatrepl.core.characters import is_unseen
from chatrepl.core.errors import ReplyError
from chatrepl.core.fences import FenceMark, fence_mark, language_of, nested
from chatrepl.core.value import frozen

UNSURE: Final = "Where the code block ends cannot be told: it holds fences that are not paired."


@frozen
class CodeBlock:
    """What stands in a fenced block, without the indent and quote marks of the place it stands at.

    It is not `closed` where the text ends first, and not `sure` where its end cannot be told: then
    it has no text, and no block is looked for behind it.
    """

    language: str
    text: str
    closed: bool = True
    sure: bool = True


def code_blocks(text: str, language: str = "", deepest: int = 3) -> tuple[CodeBlock, ...]:
    """Give all fenced blocks, or those of `language`, in their order.

    Where none is of that language, those are given that stand in Markdown blocks, down to the
    `deepest` level. One that is unsure is the last, and given for each language: what is looked for
    may be in it.
    """
    blocks = tuple(_Scan(text.split("\n")).blocks())
    if not language:
        return blocks
    wanted = language_of(language)
    named = tuple(block for block in blocks if block.language == wanted or not block.sure)
    if named or not deepest:
        return named
    texts = (block.text for block in blocks if block.language == "markdown")
    return tuple(block for inner in texts for block in code_blocks(inner, language, deepest - 1))


def extract(text: str, language: str) -> str:
    """Give the first fenced block of `language`, or of any; without one, raise ReplyError."""
    blocks = code_blocks(text, language)
    if not blocks:
        what = f"code block of {language}" if language else "code block"
        raise ReplyError(f"The answer holds no {what}.")
    if not blocks[0].sure:
        raise ReplyError(UNSURE, "Without -x the whole answer is printed.")
    if is_unseen(blocks[0].text):
        raise ReplyError("The code block is empty.")
    return blocks[0].text


_ITEM: Final = re.compile(r"(?:[-*+]|\d{1,9}[.)])(?=[ \t])")
_LONGEST_LEAD: Final = 400
_MOST_PAIRED: Final = 20  # fences that are looked at to tell what one of them does


class _Lead(NamedTuple):
    """What stands before a line's text: quote marks, and columns of indent."""

    quotes: int
    indent: int
    body: str


class _Scan:
    """Reads the lines of a text; lists and quotes are followed as far as fences need it."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._quotes = 0
        self._items: list[int] = []  # columns where the text of the open list items begins

    def blocks(self) -> Iterator[CodeBlock]:
        """Give each block, up to the first that is unsure."""
        while self._at < len(self._lines):
            lead = self._lead(self._lines[self._at][:_LONGEST_LEAD])
            self._at += 1
            mark = fence_mark(lead.body)
            if mark is None or lead.indent - (self._items or [0])[-1] > 3:
                continue
            block = self._block(lead, mark)
            yield block
            if not block.sure:
                return

    def _lead(self, line: str) -> _Lead:
        """Take apart a line that is in no block."""
        quotes = 0
        while (inner := _unquoted(line)) is not None:
            line, quotes = inner, quotes + 1
        if quotes != self._quotes:
            self._quotes, self._items = quotes, []
        indent, body = _indented(line.expandtabs(4))
        while body and self._items and indent < self._items[-1]:
            self._items.pop()
        while marker := _ITEM.match(body):
            gap, body = _indented(body[marker.end() :])
            indent += marker.end() + gap
            self._items.append(indent)
        return _Lead(quotes, indent, body)

    def _block(self, lead: _Lead, mark: FenceMark) -> CodeBlock:
        levels: tuple[FenceMark, ...] = (mark,)
        language, code, is_simple = language_of(mark.info), list[str](), True
        for line in self._inside(lead):
            self._at += 1
            inner = _mark_in(line)
            before, levels = levels, nested(levels, inner)
            if inner and not levels and language == "markdown":
                is_opening = self._opens(lead, (*before, inner))
                if is_opening is None:
                    return CodeBlock(language, "", closed=False, sure=False)
                levels = (*before, inner) if is_opening else ()
            if not levels:
                return CodeBlock(language, "".join(f"{one}\n" for one in code))
            is_simple = is_simple and len(levels) == 1
            code.append(line)
        if not is_simple:
            return CodeBlock(language, "", closed=False, sure=False)
        ended = self._at < len(self._lines)  # with the quote that it stands in
        return CodeBlock(language, "\n".join([*code, *[""] * ended]), closed=ended)

    def _opens(self, lead: _Lead, levels: tuple[FenceMark, ...]) -> bool | None:
        """Tell whether a bare fence in a Markdown text opens a level; None if that is not certain.

        By the fences behind it, where one reading leaves none of them open and the other does not;
        else by where blank rows stand.
        """
        inside = list(islice(self._inside(lead), 1))
        behind = list(islice(filter(None, map(_mark_in, self._inside(lead))), _MOST_PAIRED))
        if len(behind) < _MOST_PAIRED:
            closing, opening = (not reduce(nested, behind, read) for read in ((), levels))
            if opening != closing:
                return opening
        before = _dedented(self._lines[self._at - 2], lead) or ""
        above, below = bool(before.strip()), bool(inside and inside[0].strip())
        return below if above != below else None

    def _inside(self, lead: _Lead) -> Iterator[str]:
        """Give the lines from here to the end of the quote, as they stand in a block."""
        for at in range(self._at, len(self._lines)):
            inner = _dedented(self._lines[at], lead)
            if inner is None:
                return
            yield inner


def _unquoted(line: str) -> str | None:
    """Take one quote mark off a line; None if there is none."""
    body = line.lstrip(" ")
    if len(line) - len(body) > 3 or not body.startswith(">"):
        return None
    return body[1:].removeprefix(" ")


def _indented(line: str) -> tuple[int, str]:
    """Split a line into the columns of its indent and the rest."""
    body = line.lstrip(" \t")
    return len(line[: len(line) - len(body)].expandtabs(4)), body


def _dedented(line: str, lead: _Lead) -> str | None:
    """Give a line as it stands in the block that `lead` begins; None if the quote has ended."""
    for _ in range(lead.quotes):
        inner = _unquoted(line)
        if inner is None:
            return None
        line = inner
    column = 0
    for place, char in enumerate(line):
        if column >= lead.indent or char not in " \t":
            return " " * max(0, column - lead.indent) + line[place:]
        column += 4 - column % 4 if char == "\t" else 1
    return ""


def _mark_in(line: str) -> FenceMark | None:
    if "```" not in line and "~~~" not in line:
        return None
    indent, body = _indented(line)
    return fence_mark(body) if indent <= 3 else None
