"""Content blocks: what a message is made of.

A block knows its two faces and nothing else does: `to_wire` for the API and for files on disk,
`to_markdown` for people (screen, export, search). To add a type, write its class here, with the
keys it takes and their types, and list it in `BLOCKS`. What no class takes whole stays an
`UnknownBlock`, sent back as it came.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Protocol, Self, TypeAlias, runtime_checkable

from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire


@runtime_checkable
class ContentBlock(Protocol):
    """One piece of a message."""

    @property
    def type(self) -> str: ...

    @classmethod
    def from_wire(cls, wire: Wire) -> Self: ...

    def to_wire(self) -> dict[str, Any]: ...

    def to_markdown(self) -> str: ...


@frozen
class TextBlock:
    """Text, with the citations that the service attached to it."""

    type: ClassVar[str] = "text"
    KEYS: ClassVar = {"text": str, "citations": (list, tuple)}
    text: str
    citations: tuple[Wire, ...] = ()

    @classmethod
    def from_wire(cls, wire: Wire) -> Self:
        return cls(wire["text"], tuple(wire.get("citations") or ()))

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"type": self.type, "text": self.text}
        if self.citations:
            wire["citations"] = list(self.citations)
        return wire

    def to_markdown(self) -> str:
        return self.text


@frozen
class ImageBlock:
    """An image; its bytes are encoded once, when it is attached."""

    type: ClassVar[str] = "image"
    KEYS: ClassVar = {"source": Mapping}
    source: Wire

    @classmethod
    def base64(cls, media_type: str, data: str) -> Self:
        return cls({"type": "base64", "media_type": media_type, "data": data})

    @classmethod
    def url(cls, url: str) -> Self:
        return cls({"type": "url", "url": url})

    @classmethod
    def from_wire(cls, wire: Wire) -> Self:
        return cls(wire["source"])

    def to_wire(self) -> dict[str, Any]:
        return {"type": self.type, "source": dict(self.source)}

    def to_markdown(self) -> str:
        return f"*[image: {_describe(self.source)}]*"


@frozen
class DocumentBlock:
    """A PDF or a text file."""

    type: ClassVar[str] = "document"
    KEYS: ClassVar = {"source": Mapping, "title": str}
    source: Wire
    title: str | None = None

    @classmethod
    def base64_pdf(cls, data: str, title: str | None = None) -> Self:
        return cls({"type": "base64", "media_type": "application/pdf", "data": data}, title)

    @classmethod
    def plain(cls, text: str, title: str | None = None) -> Self:
        return cls({"type": "text", "media_type": "text/plain", "data": text}, title)

    @property
    def is_pdf(self) -> bool:
        return self.source.get("type") == "url" or (
            self.source.get("media_type") == "application/pdf"
        )

    @classmethod
    def url(cls, url: str, title: str | None = None) -> Self:
        return cls({"type": "url", "url": url}, title)

    @classmethod
    def from_wire(cls, wire: Wire) -> Self:
        return cls(wire["source"], wire.get("title"))

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"type": self.type, "source": dict(self.source)}
        if self.title is not None:
            wire["title"] = self.title
        return wire

    def to_markdown(self) -> str:
        return f"*[document: {self.title or _describe(self.source)}]*"


@frozen
class ThinkingBlock:
    """The model's reasoning, signed: it goes back as it came or not at all."""

    type: ClassVar[str] = "thinking"
    KEYS: ClassVar = {"thinking": str, "signature": str}
    thinking: str
    signature: str

    @classmethod
    def from_wire(cls, wire: Wire) -> Self:
        return cls(wire["thinking"], wire.get("signature") or "")

    def to_wire(self) -> dict[str, Any]:
        return {"type": self.type, "thinking": self.thinking, "signature": self.signature}

    def to_markdown(self) -> str:
        return "\n".join(f"> {line}" for line in self.thinking.splitlines())


@frozen
class RedactedThinkingBlock:
    """Reasoning that only the service can read."""

    type: ClassVar[str] = "redacted_thinking"
    KEYS: ClassVar = {"data": str}
    data: str

    @classmethod
    def from_wire(cls, wire: Wire) -> Self:
        return cls(wire["data"])

    def to_wire(self) -> dict[str, Any]:
        return {"type": self.type, "data": self.data}

    def to_markdown(self) -> str:
        return "> *[redacted thinking]*"


@frozen
class ToolUseBlock:
    """A call of a tool: ours to answer (`tool_use`) or the service's own (`server_tool_use`)."""

    KEYS: ClassVar = {"id": str, "name": str, "input": Mapping}
    type: str
    id: str
    name: str
    input: Mapping[str, Any]

    @classmethod
    def from_wire(cls, wire: Wire) -> Self:
        return cls(wire["type"], wire["id"], wire["name"], wire.get("input") or {})

    def to_wire(self) -> dict[str, Any]:
        return {"type": self.type, "id": self.id, "name": self.name, "input": dict(self.input)}

    def to_markdown(self) -> str:
        return f"*[tool call: {self.name}]*"


@frozen
class ToolResultBlock:
    """What a tool answered: ours (`tool_result`) or one of the service's `…_tool_result` types."""

    KEYS: ClassVar = {"tool_use_id": str, "content": object, "is_error": bool}
    type: str
    tool_use_id: str
    content: Any = None
    is_error: bool | None = None

    @classmethod
    def from_wire(cls, wire: Wire) -> Self:
        return cls(wire["type"], wire["tool_use_id"], wire.get("content"), wire.get("is_error"))

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"type": self.type, "tool_use_id": self.tool_use_id}
        if self.content is not None:
            wire["content"] = self.content
        if self.is_error is not None:
            wire["is_error"] = self.is_error
        return wire

    def to_markdown(self) -> str:
        return f"*[{self.type.replace('_', ' ')}]*"


@frozen
class UnknownBlock:
    """A block this version has no class for, or that carries keys we do not know: kept whole."""

    wire: Wire

    @property
    def type(self) -> str:
        return str(self.wire.get("type", "unknown"))

    @classmethod
    def from_wire(cls, wire: Wire) -> Self:
        return cls(wire)

    def to_wire(self) -> dict[str, Any]:
        return dict(self.wire)

    def to_markdown(self) -> str:
        text = self.wire.get("text")
        return text if isinstance(text, str) else f"*[{self.type}]*"


Known: TypeAlias = (
    TextBlock
    | ImageBlock
    | DocumentBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ToolResultBlock
)
Block: TypeAlias = Known | UnknownBlock
THINKING: Final = (ThinkingBlock, RedactedThinkingBlock)

BLOCKS: Mapping[str, type[Known]] = {
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
    if cls is None:
        return UnknownBlock(wire)
    known: dict[str, Any] = {"type": str, **cls.KEYS}
    if not all(v is None or isinstance(v, known.get(k, ())) for k, v in wire.items()):
        return UnknownBlock(wire)
    try:
        return cls.from_wire({key: value for key, value in wire.items() if value is not None})
    except KeyError:
        return UnknownBlock(wire)


def _describe(source: Wire) -> str:
    return str(source.get("url") or source.get("media_type") or source.get("type") or "?")
