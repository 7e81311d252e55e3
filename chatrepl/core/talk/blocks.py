"""Content blocks: what a message is made of.

A block knows its two faces and nothing else does: `to_wire` for the API and for files on disk,
`to_markdown` for people (screen, export, search). To add a type, write its class here, with the
keys it takes and their types, and list it in `BLOCKS`; the type checker asks
`core/tokens/estimate.py` what it weighs. Whatever else a block brings stays with it in `more`, and
what no class takes stays an `UnknownBlock`: a block goes back to the service as it came.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, ClassVar, Final, TypeAlias

from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire, scrub

BlockKeys: TypeAlias = Mapping[str, type | tuple[type, ...]]
_LIST: Final = (list, tuple)
_UNGIVEN: Final[Wire] = {}  # the input of a call that came without one
_UNREAD: Final = "INVALID_JSON"
_LONGEST_UNREAD: Final = 2_000
_MAY_BE_EMPTY: Final = frozenset({"name", "signature"})  # an empty one is as good as none


class KeyedBlock:
    """A block that is written by its `KEYS`: each is a field, and has that type on the wire.

    `more` has what else came with it.
    """

    __slots__ = ()
    KEYS: ClassVar[BlockKeys] = {}
    more: Wire

    def to_wire(self) -> dict[str, Any]:
        """Write the block; what is absent is left out."""
        parts = {key: getattr(self, key) for key in ("type", *self.KEYS)}
        wire = {key: _plain(part) for key, part in parts.items() if not _is_absent(key, part)}
        return wire | dict(self.more)


@frozen
class TextBlock(KeyedBlock):
    """Text, with the citations that the service attached to it."""

    type: ClassVar[str] = "text"
    KEYS: ClassVar[BlockKeys] = {"text": str, "citations": _LIST}
    text: str
    citations: tuple[Wire, ...] = ()
    more: Wire = field(default_factory=dict, hash=False)

    def to_markdown(self) -> str:
        return self.text


@frozen
class ImageBlock(KeyedBlock):
    """An image; its bytes are encoded once, when it is attached."""

    type: ClassVar[str] = "image"
    KEYS: ClassVar[BlockKeys] = {"source": Mapping}
    source: Wire
    more: Wire = field(default_factory=dict, hash=False)

    @classmethod
    def base64(cls, media_type: str, data: str) -> "ImageBlock":
        return cls({"type": "base64", "media_type": media_type, "data": data})

    @classmethod
    def url(cls, url: str) -> "ImageBlock":
        return cls({"type": "url", "url": url})

    def to_markdown(self) -> str:
        return f"*[image: {_flat(_describe(self.source))}]*"


@frozen
class DocumentBlock(KeyedBlock):
    """A PDF or a text file."""

    type: ClassVar[str] = "document"
    KEYS: ClassVar[BlockKeys] = {"source": Mapping, "title": str}
    source: Wire
    title: str | None = None
    more: Wire = field(default_factory=dict, hash=False)

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

    @property
    def text(self) -> str:
        """The text of a text file; empty for anything else."""
        data = self.source.get("data")
        return data if self.source.get("type") == "text" and isinstance(data, str) else ""

    @property
    def citing(self) -> "DocumentBlock":
        """The same, with the model asked to say what it takes from it."""
        return replace(self, more={**self.more, "citations": {"enabled": True}})

    @classmethod
    def url(cls, url: str, title: str | None = None) -> "DocumentBlock":
        return cls({"type": "url", "url": url}, title)

    def to_markdown(self) -> str:
        return f"*[document: {_flat(self.title or _describe(self.source))}]*"


@frozen
class ThinkingBlock(KeyedBlock):
    """The model's reasoning, signed: it goes back as it came or not at all."""

    type: ClassVar[str] = "thinking"
    KEYS: ClassVar[BlockKeys] = {"thinking": str, "signature": str}
    thinking: str
    signature: str = ""
    more: Wire = field(default_factory=dict, hash=False)

    def to_markdown(self) -> str:
        return "\n".join(f"> {line}" for line in self.thinking.splitlines())


@frozen
class RedactedThinkingBlock(KeyedBlock):
    """Reasoning that only the service can read."""

    type: ClassVar[str] = "redacted_thinking"
    KEYS: ClassVar[BlockKeys] = {"data": str}
    data: str
    more: Wire = field(default_factory=dict, hash=False)

    def to_markdown(self) -> str:
        return "> *[redacted thinking]*"


