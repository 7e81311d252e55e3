"""A reply in a gutter: its text as a quotation, so that it is seen to stand beside the talk."""

import re
from typing import Final

from chatrepl.core.exchange.reply import BlockStart, Reply, StreamEvent, TextDelta
from chatrepl.core.world import Display

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")


class Gutter:
    """Shows events on another view, with a mark of quotation before each line of text."""

    def __init__(self, view: Display) -> None:
        self._view = view
        self._begins = True
        self._in_text = False

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Show an event."""
        match event:
            case TextDelta(text):
                self._in_text = True
                self._view.show(TextDelta(self._quoted(text)), reply)
            case BlockStart(_, {"type": "text"}) if self._in_text:
                self._view.show(event, reply)  # the text goes on
            case BlockStart():
                self._in_text, self._begins = False, True
                self._view.show(event, reply)
            case _:
                self._view.show(event, reply)

    def _quoted(self, text: str) -> str:
        lines = []
        for line in _LINE.findall(text):
            mark = ("> " if line.strip("\r\n") else ">") if self._begins else ""
            self._begins = line.endswith("\n")
            lines.append(mark + line)
        return "".join(lines)
