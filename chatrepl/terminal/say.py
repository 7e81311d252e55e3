"""What is said around replies: notices, tables, pages, errors; every outcome has its form here."""

from dataclasses import dataclass

from rich.text import Text

from chatrepl.core.errors import ChatreplError
from chatrepl.core.outcome import Exactly, Notice, Page, Table
from chatrepl.terminal.columns import lay_out
from chatrepl.terminal.elements import DARK, Look, Markdown
from chatrepl.terminal.safeconsole import SafeConsole
from chatrepl.terminal.sanitize import display, one_line


@dataclass(slots=True)
class Speaker:
    """Says things on a console, in words that are made safe."""

    console: SafeConsole
    look: Look = DARK

    def say(self, outcome: Notice | Table | Page | Exactly) -> None:
        """Show one thing that a command returned."""
        match outcome:
            case Notice(text, level):
                self.line(text, "warning" if level == "warning" else "notice")
            case Table():
                self._table(outcome)
            case Page(markdown):
                self.console.print(Markdown(display(markdown), self.look))
            case Exactly(text):
                self.console.print(Text(display(text)), soft_wrap=True)

    def line(self, text: str, style: str = "meta") -> None:
        """Say something in one style; lines stay lines."""
        self.console.print(Text(display(text.rstrip("\n")), style=style))

    def error(self, error: ChatreplError) -> None:
        """Say what went wrong: what happened, then what is safe or what to do."""
        self.console.print(Text(one_line(error.message, 400), style="error"))
        if error.hint:
            self.console.print(Text(display(error.hint), style="hint"))

    def gap(self) -> None:
        """Leave a blank row."""
        self.console.print()

    def _table(self, table: Table) -> None:
        if table.title:
            self.line(table.title, "heading")
        cells = [[one_line(cell) for cell in row] for row in (table.headings, *table.rows)]
        head, *lines = lay_out(cells, self.console.width, right=table.right)
        if head:
            self.line(head)
        for line in lines:
            self.console.print(Text(line), soft_wrap=True)
        if table.footer:
            self.line(table.footer)
