"""Servers that do what no decent server does: bytes on a socket, with TLS or without."""

import contextlib
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import run
from typing import Any

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_raw\r\n"
OPEN = HEAD + b"connection: close\r\n\r\n"
Talk = Callable[[socket.socket], None]


@contextlib.contextmanager
def answering(talk: Talk, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Let `talk` answer every request on a port of loopback; give the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        closing = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, talk, context, closing), daemon=True)
        thread.start()
        scheme = "https" if context is not None else "http"
        yield f"{scheme}://127.0.0.1:{server.getsockname()[1]}"
        closing.set()
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _serve(
    server: socket.socket, talk: Talk, context: ssl.SSLContext | None, closing: threading.Event
) -> None:
    while not closing.is_set():
        try:
            peer, _ = server.accept()
        except OSError:
            return
        with contextlib.suppress(OSError, ssl.SSLError), peer:
            peer.settimeout(20)
            wrapped = context.wrap_socket(peer, server_side=True) if context is not None else peer
            with wrapped:
                _take_request(wrapped)
                talk(wrapped)


def _take_request(peer: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.recv(65_536) or b"\r\n\r\n"
    head, _, body = data.partition(b"\r\n\r\n")
    length = [
        line.split(b":")[1] for line in head.lower().split(b"\r\n") if b"content-length" in line
    ]
    left = int(length[0]) - len(body) if length else 0
    while left > 0 and (more := peer.recv(65_536)):
        left -= len(more)


def sends(*pieces: bytes, pause_s: float = 0.0) -> Talk:
    """Answer with these bytes."""

    def talk(peer: socket.socket) -> None:
        for piece in pieces:
            peer.sendall(piece)
            time.sleep(pause_s)

    return talk


def sse(**data: Any) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()


def text(words: str, index: Any = 0) -> bytes:
    return sse(type="content_block_delta", index=index, delta={"type": "text_delta", "text": words})


MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5-5",
    "content": [],
    "stop_reason": None,
    "usage": {"input_tokens": 5, "output_tokens": 1},
}
BLOCK = {"type": "text", "text": ""}
START = sse(type="message_start", message=MESSAGE) + sse(
    type="content_block_start", index=0, content_block=BLOCK
)
END = (
    sse(type="content_block_stop", index=0)
    + sse(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 3})
    + sse(type="message_stop")
)


def gzip_bomb(megabytes: int) -> bytes:
    """Give an answer of a few kilobytes that unpacks to that many megabytes of one event."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b"x" * 1_000_000
    packed = b"".join(packer.compress(piece) for _ in range(megabytes))
    head = HEAD + b"content-encoding: gzip\r\nconnection: close\r\n\r\n"
    return head + packer.compress(b"data: ") + packed + packer.flush()


def self_signed(folder: Path) -> ssl.SSLContext:
    """Make a certificate that nobody trusts, and the server side of TLS with it."""
    key, certificate = folder / "server.key", folder / "server.crt"
    asked = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    run(["openssl", *asked.split(), *names, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
