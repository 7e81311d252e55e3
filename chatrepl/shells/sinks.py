"""How the answers to many questions are written: text, objects, or rows; all in order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chatrepl.core.items import Item
from chatrepl.core.wire import encode

Write = Callable[[bytes], None]


@dataclass(slots=True)
class TextSink:
    """One answer after the other; a blank line parts them where one has several lines."""

    write: Write
    safe: Callable[[str], str]
    _before: str | None = None

    def __call__(self, item: Item, result: dict[str, Any]) -> None:
        """Write an answer; what failed is an empty line, so that the others stay in their place."""
        del item
        text = str(result["text"]).rstrip("\n") if result["ok"] else ""
        text = self.safe(text)
        parted = self._before is not None and "\n" in f"{self._before}{text}"
        self._before = text
        line = f"\n{text}\n" if parted else f"{text}\n"
        self.write(line.encode("utf-8", "replace"))


@dataclass(slots=True)
class ObjectSink:
    """One object a line: the result, with the item that it belongs to."""

    write: Write

    def __call__(self, item: Item, result: dict[str, Any]) -> None:
        """Write a result."""
        wire = {"index": item.number, "input": item.value, **result}
        self.write(json_line(wire))


def json_line(value: object) -> bytes:
    """Write a value as a line of ASCII JSON, inert on a terminal."""
    import json

    return f"{json.dumps(json.loads(encode(value)), ensure_ascii=True)}\n".encode()
