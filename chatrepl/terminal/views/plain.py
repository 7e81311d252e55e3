"""A reply as it comes: the text, nothing else, and one newline at its end.

On a screen everything that is not plain text is made visible; on a pipe controls are, and with
`raw` nothing is.

What is going on, on stderr, while stdout is the answer: a line that replaces itself.

Without a terminal there is no line; retries and remarks are then said once, in plain lines.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self, TextIO

from chatrepl.core.exchange.reply import (
    BlockStart,
    CallAnswered,
    CitationDelta,
    MessageStop,
    PrefillBegun,
    Remark,
    Reply,
    RetryWait,
    StreamEvent,
    TextDelta,
)
from chatrepl.core.talk.blocks import ToolResultBlock, ToolUseBlock
from chatrepl.core.talk.markdown import Weaver
from chatrepl.core.talk.traces import trace
from chatrepl.core.words import compact, for_a_shell
from chatrepl.core.world import Display
from chatrepl.terminal.sanitize.text import Sanitizer, join_surrogates, one_line, pipe

_CAUSE_COLUMNS: Final = 140  # of a retry: what follows it stands on the same row


class PlainView:
    """Writes a reply's text to a stream, each delta at once.

    With `cite` the marks of its sources follow each block, and their notes the whole. What the text
    is to begin with is written once there is any text.
    """

    def __init__(
        self, out: TextIO, *, raw: bool = False, screen: bool = False, cite: bool = True
    ) -> None:
        self._out = out
        self._raw = raw
        self._sanitizer = Sanitizer() if screen else None
        self._weaver = Weaver(cite)
        self._waits = False
        self._closed = 0
        self._held = self._rows = ""
        self._last = ""
        self._prefill: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _tb: object) -> None:
        if isinstance(error, OSError):
            return
        self._feed(self._weaver.end())
        self._write_safe(self._held)
        if self._sanitizer is not None:
            self._write(self._sanitizer.flush())
        if self._last and self._last != "\n":
            self._write("\n")

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Write what the event brings of the text."""
        for block in reply.blocks[self._closed :]:
            self._feed(self._weaver.close(block))
        self._closed = len(reply.blocks)
        if self._prefill and reply.text:
            self._feed(self._weaver.begin(self._prefill))
            self._prefill = ""
        match event:
            case TextDelta(text):
                self._feed(self._weaver.feed(text, waits=self._waits))
            case BlockStart(_, wire):
                self._waits = "citations" in wire
            case CitationDelta():
                self._waits = True
            case PrefillBegun(prefill) if prefill.mode != "schema" and self._prefill is None:
                self._prefill = prefill.text
            case _:
                pass

    def _feed(self, text: str) -> None:
        """Write `text`; half of a surrogate pair, or of a line's end, waits for the other half."""
        if self._sanitizer is not None:
            self._write(self._sanitizer.feed(text))
            return
        text = self._held + text
        half = text[-1:] == "\r" or "\ud800" <= text[-1:] <= "\udbff"
        self._held = text[-1:] if half else ""
        self._write_safe(text[: len(text) - len(self._held)])

    def _write_safe(self, text: str) -> None:
        whole = join_surrogates(text)
        self._write(whole if self._raw else pipe(whole))

    def _write(self, text: str) -> None:
        """Write all but empty rows at the end: they are left out where nothing follows."""
        text = self._rows + text
        end = len(text.rstrip("\n"))
        if end or self._last not in {"", "\n"}:
            end += 1  # who reads line by line has each at once
        self._rows = text[end:]
        if text[:end]:
            self._out.write(text[:end])
            self._out.flush()
            self._last = text[:end][-1]


class NotedView:
    """Shows a reply through another view, and what goes on meanwhile on `err`."""

    def __init__(
        self,
        view: Display,
        err: TextIO | None,
        *,
        live: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._view = view
        self._err = err
        self._live = live
        self._clock = clock
        self._begun_at = clock()
        self._shown = False
        self._next = 0.0
        self._attempt = 0
        self._reading = False
        self._tokens = 0
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._begun_at = self._clock()
        self._view.__enter__()
        self._line("waiting …")
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
        self._clear()
        self._view.__exit__(kind, error, tb)

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Say what the event means to who waits, then let the other view have it."""
        match event:
            case RetryWait(reason, seconds, attempt, attempts):
                cause = one_line(reason.rstrip("."), _CAUSE_COLUMNS)
                self._retry(f"{cause}; again in {seconds} s (try {attempt} of {attempts})", attempt)
            case Remark(text):
                self._say(text)
            case CallAnswered(block):
                self._tell(block, reply)
            case TextDelta() | MessageStop():
                self._reading = True
                self._clear()
            case _:
                self._tokens = reply.usage.output_tokens
                self._line(self._progress())
        self._view.show(event, reply)

    def _tell(self, answer: ToolResultBlock, reply: Reply) -> None:
        """Say what was called, and what came of it."""
        calls = (b for b in reply.blocks if isinstance(b, ToolUseBlock))
        call = next((call for call in calls if call.id == answer.tool_use_id), None)
        for block in (call, answer):
            for row in trace(block)[:1] if block is not None else ():
                self._clear()
                self._write(f"chatrepl: {one_line(row)}\n")
        self._reading = False

    def _progress(self) -> str:
        waited = f"{self._clock() - self._begun_at:.0f} s"
        return f"{waited} · {compact(self._tokens)} tokens" if self._tokens else waited

    def _schedule(self) -> None:
        """Count the seconds while there is nothing to read."""
        if self._live and self._err is not None:
            with suppress(RuntimeError):  # nothing runs that could wake us
                self._timer = asyncio.get_running_loop().call_later(1, self._tick)

    def _tick(self) -> None:
        if self._attempt == 0:
            self._line(self._progress())
        if not self._reading:
            self._schedule()

    def _retry(self, text: str, attempt: int) -> None:
        if self._live:
            self._next = 0.0
            self._line(text)
        elif attempt != self._attempt:
            self._say(text)
        self._attempt = attempt

    def _say(self, text: str) -> None:
        self._clear()
        self._write(f"chatrepl: {one_line(for_a_shell(text))}\n")

    def _line(self, text: str) -> None:
        now = self._clock()
        if not self._live or self._reading or now < self._next:
            return
        self._next = now + 0.1
        self._shown = True
        self._write(f"\r\x1b[K{one_line(text, 70)}")

    def _clear(self) -> None:
        if self._shown:
            self._shown = False
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        """Write to stderr; the answer does not depend on whether it takes it."""
        if self._err is not None:
            with suppress(OSError, ValueError):
                self._err.write(text)
                self._err.flush()
