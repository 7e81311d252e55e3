"""What code of the service did, as a conversation tells it: what ran, wrote and made."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from chatrepl.core.talk.blocks import Block
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.value import frozen

_UPLOAD: Final = "container_upload"
_CODE: Final = re.compile(r"(text_editor_|bash_)?code_execution(_tool_result)?")
# What of a call and of a result is to be read, and in which language it is.
_READ: Final = {
    "code": "python", "command": "sh", "path": "", "file_text": "", "old_str": "", "new_str": "",
    "stdout": "", "stderr": "", "content": "",
}  # fmt: skip
_UNITS: Final = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


@frozen
class MadeFile:
    """What the service says of a file; `size` in bytes is None where it does not tell.

    What is not `given` out can be used by code only.
    """

    id: str
    name: str = ""
    size: int | None = None
    kind: str = ""
    given: bool = True

    @property
    def line(self) -> str:
        """Say what it is: `chart.png · 12 kB`."""
        return " · ".join(filter(None, (self.name or self.id, size_words(self.size))))


def size_words(size: int | None) -> str:
    """Write how large a file is; nothing where nobody knows."""
    if size is None:
        return ""
    unit, name = next((pair for pair in _UNITS if size >= pair[0]), (1, "bytes"))
    count = size / unit
    return f"{count:.3g} {name}" if count < 999.5 else f"{count:,.0f} {name}"


def files_made(blocks: Iterable[Block]) -> tuple[str, ...]:
    """Name the files that code made, by their ids at the service, each once, the oldest first."""
    return tuple(dict.fromkeys(id_ for block in blocks for id_ in _files_of(block)))


def _files_of(block: Block) -> Iterator[str]:
    if block.type == _UPLOAD or block.type.endswith("_tool_result"):
        yield from _named(block.to_wire())


def _named(value: Any) -> Iterator[str]:
    """Find the ids in a result, however deep they stand in it."""
    match value:
        case {"file_id": str(id_)}:
            yield id_
        case {"content": inner}:
            yield from _named(inner)
        case list():
            for one in value:
                yield from _named(one)
        case _:
            pass


def made_in(conversation: Conversation) -> tuple[str, ...]:
    """Name the files that were made up to where we stand: their numbers are their places."""
    replies = (m for turn in conversation.path() for m in turn.messages if m.role == "assistant")
    return files_made(block for message in replies for block in message.content)


def told_in_full(blocks: Iterable[Block]) -> str:
    """Write all code and output among blocks as Markdown; empty where no code ran."""
    wires = (block.to_wire() for block in blocks)
    parts = (wire.get("input", wire.get("content")) for wire in wires if _is_of_code(wire))
    return "\n\n".join(text for part in parts if (text := "\n\n".join(_fenced(part))))


def _is_of_code(wire: Mapping[str, Any]) -> bool:
    name = wire.get("name") if wire.get("type") == "server_tool_use" else wire.get("type")
    return isinstance(name, str) and _CODE.fullmatch(name) is not None


def _fenced(part: Any) -> Iterator[str]:
    given = part if isinstance(part, Mapping) else {}
    for key, language in _READ.items():
        if isinstance(text := given.get(key), str) and text.strip():
            runs = re.findall(r"`{3,}", text)
            fence = "`" * (max(map(len, runs), default=2) + 1)
            yield f"{fence}{language}\n{text.rstrip()}\n{fence}"
