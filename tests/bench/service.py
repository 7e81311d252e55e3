"""A service that answers every request with the same stream, a while after it came."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme


@dataclass(slots=True)
class Service:
    """A running service: its address, when requests were whole, how many connections came.

    `greetings` are the methods of whatever else was asked.
    """

    url: str
    delay: float
    tokens: int = 50
    arrivals: list[float] = field(default_factory=list)
    connections: int = 0
    greetings: list[str] = field(default_factory=list)

    def reply(self) -> bytes:
        """Write the whole answer."""
        start: dict[str, Any] = {
            "id": "msg_1", "type": "message", "role": "assistant", "content": [],
            "model": "claude-haiku-4-5", "stop_reason": None, "stop_sequence": None,
            "usage": {"input_tokens": 9, "output_tokens": 1},
        }  # fmt: skip
        block = {"type": "text", "text": ""}
        end = {"stop_reason": "end_turn", "stop_sequence": None}
        events = [
            _event("message_start", message=start),
            _event("content_block_start", index=0, content_block=block),
            *(
                _event(
                    "content_block_delta", index=0, delta={"type": "text_delta", "text": "word "}
                )
                for _ in range(self.tokens)
            ),
            _event("content_block_stop", index=0),
            _event("message_delta", delta=end, usage={"output_tokens": self.tokens}),
            _event("message_stop"),
        ]
        fields = b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        head = b"HTTP/1.1 200 OK\r\n" + fields
        return head + b"".join(b"%x\r\n%b\r\n" % (len(e), e) for e in events) + b"0\r\n\r\n"


def _event(kind: str, **more: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()


@contextmanager
def service(delay: float, tokens: int = 50, authority: Path | None = None) -> Iterator[Service]:
    """Serve on the loopback interface while the context lasts.

    With TLS where there is an `authority`: whom to trust is written into that file.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    tls = None if authority is None else _identity(authority)
    begin = "http://127.0.0.1" if tls is None else "https://localhost"
    served = Service(f"{begin}:{listener.getsockname()[1]}", delay, tokens)
    threading.Thread(target=_accept, args=(listener, served, tls), daemon=True).start()
    try:
        yield served
    finally:
        listener.close()


def _identity(authority: Path) -> ssl.SSLContext:
    made = trustme.CA()
    made.cert_pem.write_to_path(authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("localhost").configure_cert(context)
    return context


def _accept(listener: socket.socket, served: Service, tls: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        served.connections += 1
        threading.Thread(target=_talk, args=(connection, served, tls), daemon=True).start()


def _talk(connection: socket.socket, served: Service, tls: ssl.SSLContext | None) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls is not None:
        try:
            connection = tls.wrap_socket(connection, server_side=True)
        except OSError:  # somebody only looked in, or does not trust us
            return
    with connection, connection.makefile("rb") as lines:
        while request := lines.readline():
            length = 0
            while (header := lines.readline()) not in {b"\r\n", b""}:
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            lines.read(length)
            if not request.startswith(b"POST"):
                served.greetings.append(request.split()[0].decode("ascii"))
                connection.sendall(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
                continue
            served.arrivals.append(time.monotonic())
            time.sleep(served.delay)
            try:
                connection.sendall(served.reply())
            except OSError:
                return
