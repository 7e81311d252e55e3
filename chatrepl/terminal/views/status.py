"""What is going on, on stderr, while stdout is the answer: a line that replaces itself.

Without a terminal there is no line; retries and remarks are then said once, in plain lines.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self, TextIO

from chatrepl.core.events import MessageStop, Remark, Reply, RetryWait, StreamEvent, TextDelta
from chatrepl.core.summary import compact
from chatrepl.terminal.sanitize import one_line


class _View(AbstractContextManager[object], Protocol):
    def show(self, event: StreamEvent, reply: Reply) -> None: ...


class NotedView:
    """Shows a reply through another view, and what goes on meanwhile on `err`."""

    def __init__(
        self,
        view: _View,
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

    def __enter__(self) -> Self:
        self._begun_at = self._clock()
        self._view.__enter__()
        self._line("waiting …")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._clear()
        self._view.__exit__(kind, error, tb)

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Say what the event means to who waits, then let the other view have it."""
        match event:
            case RetryWait(reason, seconds, attempt, attempts):
                self._retry(
                    f"{reason}; again in {seconds} s (try {attempt} of {attempts})", attempt
                )
            case Remark(text):
                self._say(text)
            case TextDelta() | MessageStop():
                self._clear()
            case _:
                self._line(self._progress(reply))
        self._view.show(event, reply)

    def _progress(self, reply: Reply) -> str:
        waited = f"{self._clock() - self._begun_at:.0f} s"
        tokens = reply.usage.output_tokens
        return f"{waited} · {compact(tokens)} tokens" if tokens else waited

    def _retry(self, text: str, attempt: int) -> None:
        if self._live:
            self._next = 0.0
            self._line(text)
        elif attempt != self._attempt:
            self._attempt = attempt
            self._say(text)

    def _say(self, text: str) -> None:
        self._clear()
        if self._err is not None:
            self._err.write(f"chatrepl: {one_line(text)}\n")
            self._err.flush()

    def _line(self, text: str) -> None:
        now = self._clock()
        if self._err is None or not self._live or now < self._next:
            return
        self._next = now + 0.1
        self._shown = True
        self._err.write(f"\r\x1b[K{one_line(text, 70)}")
        self._err.flush()

    def _clear(self) -> None:
        if self._shown and self._err is not None:
            self._shown = False
            self._err.write("\r\x1b[K")
            self._err.flush()
