"""What a scripted service answers: the events of a reply, one answer a request."""

import json
import socket
from collections.abc import Sequence
from typing import Any

from tests.faults.raw import MESSAGE, OPEN, Talk, sse

Answer = Sequence[bytes]


def in_turn(*answers: Answer) -> Talk:
    """Give the answers one after the other; the last one again and again."""
    left = list(answers)

    def talk(peer: socket.socket) -> None:
        for piece in left.pop(0) if len(left) > 1 else left[0]:
            peer.sendall(piece)

    return talk


def streamed(*events: bytes, reason: str | None = "end_turn", **more: Any) -> Answer:
    """Answer with a whole reply; `more` goes with its end."""
    return [OPEN, begun(), *events, ended(reason, **more)]


def begun(**message: Any) -> bytes:
    return sse(type="message_start", message=MESSAGE | message)


def ended(reason: str | None, usage: Any = None, **more: Any) -> bytes:
    given = {"output_tokens": 3} if usage is None else usage
    delta = {"stop_reason": reason, **more}
    return sse(type="message_delta", delta=delta, usage=given) + sse(type="message_stop")


def block(index: int, start: Any, *deltas: Any) -> bytes:
    """Stream a block: how it opens, and the deltas that follow."""
    grown = (sse(type="content_block_delta", index=index, delta=delta) for delta in deltas)
    opens = sse(type="content_block_start", index=index, content_block=start)
    return opens + b"".join(grown) + sse(type="content_block_stop", index=index)


def said(index: int, *words: str, **start: Any) -> bytes:
    """Stream a text in pieces."""
    deltas = ({"type": "text_delta", "text": piece} for piece in words)
    return block(index, {"type": "text", "text": "", **start}, *deltas)


def cited(index: int, words: str, *citations: Any) -> bytes:
    """Stream a text with what supports it."""
    deltas = ({"type": "citations_delta", "citation": each} for each in citations)
    text = {"type": "text_delta", "text": words}
    return block(index, {"type": "text", "text": "", "citations": []}, text, *deltas)


def thought(index: int, words: str, signature: str = "sig") -> bytes:
    signed = [{"type": "signature_delta", "signature": signature}] if signature else []
    start = {"type": "thinking", "thinking": "", "signature": ""}
    return block(index, start, {"type": "thinking_delta", "thinking": words}, *signed)


def refused(status: int, answer: Any, **headers: str) -> Answer:
    """Answer with an error."""
    body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{''.join(lines)}"
    return [f"{head}connection: close\r\n\r\n".encode(), body]


def error(kind: str, words: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": words}}
