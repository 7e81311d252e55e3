"""Replies shown by a live view on a captured terminal, for the tests of views."""

import asyncio
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    CitationDelta,
    InputDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    Reply,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.wire import Wire
from chatrepl.terminal.safe_console import SafeConsole
from chatrepl.terminal.theme import DARK
from chatrepl.terminal.views.live import LiveView
from chatrepl.terminal.views.parts import Style
from tests.terminal.stream.emulator import Terminal, text_of
from tests.terminal.stream.harness import Clock, Sink

__all__ = [
    "Screening",
    "call",
    "console_on",
    "end",
    "rows_of",
    "shown",
    "start",
    "text",
    "thinking",
]


def console_on(
    file: io.StringIO, width: int = 60, height: int = 20, color: str | None = "truecolor"
) -> SafeConsole:
    """A safe console of a fixed size."""
    from rich.theme import Theme

    theme = Theme({name: tint.for_rich() for name, tint in DARK.items()})
    console = SafeConsole(
        file=file, force_terminal=True, force_interactive=True, color_system=color, theme=theme
    )
    console.size = console.size._replace(width=width, height=height)
    return console


@dataclass(slots=True)
class Screening:
    """A live view on a captured terminal, driven event by event."""

    width: int = 60
    height: int = 20
    color: str | None = "truecolor"
    style: Style = field(default_factory=Style)
    step: float = 0.06
    sink: Sink = field(default_factory=Sink)
    clock: Clock = field(default_factory=Clock)

    def view(self) -> LiveView:
        """A new view; it needs a running loop."""
        console = console_on(self.sink, self.width, self.height, self.color)
        return LiveView(console, self.style, self.clock)

    def show(self, events: Iterable[StreamEvent], seen: Callable[[str], None] | None = None) -> str:
        """All that is written for these events; `seen` gets the rows after each of them."""
        return asyncio.run(self.play(events, seen))

    async def play(
        self, events: Iterable[StreamEvent], seen: Callable[[str], None] | None = None
    ) -> str:
        reply = Reply()
        with self.view() as view:
            for event in events:
                self.clock.now += self.step
                reply = reply.apply(event)
                view.show(event, reply)
                view._tick()
                if seen is not None:
                    seen(self.rows())
        return self.sink.getvalue()

    def rows(self) -> str:
        """What the terminal shows by now, with its scrollback."""
        return rows_of(self.sink.getvalue(), self.width, self.height)


def rows_of(written: str, width: int = 60, height: int = 20) -> str:
    """What a terminal shows that gets this."""
    terminal = Terminal(width, height)
    terminal.feed(written.replace("\r\n", "\n").replace("\n", "\r\n"))
    return "\n".join(text_of(row) for row in terminal.rows()).rstrip("\n")


def shown(*events: StreamEvent, **options: object) -> str:
    """The rows that are left of a reply."""
    screening = Screening(**options)  # type: ignore[arg-type]
    screening.show(events)
    return screening.rows()


def text(*pieces: str, index: int = 0, cites: Sequence[Wire] = ()) -> list[StreamEvent]:
    """The events of a block of text."""
    return [
        BlockStart(index, {"type": "text", "text": ""}),
        *(TextDelta(piece, index) for piece in pieces),
        *(CitationDelta(cited, index) for cited in cites),
        BlockStop(index),
    ]


def thinking(*pieces: str, index: int = 0) -> list[StreamEvent]:
    """The events of a block of thinking."""
    return [
        BlockStart(index, {"type": "thinking", "thinking": ""}),
        *(ThinkingDelta(piece, index) for piece in pieces),
        BlockStop(index),
    ]


def call(name: str, given: str, kind: str = "server_tool_use", index: int = 0) -> list[StreamEvent]:
    """The events of a tool's call."""
    wire = {"type": kind, "id": "t1", "name": name, "input": {}}
    return [BlockStart(index, wire), InputDelta(given, index), BlockStop(index)]


def end(reason: str = "end_turn") -> list[StreamEvent]:
    """The events at a reply's end."""
    return [MessageDelta(reason, None, {"output_tokens": 12}), MessageStop()]


def start(model: str = "claude-x") -> MessageStart:
    """The event at a reply's beginning."""
    return MessageStart(model, "msg_1", {"input_tokens": 10, "output_tokens": 1})
