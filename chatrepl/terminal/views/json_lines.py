"""A reply for programs: JSON, whole or an event a line. Nothing here is made visible or cut."""

import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TextIO

from chatrepl.core.exchange.reply import (
    BlockStart,
    CitationDelta,
    MessageStart,
    PrefillBegun,
    Reply,
    RetryWait,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.talk.blocks import Block, TextBlock, ThinkingBlock
from chatrepl.core.talk.markdown import Weaver


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
    """Writes one JSON object a line: what comes of a reply, and its retries.

    The result is the shell's.
    """

    def __init__(self, write: Callable[[Mapping[str, Any]], None]) -> None:
        self._write = write
        self._prefilled = False
        self._attempt = 0
        self._weaver = Weaver(cite=False)
        self._closed = 0

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Write the event, if it is one that programs are told of."""
        for block in reply.blocks[self._closed :]:
            self._close(block)
        self._closed = len(reply.blocks)
        match event:
            case MessageStart(model, message_id):
                self._attempt = 0
                self._write({"type": "start", "model": model, "id": message_id})
            case TextDelta(text):
                self._text(self._weaver.feed(text))
            case CitationDelta(citation):
                self._write({"type": "citation", "citation": dict(citation)})
            case BlockStart(_, {"type": "text", "citations": list(cited)}):
                for citation in cited:
                    self._write({"type": "citation", "citation": citation})
            case ThinkingDelta(text):
                self._write({"type": "thinking", "delta": text})
            case PrefillBegun(prefill) if prefill.mode != "schema" and not self._prefilled:
                self._prefilled = True
                self._text(self._weaver.begin(prefill.text))
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

    def _text(self, text: str) -> None:
        if text:
            self._write({"type": "text", "delta": text})

    def _close(self, block: Block) -> None:
        """Write a block that ended, unless it came as deltas."""
        self._weaver.close(block)
        if isinstance(block, TextBlock) or (isinstance(block, ThinkingBlock) and block.thinking):
            return
        is_tool = block.type.endswith(("tool_use", "tool_result"))
        self._write({"type": "tool" if is_tool else "block", "block": block.to_wire()})


def write_json(out: TextIO, value: Mapping[str, Any]) -> None:
    """Write one object as a line of ASCII JSON: lossless, and inert on a terminal."""
    out.write(json.dumps(value, ensure_ascii=True) + "\n")
    out.flush()
