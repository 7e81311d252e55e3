"""A reply for programs: JSON, whole or an event a line. Nothing here is made visible or cut."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Self, TextIO

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
from chatrepl.core.foreign_json import DEEPEST, tame
from chatrepl.core.talk.blocks import Block, TextBlock, ThinkingBlock
from chatrepl.core.talk.markdown import Weaver
from chatrepl.core.wire import Wire

_AROUND: Final = 10  # levels of our own around what came


class SilentView:
    """Shows nothing while a reply comes: its whole is written afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Take an event and let it be."""


class LinesView(SilentView):
    """Writes one JSON object a line: what comes of a reply, and its retries.

    The result is the shell's; its text is what the texts here come to. `model` was asked for, and
    `session_id` is where the conversation is kept.
    """

    def __init__(
        self,
        write: Callable[[Mapping[str, Any]], None],
        model: str = "",
        session_id: str | None = None,
    ) -> None:
        self._write = write
        self._model = model
        self._session_id = session_id
        self._prefill: str | None = None  # what the text begins with, once there is any
        self._attempt = 0
        self._weaver = Weaver(cite=False)
        self._closed = 0

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Write the event, if it is one that programs are told of."""
        self._follow(reply)
        match event:
            case MessageStart(model, message_id):
                self._attempt = 0
                self._write(
                    {
                        "type": "start",
                        "model": model or self._model,
                        "id": message_id,
                        "request_id": event.request_id,
                        "session_id": self._session_id,
                    }
                )
            case TextDelta(text):
                self._text(self._weaver.feed(text))
            case CitationDelta(citation):
                self._cite(citation)
            case BlockStart(_, {"type": "text", "citations": list(cited)}):
                for citation in cited:
                    self._cite(citation)
            case ThinkingDelta(text):
                self._write({"type": "thinking", "delta": text})
            case PrefillBegun(prefill) if prefill.mode != "schema" and self._prefill is None:
                self._prefill = prefill.text
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

    def _follow(self, reply: Reply) -> None:
        """Write the blocks that ended since, and what the text begins with once there is any."""
        for block in reply.blocks[self._closed :]:
            self._close(block)
        self._closed = len(reply.blocks)
        if self._prefill and reply.text:
            self._text(self._weaver.begin(self._prefill))
            self._prefill = ""

    def _text(self, text: str) -> None:
        if text:
            self._write({"type": "text", "delta": text})

    def _cite(self, citation: Wire) -> None:
        number = self._weaver.sources.number(citation)
        self._write({"type": "citation", "n": number, "citation": dict(citation)})

    def _close(self, block: Block) -> None:
        """Write a block that ended, unless it came as deltas."""
        self._weaver.close(block)
        if isinstance(block, TextBlock) or (isinstance(block, ThinkingBlock) and block.thinking):
            return
        is_tool = block.type.endswith(("tool_use", "tool_result"))
        self._write({"type": "tool" if is_tool else "block", "block": block.to_wire()})


def write_json(out: TextIO, value: Mapping[str, Any]) -> None:
    """Write one object as a line."""
    out.write(json_line(value))
    out.flush()


def json_line(value: Mapping[str, Any]) -> str:
    """Give one object as a line of ASCII JSON, inert on a terminal: what others can read too.

    Half of a surrogate pair becomes U+FFFD, what is no number is left out; all else is lossless.
    """
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        value = tame(value, DEEPEST + _AROUND).value
    return json.dumps(value, ensure_ascii=True) + "\n"
