"""A Markdown text that grows: rows that are final, and a preview of the open block."""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment

from chatrepl.terminal.markdown.blocks.lines import Lines
from chatrepl.terminal.markdown.blocks.parser import Blocks
from chatrepl.terminal.markdown.layout import Layout
from chatrepl.terminal.markdown.look import DARK, Look
from chatrepl.terminal.markdown.wrap import Row

_MARKS = frozenset("-=*_#`~+>|:.)![]^ \t0123456789")


class Document:
    """Rows of a text as it comes; in whatever pieces, the rows are the same."""

    def __init__(self, look: Look) -> None:
        self._lines = Lines()
        self._blocks = Blocks()
        self._layout = Layout(look)

    def feed(self, text: str, width: int) -> list[Row]:
        """Take more text and return the rows that are final by it."""
        return self._take(self._lines.feed(text), width)

    def finish(self, width: int) -> list[Row]:
        """Return the rest of the rows."""
        rows = self._take(self._lines.finish(), width)
        return rows + self._layout.rows(self._blocks.finish(), self._blocks.references)

    def preview(self, width: int) -> list[Row]:
        """What `finish` would return if the text ended here; a lone mark is not shown yet."""
        blocks, layout = self._blocks.copy(), self._layout.draft(width)
        part = self._lines.part
        is_mark = not blocks.goes_on and _MARKS.issuperset(part)
        events = blocks.line(part) if part and not is_mark else []
        events = events + blocks.finish()
        return layout.rows(events, blocks.references)

    def _take(self, lines: list[str], width: int) -> list[Row]:
        self._layout.width = width
        rows: list[Row] = []
        for line in lines:
            events = self._blocks.line(line)
            if events:
                rows += self._layout.rows(events, self._blocks.references)
        return rows


def render(text: str, width: int, look: Look = DARK) -> list[Row]:
    """Rows of a whole Markdown text in a window `width` cells wide."""
    document = Document(look)
    return document.feed(text, width) + document.finish(width)


class Markdown:
    """A Markdown text that a rich console can print."""

    def __init__(self, text: str, look: Look = DARK) -> None:
        self._text = text
        self._look = look

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for row in render(self._text, options.max_width, self._look):
            yield from row
            yield Segment.line()
