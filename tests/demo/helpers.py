"""What the tests of the embedded engine share."""

import base64
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from chatrepl.demo.engine import Engine
from chatrepl.demo.wire import WireAnswer

HEADERS = {"authorization": "Bearer demo", "anthropic-version": "2026-10-21"}
NEW = "claude-opus-5-5"
OLD = "claude-haiku-4-5"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_780_000_000.0

    def __call__(self) -> float:
        return self.now


def ids() -> Callable[[], str]:
    numbers: Iterator[int] = iter(range(1, 1_000_000))
    return lambda: f"{next(numbers):024d}"


def engine(**given: Any) -> Engine:
    return Engine(clock=given.pop("clock", Clock()), new_id=ids(), **given)


def _content(content: tuple[Any, ...]) -> Any:
    plain = len(content) == 1 and not isinstance(content[0], dict)
    return content[0] if plain else list(content)


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": _content(content)}


def assistant(*content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": _content(content)}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def body(*messages: Any, model: str = NEW, **more: Any) -> dict[str, Any]:
    return {"model": model, "max_tokens": 4000, "messages": list(messages), **more}


def post(on: Engine, value: object, path: str = "/v1/messages", **headers: str) -> WireAnswer:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return on.handle("POST", path, HEADERS | headers, raw)


def ask(on: Engine, value: object, **headers: str) -> dict[str, Any]:
    """Return the message that answers a body, which has to be a good one."""
    answer = post(on, value, **headers)
    assert answer.status == 200, answer.body
    return dict(json.loads(answer.body))


def refusal(on: Engine, value: object, **headers: str) -> tuple[int, str]:
    """Return status and words of the error that answers a body."""
    answer = post(on, value, **headers)
    error = json.loads(answer.body)
    assert error["type"] == "error", error
    return answer.status, error["error"]["message"]


def said(message: dict[str, Any]) -> str:
    return "".join(b["text"] for b in message["content"] if b["type"] == "text")


def events(answer: WireAnswer) -> list[dict[str, Any]]:
    found = []
    for part in answer.body.decode().split("\n\n"):
        if part:
            name, data = part.split("\n", 1)
            value = json.loads(data.removeprefix("data: "))
            assert name == f"event: {value['type']}"
            found.append(value)
    return found


def streamed(answer: WireAnswer) -> str:
    deltas = [event.get("delta") or {} for event in events(answer)]
    return "".join(delta.get("text", "") for delta in deltas)


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 16)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def picture(data: bytes, media_type: str = "image/png") -> dict[str, Any]:
    encoded = base64.b64encode(data).decode()
    source = {"type": "base64", "media_type": media_type, "data": encoded}
    return {"type": "image", "source": source}


def document(words: str = "A short document.", **more: Any) -> dict[str, Any]:
    source = {"type": "text", "media_type": "text/plain", "data": words}
    return {"type": "document", "source": source, **more}


def accumulated(answer: WireAnswer) -> dict[str, Any]:
    """Return the message that a stream of events amounts to, by the rules of the docs alone."""
    message: dict[str, Any] = {}
    for event in events(answer):
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                message["content"].append({**event["content_block"], "_json": ""})
            case "content_block_delta":
                _grow(message["content"][event["index"]], event["delta"])
            case "content_block_stop":
                block = message["content"][event["index"]]
                if given := block.pop("_json"):
                    block["input"] = json.loads(given)
            case "message_delta":
                message |= event["delta"]
                message["usage"] |= event["usage"]
            case _:
                pass
    return message


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    match delta["type"]:
        case "input_json_delta":
            block["_json"] += delta["partial_json"]
        case "citations_delta":
            block["citations"].append(delta["citation"])
        case "compaction_delta":
            block |= {k: v for k, v in delta.items() if k != "type" and v is not None}
        case kind:
            field = kind.removesuffix("_delta")
            block[field] += delta[field]


def kinds(message: dict[str, Any]) -> list[str]:
    """Return the types of the blocks of a message, thinking aside."""
    return [block["type"] for block in message["content"] if "thinking" not in block["type"]]
