"""A reply on a terminal: rendered as it streams, with a status while there is nothing to read."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.style import Style as RichStyle
from rich.text import Text

from chatrepl.core.events import (
    BlockStart,
    CitationDelta,
    MessageStop,
    PrefillBegun,
    Remark,
    Reply,
    RetryWait,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.summary import compact
from chatrepl.terminal.elements import DARK, Document, Look
from chatrepl.terminal.elements.plain import Plain
from chatrepl.terminal.safeconsole import SafeConsole
from chatrepl.terminal.sanitize import one_line
from chatrepl.terminal.sanitize.stream import Sanitizer
from chatrepl.terminal.stream import Painter

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_TURN_S = 0.12


@dataclass(frozen=True, slots=True)
class Style:
    """How replies are shown. `repaint` False prints only what is final: no live rows, no spinner."""

    look: Look = DARK
    raw: bool = False
    repaint: bool = True
    utf8: bool = True
    thinking: bool = True


class LiveView:
    """Paints a reply on a console; between deltas its own timer keeps the frames coming."""

    def __init__(self, console: SafeConsole, style: Style, clock: Callable[[], float]) -> None:
        self._console = console
        self._style = style
        self._clock = clock
        self._begun_at = clock()
        self._safe = Sanitizer()
        self._painter = self._new_painter()
        self._timer: asyncio.TimerHandle | None = None
        self._thinking_since: float | None = None
        self._thought = ""
        self._wait: RetryWait | None = None
        self._output = 0
        self._reading = False
        self._done = False
        self._failure: OSError | None = None

    def __enter__(self) -> Self:
        self._begun_at = self._clock()
        self._status()
        self._schedule()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._painter.status(None)
        rest = self._safe.flush()
        if rest and kind is None:
            self._painter.feed(rest)
        if self._failure is None:
            self._painter.finish()

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Take one event; what is due is painted."""
        if self._failure is not None:
            raise self._failure
        self._wait = event if isinstance(event, RetryWait) else None
        match event:
            case TextDelta(text):
                self._text(text)
            case PrefillBegun() if event.text and not self._reading:
                self._text(event.text)
            case ThinkingDelta(text):
                self._think(text)
            case BlockStart(_, wire) if wire.get("type") in {"server_tool_use", "tool_use"}:
                self._line(f"{wire.get('name') or 'tool'} …")
            case Remark(text):
                self._line(text)
            case MessageStop() | CitationDelta():
                self._done = isinstance(event, MessageStop)
            case _:
                pass
        self._output = max(self._output, reply.usage.output_tokens)
        self._status()

    def suspend(self) -> None:
        """Take the live rows off the screen, before the program is stopped."""
        self._painter.suspend()

    def resume(self) -> None:
        """Go on after `suspend`."""
        self._painter.resume()

    def _text(self, text: str) -> None:
        self._end_thinking()
        self._reading = True
        self._painter.feed(self._safe.feed(text))

    def _think(self, text: str) -> None:
        if self._thinking_since is None:
            self._thinking_since = self._clock()
        self._thought = (self._thought + text)[-400:]

    def _end_thinking(self) -> None:
        if self._thinking_since is None:
            return
        seconds = self._clock() - self._thinking_since
        self._thinking_since = None
        if not self._reading and self._style.thinking:
            self._line(f"thought for {seconds:.1f} s")

    def _line(self, text: str) -> None:
        """Print a dim line of our own before the reply goes on."""
        self._painter.status(None)
        self._painter.finish()
        self._console.print(Text(one_line(text), style="meta"))
        self._painter = self._new_painter()

    def _new_painter(self) -> Painter:
        document = Plain(RichStyle()) if self._style.raw else Document(self._style.look)
        return Painter(self._console, document, clock=self._clock, live=self._style.repaint)

    def _status(self) -> None:
        self._painter.status(self._status_text() if self._style.repaint else None)

    def _status_text(self) -> Text | None:
        if self._done:
            return None
        now = self._clock()
        waited = now - self._begun_at
        if self._wait is not None:
            wait = self._wait
            words = f"{wait.reason} · again in {wait.seconds} s"
            return Text(f"{words} · try {wait.attempt} of {wait.attempts} · Esc stops", "warning")
        parts = [f"{waited:.0f} s"]
        if self._output:
            parts.append(f"{compact(self._output)} tokens")
        if self._thinking_since is not None:
            thought = " ".join(self._thought.split())[-120:]
            parts = [f"thinking {now - self._thinking_since:.0f} s", one_line(thought)]
        elif self._reading:
            return None
        mark = _SPINNER[int(waited / _TURN_S) % len(_SPINNER)] if self._style.utf8 else "*"
        return Text(f"{mark} {' · '.join(part for part in parts if part)}", style="meta")

    def _schedule(self) -> None:
        wait = self._painter.wait()
        delay = _TURN_S if wait is None else min(wait, _TURN_S)
        self._timer = asyncio.get_running_loop().call_later(max(delay, 0.002), self._tick)

    def _tick(self) -> None:
        try:
            self._status()
            self._painter.tick()
        except OSError as failure:  # the terminal is gone: the turn ends at its next event
            self._failure = failure
            return
        self._schedule()
