"""Our look for Markdown: a text to rows of styled segments, at once or as it grows.

    lines, line, starts, leaves, openblocks, blocks,
    definitions, events                                 what the text says, line by line
    inline, mathtext, highlight, lexing, table          what stands inside a block
    clean, wrap, prefix, layout                         where it stands on the screen
    look, citations, draft                              colours, sources, the open end
    document, plain                                     the whole, growing

A printed row never depends on what comes later: a stream and a whole text give the same rows.
"""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment

from chatrepl.terminal.elements.citations import Citations
from chatrepl.terminal.elements.document import Document
from chatrepl.terminal.elements.highlight import warm
from chatrepl.terminal.elements.look import ASCII, DARK, LIGHT, LOOKS, Glyphs, Look
from chatrepl.terminal.elements.wrap import Row

__all__ = [
    "ASCII",
    "DARK",
    "LIGHT",
    "LOOKS",
    "Citations",
    "Document",
    "Glyphs",
    "Look",
    "Markdown",
    "Row",
    "render",
    "warm",
]


def render(
    text: str,
    width: int,
    look: Look = DARK,
    *,
    links: bool = False,
) -> list[Row]:
    """Rows of a whole Markdown text in a window `width` cells wide."""
    document = Document(look, links=links)
    return document.feed(text, width) + document.finish(width)


class Markdown:
    """A Markdown text that a rich console can print."""

    def __init__(
        self,
        text: str,
        look: Look = DARK,
        *,
        links: bool = False,
    ) -> None:
        self._text = text
        self._look = look
        self._links = links

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = render(self._text, options.max_width, self._look, links=self._links)
        for row in rows:
            yield from row
            yield Segment.line()
