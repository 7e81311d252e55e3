"""The files that code made which the service ran, as a conversation names them."""

from collections.abc import Iterable, Iterator
from typing import Any

from chatrepl.core.talk.blocks import Block
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.value import frozen

_UPLOAD = "container_upload"
_UNITS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


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
    return f"{size / unit:.3g} {name}" if size < 1000 * unit else f"{size // unit:,} {name}"


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
