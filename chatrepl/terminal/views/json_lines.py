"""A reply for programs: JSON, whole or an event a line. Nothing here is made visible or cut."""

import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TextIO

from chatrepl.core.exchange.reply import (
    MessageStart,
    PrefillBegun,
    Reply,
    RetryWait,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)


class SilentView:
    """Shows nothing while a reply comes: its whole is written afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        pass

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Take an event and let it be."""


class LinesView(SilentView):
    """Writes one JSON object a line: start, thinking, text, retry. The result is the shell's."""

    def __init__(self, write: Callable[[Mapping[str, Any]], None]) -> None:
        self._write = write
        self._prefilled = False
        self._attempt = 0

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Write the event, if it is one that programs are told of."""
        del reply
        match event:
            case MessageStart(model, message_id):
                self._attempt = 0
                self._write({"type": "start", "model": model, "id": message_id})
            case TextDelta(text):
                self._write({"type": "text", "delta": text})
            case ThinkingDelta(text):
                self._write({"type": "thinking", "delta": text})
            case PrefillBegun(prefill) if prefill.mode != "schema" and not self._prefilled:
                self._prefilled = True
                self._write({"type": "text", "delta": prefill.text})
            case RetryWait(reason, seconds, attempt, attempts) if attempt != self._attempt:
                self._attempt = attempt  # the seconds that are counted down are for people
                self._write(
                    {
                        "type": "retry",
                        "reason": reason,
                        "seconds": seconds,
                        "attempt": attempt,
                        "attempts": attempts,
                    }
                )
            case _:
                pass


def write_json(out: TextIO, value: Mapping[str, Any]) -> None:
    """Write one object as a line of ASCII JSON: lossless, and inert on a terminal."""
    out.write(json.dumps(value, ensure_ascii=True) + "\n")
    out.flush()
