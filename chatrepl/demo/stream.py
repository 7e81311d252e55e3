"""Turn a finished message into the service's stream of events, and events into bytes."""

import itertools
import json
from collections.abc import Iterable, Iterator

from chatrepl.demo.turns import is_call
from chatrepl.demo.wire import JSON, Chunk, dump

NamedEvent = tuple[str, JSON]  # its name and its data
SIZES = (3, 5, 2, 7, 4, 6)  # characters in a delta, over and over


def pieces(text: str, sizes: tuple[int, ...]) -> Iterator[str]:
    """Cut `text` into deltas of `sizes` characters, over and over."""
    at = 0
    for size in itertools.cycle(sizes):
        if at >= len(text):
            return
        yield text[at : at + size]
        at += size


def events(message: JSON, sizes: tuple[int, ...] = SIZES) -> list[NamedEvent]:
    """Return the events that stream `message`."""
    usage = message["usage"]
    start = {
        **message,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": {**usage, "output_tokens": min(1, usage["output_tokens"])},
    }
    found: list[NamedEvent] = [_event("message_start", message=start), _event("ping")]
    for index, block in enumerate(message["content"]):
        found.extend(_block(index, block, sizes))
    ending = {key: message.get(key) for key in _ENDING}
    totals = {k: v for k, v in usage.items() if k not in _START_ONLY}
    found += [_event("message_delta", delta=ending, usage=totals), _event("message_stop")]
    return found


_ENDING = ("stop_reason", "stop_sequence", "stop_details", "container")
_START_ONLY = frozenset({"cache_creation", "service_tier", "inference_geo", "speed"})


def _event(name: str, **data: object) -> NamedEvent:
    return name, {"type": name, **data}


def _delta(index: int, kind: str, **data: object) -> NamedEvent:
    return _event("content_block_delta", index=index, delta={"type": kind, **data})


def _block(index: int, block: JSON, sizes: tuple[int, ...]) -> Iterator[NamedEvent]:
    kind = block["type"]
    opening, deltas = dict(block), []
    if kind == "text":
        citations = block.get("citations") or []
        opening = {**block, "text": ""} | ({"citations": []} if citations else {})
        deltas = [_delta(index, "text_delta", text=part) for part in pieces(block["text"], sizes)]
        deltas += [_delta(index, "citations_delta", citation=one) for one in citations]
    elif kind == "thinking":
        opening = {**block, "thinking": "", "signature": ""}
        deltas = [
            _delta(index, "thinking_delta", thinking=part)
            for part in pieces(block["thinking"], sizes)
        ]
        deltas.append(_delta(index, "signature_delta", signature=block["signature"]))
    elif kind == "compaction":
        opening = {**block, "content": None, "encrypted_content": None}
        changed = {key: block.get(key) for key in ("content", "encrypted_content")}
        deltas = [_delta(index, "compaction_delta", **changed)]
    elif is_call(block):
        opening = {**block, "input": {}}
        text = json.dumps(block["input"], ensure_ascii=False)
        deltas = [
            _delta(index, "input_json_delta", partial_json=part) for part in pieces(text, sizes)
        ]
    yield _event("content_block_start", index=index, content_block=opening)
    yield from deltas
    yield _event("content_block_stop", index=index)


def encode(event: NamedEvent) -> bytes:
    """Return one event as the bytes of a server-sent event."""
    name, data = event
    return b"event: " + name.encode() + b"\ndata: " + dump(data) + b"\n\n"


def paced(found: Iterable[NamedEvent], pace: float) -> list[Chunk]:
    """Return the events as chunks, about `pace` tokens a second, 0 for at once.

    A chunk may end inside a character, as on a real line.
    """
    chunks = []
    for event in found:
        data = encode(event)
        wait = _weight(event) / pace if pace > 0 else 0.0
        cut = _inside_character(data)
        chunks.append(Chunk(data[:cut], wait))
        if cut < len(data):
            chunks.append(Chunk(data[cut:]))
    return chunks


def _weight(event: NamedEvent) -> float:
    delta = event[1].get("delta") or {}
    text = delta.get("text") or delta.get("thinking") or delta.get("partial_json") or ""
    return len(text) / 4


def _inside_character(data: bytes) -> int:
    if data.isascii():
        return len(data)
    return next(place for place, byte in enumerate(data) if byte > 0x7F) + 1
