"""What is said around replies: notices, tables, pages, errors; every outcome has its form here."""

from dataclasses import dataclass, field
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment, Segments
from rich.text import Text

from chatrepl.core.errors import ChatreplError
from chatrepl.core.outcome import Card, Changes, Exactly, Notice, Page, Table
from chatrepl.terminal.columns import card_rows, lay_out_whole
from chatrepl.terminal.markdown.document import Markdown, render
from chatrepl.terminal.markdown.look import ASCII, DARK, WORDS, Look
from chatrepl.terminal.markdown.wrap import rstrip, wrap
from chatrepl.terminal.safe_console import SafeConsole
from chatrepl.terminal.sanitize.text import display, one_line
from chatrepl.terminal.spoken import ASCII_FOR, in_words

_EXCERPT: Final = 1_000  # cells: an excerpt is shorter
_CUT: Final = str.maketrans({"…": "~"})  # as wide: a row that is full must not grow
# What is told by colour is told without it, too.
_TINTS: Final = {"same": "", "gone": "red", "new": "green"}
_MARKS: Final = {"same": ("", ""), "gone": ("[-", "-]"), "new": ("{+", "+}")}
_SPOKEN: Final = {"same": ("", ""), "gone": ("(gone: ", ")"), "new": ("(new: ", ")")}


def _marked(text: str, before: str, behind: str) -> str:
    """Put marks around a text; the end of its last line stays the line's end."""
    inner = text.rstrip("\n")
    return f"{before}{inner}{behind}{text[len(inner) :]}"


def _broken(text: str, width: int) -> str:
    """Begin a new row between the facts of a line, where one would be torn."""
    lines = [[line] if cell_len(line) <= width else line.split(" · ") for line in text.split("\n")]
    rows = list[str]()
    for first, *facts in lines:
        rows.append(first)
        for number, fact in enumerate(facts, 1):
            end = " ·" if number < len(facts) else ""
            if cell_len(f"{rows[-1]} · {fact}{end}") <= width:
                rows[-1] += f" · {fact}"
            else:
                rows[-1] += " ·"
                rows.append(fact)
    return "\n".join(rows)


@dataclass(slots=True)
class Speaker:
    """Says things on a console, in words that are made safe."""

    console: SafeConsole
    look: Look = DARK
    _said: bool = field(default=False, init=False)

    def say(self, outcome: Notice | Table | Card | Page | Exactly | Changes) -> None:
        """Show one thing that a command returned."""
        match outcome:
            case Notice(text, level):
                self.line(text, "warning" if level == "warning" else "notice")
            case Table():
                self._table(outcome)
            case Card(groups, footer):
                width = 0 if self.look.glyphs == WORDS else self.console.width  # ears hear rows
                self.console.print(Text("\n".join(card_rows(groups, width))))
                self.line(f"\n{self.drawn(footer)}")
            case Page(markdown):
                self._said = True
                text = display(markdown)
                text = text.replace("…", "...") if self._plain else text  # of a usage line
                self.console.print(Markdown(text, self.look), crop=False)
            case Exactly(text):
                self._said = True
                self.console.print(Text(display(text)), soft_wrap=True)
            case Changes(pieces):
                self._said = True
                marks = _SPOKEN if self.look.glyphs == WORDS else _MARKS
                parts = ((_marked(display(text), *marks[kind]), kind) for kind, text in pieces)
                coloured = Text.assemble(*((text, _TINTS[kind]) for text, kind in parts))
                coloured.rstrip()
                self.console.print(coloured, soft_wrap=True)

    def line(self, text: str, style: str = "meta") -> None:
        """Say something in one style; lines stay lines, and no row ends in a blank.

        The rows of a single line that is indented are all so.
        """
        self._said = True
        look = self.console.get_style(style)
        words = text if "\n" in text else text.lstrip(" ")
        indent = " " * min(len(text) - len(words), self.console.width // 2) if words else ""
        width = self.console.width - len(indent)
        rows = wrap([(_broken(self.drawn(display(words.rstrip())), width), look)], width)
        begin, newline = Segment(indent), Segment.line()
        self.console.print(
            Segments([part for row in map(rstrip, rows) for part in (begin, *row, newline)]), end=""
        )

    def error(self, error: ChatreplError) -> None:
        """Say what went wrong: what happened, then what is safe or what to do."""
        self.line(one_line(error.message, 400), "error")
        if error.hint:
            self.line(error.hint, "hint")

    def gap(self) -> None:
        """Leave a blank row."""
        self._said = False
        self.console.print()

    def rest(self) -> None:
        """Leave a blank row if something was said since the last one."""
        if self._said:
            self.gap()

    def drawn(self, text: str) -> str:
        """Take glyphs that the terminal can draw, where it cannot draw ours."""
        if self.look.glyphs == WORDS:
            return in_words(text)
        return text.translate(ASCII_FOR) if self._plain else text

    @property
    def _plain(self) -> bool:
        return self.look.glyphs in {ASCII, WORDS}

    def _cell(self, text: str, *, rendered: bool) -> str:
        """Take a cell's text; what is Markdown loses its marks, and its lines become one."""
        if rendered:
            rows = render(display(text), _EXCERPT, self.look)
            words = (part.text for row in rows for part in (*row, Segment(" ")))
            text = " ".join("".join(words).split())
        return self.drawn(one_line(text))

    def _table(self, table: Table) -> None:
        if table.title:
            self.line(table.title, "heading")
        rows = (table.headings, *table.rows)
        cells = [
            [self._cell(text, rendered=column in table.markdown) for column, text in enumerate(row)]
            for row in rows
        ]
        sought = self._cell(table.sought, rendered=False)
        laid = lay_out_whole(cells, self.console.width, right=table.right, sought=sought)
        head, *lines = (row.translate(_CUT) for row in laid) if self._plain else laid
        if head:
            self.line(head)
        if lines:
            text = Text("\n".join(lines))
            if sought:
                text.highlight_words([sought], "bold", case_sensitive=False)
            self.console.print(text, soft_wrap=True)
            self._said = True
        if table.footer:
            self.line(table.footer)
