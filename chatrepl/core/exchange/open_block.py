"""A block while it streams in: it grows by pieces, and becomes a `Block` when it closes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chatrepl.core.foreign_json import Decoded, decode
from chatrepl.core.talk.blocks import Block, block_from_wire, unread_input
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire, scrub


@frozen
class Rope:
    """Text that grows by pieces; adding costs amortised logarithmic time, not the whole length.

    Each piece is at least twice as long as the next.
    """

    pieces: tuple[str, ...] = ()

    def add(self, text: str) -> "Rope":
        """Append `text`. Pieces less than twice as long as what follows are merged into it."""
        if not text:
            return self
        pieces = self.pieces
        while pieces and len(pieces[-1]) < 2 * len(text):
            text = pieces[-1] + text
            pieces = pieces[:-1]
        return Rope((*pieces, text))

    def __str__(self) -> str:
        return "".join(self.pieces)

    def __len__(self) -> int:
        return sum(map(len, self.pieces))


@frozen
class OpenBlock:
    """The block that is being written: how it opened, and what has come since."""

    index: int
    wire: Wire
    text: Rope = Rope()
    signature: Rope = Rope()
    citations: tuple[Wire, ...] = ()

    @property
    def type(self) -> str:
        return str(self.wire.get("type"))

    @property
    def is_call(self) -> bool:
        """Tell whether it is the call of a tool, which is of no use before it is complete."""
        return self.type.endswith("tool_use")

    @property
    def written(self) -> str:
        """The text so far, with what the block opened with."""
        return _text(self.wire, self.type) + str(self.text)

    def add(self, text: str) -> "OpenBlock":
        grown = self.text.add(text)  # not replaced: this is done for each piece
        return OpenBlock(self.index, self.wire, grown, self.signature, self.citations)

    def close(self) -> Block | None:
        """Make the finished block; None where nothing came that could be sent back."""
        # The service takes back no empty text, and no thinking without its signature, which comes
        # last: of a reply that was cut only text can be gone on with
        # (platform.claude.com/docs/en/build-with-claude/streaming).
        wire = dict(self.wire)
        match self.type:
            case "text":
                wire["text"] = scrub(self.written)
                begun = wire.pop("citations", None)
                if cited := [*(begun if isinstance(begun, list) else ()), *self.citations]:
                    wire["citations"] = cited
                return block_from_wire(wire) if wire["text"] else None
            case "thinking":
                wire["thinking"] = scrub(self.written)
                wire["signature"] = _text(wire, "signature") + str(self.signature)
                return block_from_wire(wire) if wire["signature"] else None
            case _ if self._has_input:
                return block_from_wire({**wire, "input": _input(wire, str(self.text))})
            case _:
                return block_from_wire(wire)

    @property
    def _has_input(self) -> bool:
        begun = isinstance(self.wire.get("input"), Mapping)
        return begun or bool(self.text.pieces) or self.type == "tool_use"

    def unsigned(self) -> Block | None:
        """Give thinking without a signature, which is to be read and not to be sent back."""
        if self.type != "thinking" or not self.written or self.close() is not None:
            return None
        return block_from_wire({**self.wire, "thinking": scrub(self.written)})

    def merged(self, parts: Wire) -> "OpenBlock":
        """Take what a delta of a new kind brings: text goes on, null changes nothing."""
        wire = dict(self.wire)
        for key, value in parts.items():
            if key == "type" or value is None:
                continue
            begun = wire.get(key)
            both = isinstance(begun, str) and isinstance(value, str)
            wire[key] = f"{begun}{value}" if both else value
        return replace(self, wire=wire)


def _text(wire: Wire, key: str) -> str:
    value = wire.get(key)
    return value if isinstance(value, str) else ""


def _input(wire: Wire, partial_json: str) -> Mapping[str, Any]:
    """Read the input of a call: what it opened with, and what came since.

    For a call of ours, what cannot be read whole is kept as such: nothing runs with less.
    """
    begun = wire.get("input")
    given = begun if isinstance(begun, Mapping) else {}
    text = begun if isinstance(begun, str) and not partial_json else partial_json
    if not text.strip() and (not begun or given is begun):
        return given
    read = _read(text)
    if wire.get("type") == "tool_use" and (read.left_out or not isinstance(read.value, dict)):
        return unread_input(text or str(begun))
    return {**given, **read.value} if isinstance(read.value, dict) else given


def _read(text: str) -> Decoded:
    try:
        return decode(text)
    except ValueError:
        return Decoded()
