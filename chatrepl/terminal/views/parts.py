"""The parts of a reply, one below the other: its text, its thinking, and lines of our own.

Each part has a painter of its own; where a text stands next to something else, a row stays free.
"""

from collections.abc import Callable
from typing import Literal

from rich.style import Style as RichStyle
from rich.text import Text

from chatrepl.core.value import frozen
from chatrepl.terminal.markdown.document import Document
from chatrepl.terminal.markdown.look import DARK, Look
from chatrepl.terminal.markdown.plain_rows import PlainRows
from chatrepl.terminal.safe_console import SafeConsole
from chatrepl.terminal.sanitize.text import Sanitizer, one_line
from chatrepl.terminal.stream.painter import Painter, Thinking


@frozen
class Style:
    """How replies are shown. `repaint` False prints only what is final: no live rows, no spinner.

    Without `thinking` nothing is seen of it but that it goes on; without `cite` no sources are.
    """

    look: Look = DARK
    raw: bool = False
    repaint: bool = True
    utf8: bool = True
    thinking: bool = True
    cite: bool = True


class Parts:
    """Takes text, thinking and lines as they come; what the screen holds is final or the last."""

    def __init__(self, console: SafeConsole, style: Style, clock: Callable[[], float]) -> None:
        self._console = console
        self._style = style
        self._clock = clock
        self._kind: Literal["nothing", "text", "thinking", "line"] = "nothing"
        self._painter: Painter = self._text_painter()  # until there is a part: for the status
        self._safe = Sanitizer()
        self._lead = ""  # blanks that a text begins with: no part yet
        self._thinking_since = 0.0

    @property
    def in_text(self) -> bool:
        """Whether the last part is text, which may go on."""
        return self._kind == "text"

    def text(self, text: str) -> None:
        """Go on with the text, or begin one."""
        if self._kind == "text":
            self._painter.feed(self._safe.feed(text))
            return
        self._lead += text
        if self._lead and not self._lead.isspace():
            self._begin("text", self._text_painter())
            lead, self._lead = self._lead, ""
            self._painter.feed(self._safe.feed(lead))

    def think(self, text: str) -> None:
        """Go on thinking, or begin to."""
        if not text:
            return
        if self._kind != "thinking":
            live = self._style.repaint
            painter = Thinking(self._console, clock=self._clock, live=live)
            self._begin("thinking", painter)
            self._thinking_since = self._clock()
        self._painter.feed(self._safe.feed(text))

    def line(self, text: str, style: str = "meta") -> None:
        """Say something of our own."""
        self._begin("line", self._text_painter())
        self._console.print(Text(one_line(text), style=style))

    def row(self, text: str) -> None:
        """Say what a block of the reply is, cut to the width."""
        self._begin("line", self._text_painter())
        row = Text(one_line(text, self._console.width), style="meta")
        self._console.print(row, no_wrap=True, overflow="ellipsis", crop=True)

    def status(self, text: Text | None) -> None:
        """Set the row below everything; nothing is shown where nothing may be repainted."""
        self._painter.status(text if self._style.repaint else None)

    def tick(self) -> None:
        """Paint what is due."""
        self._painter.tick()

    def wait(self) -> float | None:
        """Seconds until a tick is worth it; None if all is painted."""
        return self._painter.wait()

    def suspend(self) -> None:
        """Take the live rows off the screen."""
        self._painter.suspend()

    def resume(self) -> None:
        """Go on after `suspend`."""
        self._painter.resume()

    def end(self) -> None:
        """Make all that came final."""
        self._painter.status(None)
        rest = self._safe.flush()
        if rest and self._kind in {"text", "thinking"}:
            self._painter.feed(rest)
        if isinstance(self._painter, Thinking):
            self._painter.conclude(self._clock() - self._thinking_since)
        else:
            self._painter.finish()

    def _begin(self, kind: Literal["text", "thinking", "line"], painter: Painter) -> None:
        self.end()
        if self._kind != "nothing" and "text" in {self._kind, kind}:
            self._console.print()
        self._kind = kind
        self._painter = painter

    def _text_painter(self) -> Painter:
        document = (
            PlainRows(RichStyle(), whole=True) if self._style.raw else Document(self._style.look)
        )
        return Painter(self._console, document, clock=self._clock, live=self._style.repaint)
