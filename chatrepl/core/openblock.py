"""A block while it streams in: it grows by pieces, and becomes a `Block` when it closes."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from chatrepl.core.blocks import Block, TextBlock, ThinkingBlock, block_from_wire
from chatrepl.core.frozen import frozen
from chatrepl.core.wire import Wire, encode, scrub

_CALLS: Final = frozenset({"tool_use", "server_tool_use"})


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
        return self.type in _CALLS

    @property
    def written(self) -> str:
        """The text so far, with what the block opened with."""
        return _text(self.wire, self.type) + str(self.text)

    def add(self, text: str) -> "OpenBlock":
        return replace(self, text=self.text.add(text))

    def close(self) -> Block | None:
        """Make the finished block; None where nothing came that could be sent back."""
        wire = {key: value for key, value in self.wire.items() if value is not None}
        match self.type:
            case "text":
                text = scrub(self.written)
                begun = wire.get("citations")
                cited = (*(begun if isinstance(begun, list) else ()), *self.citations)
                return TextBlock(text, cited) if text else None
            case "thinking":
                signature = _text(wire, "signature") + str(self.signature)
                return ThinkingBlock(scrub(self.written), signature) if signature else None
            case _ if self.text.pieces or self.is_call:
                return block_from_wire({**wire, "input": _input(wire, str(self.text))})
            case _:
                return block_from_wire(wire)


def _text(wire: Wire, key: str) -> str:
    value = wire.get(key)
    return value if isinstance(value, str) else ""


def _input(wire: Wire, partial_json: str) -> Mapping[str, Any]:
    begun = wire.get("input")
    try:
        value = json.loads(partial_json) if partial_json else begun
        encode(value)  # numbers beyond all bounds can be read, but not sent back
    except (ValueError, RecursionError):
        value = {}
    return value if isinstance(value, dict) else {}
