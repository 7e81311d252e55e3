"""Which parts of a request the prompt cache is told to keep, beyond the automatic mark at its end.

The service keeps what stands before a mark, and looks for what it kept at most 20 blocks before
one. So a mark pays where the next request ends elsewhere: at the end of the system prompt, at the
end of the last request when much came since, and before a prefill, which no later request has.
With the automatic one these are never more than the four that are allowed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chatrepl.core.conversation import Message

LOOKBACK: Final = 18  # blocks; a little less than the service looks back
_BYTES_PER_TOKEN: Final = 3.2  # English has more, so a mark is set a little early, which is free


def is_large(text: str, minimum: int) -> bool:
    """Tell whether a text is likely to reach the `minimum` of tokens that a cache takes."""
    return len(text.encode("utf-8", "replace")) >= minimum * _BYTES_PER_TOKEN


def marked_messages(messages: Sequence[Message], *, prefilled: bool) -> frozenset[int]:
    """Name the places of the messages whose ends are marked.

    `prefilled` tells that the last one is the beginning of a reply.
    """
    end = len(messages) - prefilled
    found = {end - 1} if prefilled and end else set()
    at = end - 1
    while at >= 0 and messages[at].role != "assistant":
        at -= 1
    while at >= 0 and messages[at].role == "assistant":
        at -= 1
    if at >= 0 and sum(len(message.content) for message in messages[at + 1 : end]) > LOOKBACK:
        found.add(at)
    return frozenset(found)


def marked(message: Message, control: Mapping[str, Any]) -> dict[str, Any]:
    """Write a message with a mark on its last block."""
    wire = message.to_wire()
    wire["content"][-1] = {**wire["content"][-1], "cache_control": dict(control)}
    return wire


def marked_text(text: str, control: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write a system prompt as one block with a mark."""
    return [{"type": "text", "text": text, "cache_control": dict(control)}]
