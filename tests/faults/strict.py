"""Servers that know fewer fields than the service: each refuses in its own words, and counts."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chatrepl.core.wire import Wire
from tests.faults.raw import END, MESSAGE, sse, text

Body = dict[str, Any]
Answer = tuple[int, Any]
Strict = Callable[[Body], Answer | None]


class Gateway(ThreadingHTTPServer):
    """A Messages API of one kind of strictness, and what it was asked.

    Its replies are `content` and one word.
    """

    def __init__(self, strict: Strict, header: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.strict, self.header = strict, header
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.refused = 0
        self.models: list[str] = []
        self.content: Sequence[Wire] = ()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_GET(self) -> None:
        self._out(200, {"data": [{"id": id_} for id_ in self.server.models]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.server.header and not self.headers.get(self.server.header):
            self.server.refused += 1
            return self._out(401, {"error": {"message": f"missing {self.server.header}"}})
        self.server.bodies.append(body)
        self.server.headers.append({name.lower(): text for name, text in self.headers.items()})
        refusal = self.server.strict(body)
        if refusal is not None:
            self.server.refused += 1
            return self._out(*refusal)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(spoken_reply(self.server.content))
        return None

    def _out(self, status: int, value: Any) -> None:
        data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's word
        pass


@contextmanager
def serving(strict: Strict = lambda _body: None, header: str = "") -> Iterator[Gateway]:
    with Gateway(strict, header) as gateway:
        thread = threading.Thread(target=gateway.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield gateway
        gateway.shutdown()
        thread.join(5)


def holds(name: str, body: Any) -> bool:
    """Tell whether a field of that name stands anywhere in a body, but not in what was said."""
    if isinstance(body, dict):
        return name in body or any(holds(name, part) for part in body.values())
    return isinstance(body, list) and any(holds(name, part) for part in body)


def refusing(name: str, status: int, answer: Any) -> Strict:
    return lambda body: (status, answer) if holds(name, body) else None


def pydantic(*loc: str | int) -> Any:
    message = "Extra inputs are not permitted"
    return {"detail": [{"type": "extra_forbidden", "loc": ["body", *loc], "msg": message}]}


def spoken(words: str, **more: str) -> Any:
    return {"type": "error", "error": {"type": "invalid_request_error", "message": words, **more}}


def spoken_reply(content: Sequence[Wire]) -> bytes:
    """Write a reply of whole blocks and the word `fine`."""
    blocks = [*content, {"type": "text", "text": ""}]
    starts = [
        sse(type="content_block_start", index=n, content_block=wire)
        for n, wire in enumerate(blocks)
    ]
    stops = [sse(type="content_block_stop", index=n) for n in range(len(content))]
    whole = b"".join(start + stop for start, stop in zip(starts, [*stops, b""], strict=True))
    return sse(type="message_start", message=MESSAGE) + whole + text("fine", len(content)) + END