@frozen
class ToolUseBlock(KeyedBlock):
    """A call of a tool: ours to answer (`tool_use`) or the service's own (`…_tool_use`)."""

    KEYS: ClassVar[BlockKeys] = {"type": str, "id": str, "name": str, "input": Mapping}
    type: str
    id: str
    name: str = ""
    input: Mapping[str, Any] = field(default_factory=dict)
    more: Wire = field(default_factory=dict, hash=False)

    def to_markdown(self) -> str:
        return f"*[tool call: {_flat(self.name or self.type)}]*"


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
    more: Wire = field(default_factory=dict, hash=False)

    def to_markdown(self) -> str:
        return f"*[{_flat(self.type.replace('_', ' '))}]*"


@frozen
class UnknownBlock:
    """A block this version has no class for, or whose parts are of other types: kept whole."""

    wire: Wire

    @property
    def type(self) -> str:
        return str(self.wire.get("type", "unknown"))

    def to_wire(self) -> dict[str, Any]:
        return dict(self.wire)

    def to_markdown(self) -> str:
        text = self.wire.get("text")
        return text if isinstance(text, str) else f"*[{_flat(self.type)}]*"


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
    "tool_result": ToolResultBlock,
}


def class_of(type_: object) -> type[TypedBlock] | None:
    """Find the class for a type: calls and results of tools are told by how their types end."""
    name = str(type_)
    family = next((end for end in ("tool_use", "tool_result") if name.endswith(end)), name)
    return BLOCKS.get(family)


def block_from_wire(wire: Wire) -> Block:
    """Read a block; what the fields of its class do not give back is kept beside them."""
    cls = class_of(wire.get("type"))
    if cls is None or misfits(wire):
        return UnknownBlock(wire)
    parts: dict[str, Any] = {
        key: tuple(wire[key]) if kind is _LIST else wire[key]
        for key, kind in cls.KEYS.items()
        if wire.get(key) is not None
    }
    more = {
        key: value
        for key, value in wire.items()
        if key != "type" and (_is_absent(key, parts[key]) if key in parts else key not in cls.KEYS)
    }
    if cls is ToolUseBlock:
        parts.setdefault("input", _UNGIVEN)
    try:
        return cls(**parts, more=more)
    except TypeError:  # a part without a default is absent
        return UnknownBlock(wire)


def misfits(wire: Wire) -> frozenset[str]:
    """Name the keys whose values are not of the type that the block's class takes."""
    cls = class_of(wire.get("type"))
    keys = cls.KEYS if cls is not None else {}
    return frozenset(
        key
        for key, kind in keys.items()
        if wire.get(key) is not None and not isinstance(wire[key], kind)
    )


def unread_input(text: str) -> dict[str, Any]:
    """Stand in for the input of a call that cannot be read, as the service asks for it."""
    # platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
    return {_UNREAD: scrub(text[:_LONGEST_UNREAD])}


def is_unread(given: Mapping[str, Any]) -> bool:
    """Tell whether an input stands in for one that could not be read."""
    return given.keys() == {_UNREAD}


def is_blank(block: Block) -> bool:
    """Tell whether a block is text that says nothing."""
    match block:
        case TextBlock(text=text):
            return not text.strip()
        case UnknownBlock(wire=wire):
            return wire.get("type") == "text" and not str(wire.get("text") or "").strip()
        case _:
            return False


def call_id(block: Block) -> str | None:
    """Give the id of a call, known to us or not; None where the block calls nothing."""
    match block:
        case ToolUseBlock(id=id_):
            return id_
        case UnknownBlock(wire=wire) if block.type.endswith("tool_use"):
            return _text_or_none(wire.get("id"))
        case _:
            return None


def answered_id(block: Block) -> str | None:
    """Give the id of the call that a block answers; None where it answers none."""
    match block:
        case ToolResultBlock(tool_use_id=id_):
            return id_
        case UnknownBlock(wire=wire) if block.type.endswith("tool_result"):
            return _text_or_none(wire.get("tool_use_id"))
        case _:
            return None


def enclosing_id(block: Block) -> str | None:
    """Give the id of the call of code that a call or result comes from, if it comes from one."""
    more: Wire = block.wire if isinstance(block, UnknownBlock) else block.more
    caller = more.get("caller")
    return _text_or_none(caller.get("tool_id")) if isinstance(caller, Mapping) else None


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _is_absent(key: str, part: object) -> bool:
    if part is None or part is _UNGIVEN or part == ():
        return True
    return part == "" and key in _MAY_BE_EMPTY


def _plain(part: Any) -> Any:
    match part:
        case Mapping():
            return dict(part)
        case tuple():
            return list(part)
        case _:
            return part


def _flat(text: str) -> str:
    return " ".join(text.split())


def _describe(source: Wire) -> str:
    return str(source.get("url") or source.get("media_type") or source.get("type") or "?")
