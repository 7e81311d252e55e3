"""An answer that is no event stream by its label, or at all: what it is, and the events in it."""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from chatrepl.core.foreign_json import read_json
from chatrepl.core.wire import Wire, encode

Shape: TypeAlias = Literal["events", "json", "other"]
EVENTS: Final = frozenset(
    {
        "message_start", "content_block_start", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop", "ping",
    }
)  # fmt: skip
_MARK: Final = b"\xef\xbb\xbf"
_FIELDS: Final = (b"event:", b"data:", b"id:", b"retry:", b":")
_LABELS: Final = frozenset({"text/event-stream", ""})


def shape_of(head: bytes, content_type: str) -> Shape | None:
    """Tell what an answer is by its first bytes; None where these do not tell yet.

    Its label decides only where the bytes leave it open.
    """
    if _MARK.startswith(head):
        return None
    text = head.removeprefix(_MARK).lstrip()
    if not text:
        return None
    if text[:1] in {b"{", b"["}:
        return "json"
    if text[:1] == b"<":
        return "other"
    if content_type in _LABELS or text.startswith(_FIELDS):
        return "events"
    return None if any(field.startswith(text) for field in _FIELDS) else "other"


def events_in(body: bytes) -> list[Wire] | None:
    """Give the events that a body in JSON stands for; None where it is no reply.

    It may be one message, a list of events, or one event a line.
    """
    value = read_json(body)
    if isinstance(value, dict) and _is_message(value):
        return unfolded(value)
    events = value if isinstance(value, list) else [read_json(line) for line in body.splitlines()]
    wires: list[Wire] = [event for event in events if isinstance(event, dict)]
    return wires if any(event.get("type") in EVENTS for event in wires) else None


def unfolded(value: Wire) -> list[Wire]:
    """Give the events that a whole message stands for; what is none stands for itself."""
    return list(_pieces_of(value)) if _is_message(value) else [value]


def _is_message(value: Wire) -> bool:
    kind = value.get("type")
    return kind == "message" or (kind is None and {"role", "content"} <= value.keys())


def _pieces_of(message: Wire) -> Iterator[Wire]:
    content = message.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    for index, block in enumerate(blocks if isinstance(blocks, list) else ()):
        if isinstance(block, dict):
            yield from _pieces(index, block)
    yield {"type": "message_delta", "delta": message, "usage": message.get("usage")}
    yield {"type": "message_stop"}


def _pieces(index: int, block: Wire) -> Iterator[Wire]:
    """Take a block apart as the service streams it."""
    start, deltas = dict(block), []
    match block:
        case {"type": "text" | "thinking" as kind, **rest} if isinstance(rest.get(kind), str):
            start |= {kind: ""}
            deltas = [{"type": f"{kind}_delta", kind: rest[kind]}]
        case {"input": dict(given)} if given:
            start |= {"input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": encode(given)}]
    if block.get("type") == "text" and isinstance(sources := start.pop("citations", None), list):
        deltas += [{"type": "citations_delta", "citation": source} for source in sources]
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
