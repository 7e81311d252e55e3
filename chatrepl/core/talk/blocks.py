"""Content blocks: what a message is made of.

A block knows its two faces and nothing else does: `to_wire` for the API and for files on disk,
`to_markdown` for people (screen, export, search). To add a type, write its class here, with the
keys it takes and their types, and list it in `BLOCKS`: the translator, the journal and the tests
read that table, and the type checker asks `core/tokens/estimate.py` what it weighs. What no class
takes whole stays an `UnknownBlock`, sent back as it came.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar, Final, TypeAlias

from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

BlockKeys: TypeAlias = Mapping[str, type | tuple[type, ...]]
_LIST: Final = (list, tuple)


class KeyedBlock:
    """A block that is written by its `KEYS`: each is a field, and has that type on the wire."""

    __slots__ = ()
    KEYS: ClassVar[BlockKeys] = {}

    def to_wire(self) -> dict[str, Any]:
        """Write the block; what is absent or an empty list of citations is left out."""
        parts = {key: getattr(self, key) for key in ("type", *self.KEYS)}
        return {key: _plain(part) for key, part in parts.items() if part is not None and part != ()}


@frozen
class TextBlock(KeyedBlock):
    """Text, with the citations that the service attached to it."""

    type: ClassVar[str] = "text"
    KEYS: ClassVar[BlockKeys] = {"text": str, "citations": _LIST}
    text: str
    citations: tuple[Wire, ...] = ()

    def to_markdown(self) -> str:
        return self.text


@frozen
class ImageBlock(KeyedBlock):
    """An image; its bytes are encoded once, when it is attached."""

    type: ClassVar[str] = "image"
    KEYS: ClassVar[BlockKeys] = {"source": Mapping}
    source: Wire

    @classmethod
    def base64(cls, media_type: str, data: str) -> "ImageBlock":
        return cls({"type": "base64", "media_type": media_type, "data": data})

    @classmethod
    def url(cls, url: str) -> "ImageBlock":
        return cls({"type": "url", "url": url})

    def to_markdown(self) -> str:
        return f"*[image: {_describe(self.source)}]*"


@frozen
class DocumentBlock(KeyedBlock):
    """A PDF or a text file."""

    type: ClassVar[str] = "document"
    KEYS: ClassVar[BlockKeys] = {"source": Mapping, "title": str}
    source: Wire
    title: str | None = None

    @classmethod
    def base64_pdf(cls, data: str, title: str | None = None) -> "DocumentBlock":
        return cls({"type": "base64", "media_type": "application/pdf", "data": data}, title)

    @classmethod
    def plain(cls, text: str, title: str | None = None) -> "DocumentBlock":
        return cls({"type": "text", "media_type": "text/plain", "data": text}, title)

    @property
    def is_pdf(self) -> bool:
        return self.source.get("type") == "url" or (
            self.source.get("media_type") == "application/pdf"
        )

    @classmethod
    def url(cls, url: str, title: str | None = None) -> "DocumentBlock":
        return cls({"type": "url", "url": url}, title)

    def to_markdown(self) -> str:
        return f"*[document: {self.title or _describe(self.source)}]*"


@frozen
class ThinkingBlock(KeyedBlock):
    """The model's reasoning, signed: it goes back as it came or not at all."""

    type: ClassVar[str] = "thinking"
    KEYS: ClassVar[BlockKeys] = {"thinking": str, "signature": str}
    thinking: str
    signature: str = ""

    def to_markdown(self) -> str:
        return "\n".join(f"> {line}" for line in self.thinking.splitlines())


@frozen
class RedactedThinkingBlock(KeyedBlock):
    """Reasoning that only the service can read."""

    type: ClassVar[str] = "redacted_thinking"
    KEYS: ClassVar[BlockKeys] = {"data": str}
    data: str

    def to_markdown(self) -> str:
        return "> *[redacted thinking]*"


@frozen
class ToolUseBlock(KeyedBlock):
    """A call of a tool: ours to answer (`tool_use`) or the service's own (`server_tool_use`)."""

    KEYS: ClassVar[BlockKeys] = {"type": str, "id": str, "name": str, "input": Mapping}
    type: str
    id: str
    name: str
    input: Mapping[str, Any] = field(default_factory=dict)

    def to_markdown(self) -> str:
        return f"*[tool call: {self.name}]*"


@frozen
class ToolResultBlock(KeyedBlock):
    """What a tool answered: ours (`tool_result`) or one of the service's `…_tool_result` types."""

    KEYS: ClassVar[BlockKeys] = {
        "type": str,
        "tool_use_id": str,
        "content": object,
        "is_error": bool,
    }
    type: str
    tool_use_id: str
    content: Any = None
    is_error: bool | None = None

    def to_markdown(self) -> str:
        return f"*[{self.type.replace('_', ' ')}]*"


@frozen
class UnknownBlock:
    """A block this version has no class for, or that carries keys we do not know: kept whole."""

    wire: Wire

    @property
    def type(self) -> str:
        return str(self.wire.get("type", "unknown"))

    def to_wire(self) -> dict[str, Any]:
        return dict(self.wire)

    def to_markdown(self) -> str:
        text = self.wire.get("text")
        return text if isinstance(text, str) else f"*[{self.type}]*"


TypedBlock: TypeAlias = (
    TextBlock
    | ImageBlock
    | DocumentBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ToolResultBlock
)
Block: TypeAlias = TypedBlock | UnknownBlock
THINKING: Final = (ThinkingBlock, RedactedThinkingBlock)

BLOCKS: Mapping[str, type[TypedBlock]] = {
    "text": TextBlock,
    "image": ImageBlock,
    "document": DocumentBlock,
    "thinking": ThinkingBlock,
    "redacted_thinking": RedactedThinkingBlock,
    "tool_use": ToolUseBlock,
    "server_tool_use": ToolUseBlock,
    "tool_result": ToolResultBlock,
    "web_search_tool_result": ToolResultBlock,
    "web_fetch_tool_result": ToolResultBlock,
}


def block_from_wire(wire: Wire) -> Block:
    """Read a block; one that its class could not give back whole stays an `UnknownBlock`."""
    cls = BLOCKS.get(str(wire.get("type")))
    given = {key: value for key, value in wire.items() if value is not None}
    if cls is None or given.keys() - cls.KEYS.keys() - {"type"} or misfits(given):
        return UnknownBlock(wire)
    parts: dict[str, Any] = {
        key: tuple(given[key]) if kind is _LIST else given[key]
        for key, kind in cls.KEYS.items()
        if key in given
    }
    try:
        return cls(**parts)
    except TypeError:  # a part without a default is absent
        return UnknownBlock(wire)


def misfits(wire: Wire) -> frozenset[str]:
    """Name the keys whose values are not of the type that the block's class takes."""
    cls = BLOCKS.get(str(wire.get("type")))
    keys = cls.KEYS if cls is not None else {}
    return frozenset(
        key
        for key, kind in keys.items()
        if wire.get(key) is not None and not isinstance(wire[key], kind)
    )


def _plain(part: Any) -> Any:
    match part:
        case Mapping():
            return dict(part)
        case tuple():
            return list(part)
        case _:
            return part


def _describe(source: Wire) -> str:
    return str(source.get("url") or source.get("media_type") or source.get("type") or "?")
