"""A whole reply as one Markdown text: pieces of a sentence joined, its sources as footnotes.

The same for a reply that is finished and for one that still comes: for pipe, screen, copy, export.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from chatrepl.core.fences import FenceWatch
from chatrepl.core.talk.blocks import Block, TextBlock, ThinkingBlock
from chatrepl.core.talk.sources import Sources
from chatrepl.core.talk.traces import trace
from chatrepl.core.value import frozen


def to_markdown(
    blocks: Iterable[Block], sources: Sources | None = None, *, cite: bool = True
) -> str:
    """Give the text of a reply; `cite` says whether its sources stand in it.

    Several replies of one document share `sources`, so that each number stands for one.
    """
    weaver = Weaver(cite, sources=sources or Sources())
    parts: list[str] = []
    for block in blocks:
        if isinstance(block, TextBlock):
            parts.append(weaver.feed(block.text, waits=bool(block.citations)))
        parts.append(weaver.close(block))
    return "".join((*parts, weaver.end()))


@frozen
class Passage:
    """Text that was joined, thinking, or the lines for a block without a better form.

    A text may stand in the middle of a fenced block: `opens` begins that anew, `closes` ends it.
    """

    kind: Literal["text", "thinking", "block"]
    text: str
    opens: str = ""
    closes: str = ""

    def to_markdown(self) -> str:
        """Write the piece for a document that holds all that came."""
        match self.kind:
            case "thinking":
                return "**Thinking**\n\n" + "\n".join(f"> {row}" for row in self.text.splitlines())
            case "block":
                return _as_code(self.text)
            case _:
                text = self.text.removeprefix("\n") if self.opens else self.text
                return f"{self.opens}{text}{self.closes}"


def passages(
    blocks: Iterable[Block], sources: Sources | None = None, *, cite: bool = True
) -> Iterator[Passage]:
    """Give all that a reply is made of, in its order; the notes end it."""
    weaver = Weaver(cite, sources=sources or Sources())
    text = opens = ""
    for block in blocks:
        if isinstance(block, TextBlock):
            weaver.apart = False  # a piece stands apart by itself
            text += weaver.feed(block.text, waits=bool(block.citations)) + weaver.close(block)
            continue
        weaver.close(block)
        if text:
            yield Passage("text", text, opens, weaver.fences.closing())
            text, opens = "", weaver.fences.opening()
        if isinstance(block, ThinkingBlock) and block.thinking:
            yield Passage("thinking", block.thinking)
        else:
            yield Passage("block", "\n".join(trace(block)))
    text += weaver.end()
    if text.strip("\n"):
        yield Passage("text", text if opens else text.lstrip("\n"), opens, weaver.fences.closing())


def _as_code(text: str) -> str:
    """Write lines so that nothing in them is Markdown."""
    ticks = max((len(run) for run in re.findall("`+", text)), default=0) + 1
    if "\n" in text:
        fence = "`" * max(3, ticks)
        return f"{fence}text\n{text}\n{fence}"
    edge = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{'`' * ticks}{edge}{text}{edge}{'`' * ticks}"


@dataclass(slots=True)
class Weaver:
    """Takes the blocks of a reply as they come, and gives what to add to its text.

    What other blocks than text part is `apart` with the next text: no sentence goes on there.
    """

    cite: bool = True
    apart: bool = False
    sources: Sources = field(default_factory=Sources)
    fences: FenceWatch = field(default_factory=FenceWatch)
    _begun: bool = False
    _held: str = ""  # blanks at the end of a block: a mark stands before them
    _marks: tuple[str, ...] = ()  # what waits for the end of a fence

    def begin(self, text: str) -> str:
        """Take a text that the reply begins with, though other blocks may come before its rest."""
        self.fences.feed(text)
        return text

    def feed(self, text: str, *, waits: bool = False) -> str:
        """Go on with the text of a block; one that `waits` may end in a mark."""
        text = self._held + self._parted(text)
        end = _mark_place(text) if waits and self.cite else len(text)
        text, self._held = text[:end], text[end:]
        self._begun = self._begun or bool(text)
        self.fences.feed(text)
        return text

    def close(self, block: Block) -> str:
        """End a block of any kind; give the marks of its sources."""
        if not isinstance(block, TextBlock):
            self.apart = self._begun
            return ""
        if self.cite:
            marks = self.sources.marks(block.citations)
            self._marks = tuple(dict.fromkeys((*self._marks, *marks)))
        held, self._held = self._held, ""
        added = self._due(held) + held
        self.fences.feed(added)
        return added

    def end(self) -> str:
        """End the reply; give its notes."""
        held, self._held = self._held, ""
        notes = self.sources.notes()
        self.fences.feed(held)
        if not notes:
            return held
        closing = self.fences.closing()
        self.fences.feed(closing)
        marks = self._due("")
        self.fences.feed(marks)
        return f"{held}{closing}{marks}{self.fences.blank_row()}{notes}"

    def _parted(self, text: str) -> str:
        if not self.apart or not text:
            return text
        if self.fences.inside:
            self.apart = False
            return text
        text = text.lstrip("\n")
        self.apart = not text
        return self.fences.blank_row() + text if text else ""

    def _due(self, held: str) -> str:
        """Give the marks, unless the text is inside of a fence, where they would be code."""
        if not self._marks or self.fences.after(held).fence:
            return ""
        marks, self._marks = "".join(self._marks), ()
        return f"{self.fences.blank_row()}{marks}" if self.fences.behind else marks


def _mark_place(text: str) -> int:
    """Find where a mark is to stand: before the blanks at the end, inside the cell of a table."""
    body = text.rstrip()
    if body.endswith("|"):
        body = body[:-1].rstrip(" \t")
    return len(body)
