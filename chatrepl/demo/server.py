"""The engine over real HTTP on the loopback interface: `with serve(engine) as server: server.url`.

Also a command: `python -m chatrepl.demo.server --port 8080`.
"""

import argparse
import select
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from chatrepl.demo.engine import REPL_PACE, Engine
from chatrepl.demo.wire import Ending, WireAnswer

_NO_LINGER = struct.pack("ii", 1, 0)
_SLICE = 0.02  # seconds between two looks whether the peer or the server is gone


class Recorded(NamedTuple):
    """One request as it came; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Served:
    """A running server: its address and, where it `keeps` them, the requests it has seen."""

    url: str
    engine: Engine
    keeps: bool = True
    requests: list[Recorded] = field(default_factory=list)
    connections: int = 0
    hung_up: int = 0  # how often the client left before the answer was whole
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, request: Recorded) -> WireAnswer:
        """Record a request and answer it; one at a time, the engine is not for many threads."""
        with self.lock:
            if self.keeps:
                self.requests.append(request)
            return self.engine.handle(*request)


class _Gone(Exception):  # noqa: N818  # control flow, never seen outside
    """The client has left, or the server stops."""


class _HttpHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Served

    def setup(self) -> None:
        self.served.connections += 1
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_args: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_DELETE(self) -> None:
        self._answer(b"")

    def do_HEAD(self) -> None:
        """Answer a greeting, which opens the connection for what follows."""
        self.send_response_only(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # a request that was broken off is none
            self.served.hung_up += 1
            self.close_connection = True
            return
        self._answer(body)

    def _answer(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.served.ask(Recorded(self.command, self.path, headers, body))
        try:
            self._pause(answer.delay)
            self._carry(answer)
        except (_Gone, ConnectionError):
            self.served.hung_up += 1
            self.close_connection = True

    def _pause(self, seconds: float) -> None:
        """Wait, but not for a client that has left."""
        while seconds > 0:
            if self.served.closing.wait(min(seconds, _SLICE)):
                raise _Gone
            seconds -= _SLICE
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise _Gone

    def _carry(self, answer: WireAnswer) -> None:
        if answer.ending is Ending.REFUSED:
            self.close_connection = True
            return
        length = answer.headers.get("content-length")
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.ending is Ending.HEADERS:
            self._headers_for_ever()
        if length is None:
            self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self._send_body(answer, chunked=length is None)
        self._end(answer.ending, chunked=length is None)

    def _headers_for_ever(self) -> None:
        while True:
            self.send_header("x-more", "to come")
            self.flush_headers()
            self._pause(0.1)

    def _send_body(self, answer: WireAnswer, *, chunked: bool) -> None:
        for chunk in answer.play():
            self._pause(chunk.wait)
            if chunked and chunk.data:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk.data), chunk.data))
            elif chunk.data:
                self.wfile.write(chunk.data)

    def _end(self, ending: Ending, *, chunked: bool) -> None:
        if ending is Ending.STALL:
            self._pause(float("inf"))
        if ending is Ending.CLEAN:
            if chunked:
                self.wfile.write(b"0\r\n\r\n")
            return
        self.close_connection = True
        if ending is Ending.TORN and chunked:
            self.wfile.write(b"40\r\nevent: content_bl")
        if ending is Ending.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self.rfile.close()
            self.wfile.close()
            self.connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close a connection; one that was reset is closed already."""
        if isinstance(request, socket.socket) and request.fileno() >= 0:
            super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Let a client leave in silence; anything else is told."""
        if not isinstance(sys.exception(), ConnectionError | ValueError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def serve(engine: Engine | None = None, port: int = 0, *, keeps: bool = True) -> Iterator[Served]:
    """Serve an engine on 127.0.0.1 while the context lasts; port 0 picks a free one."""
    served = Served("", engine or Engine(), keeps)
    handler = type("Handler", (_HttpHandler,), {"served": served})
    server = _Server(("127.0.0.1", port), handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    served.engine.batches.address = served.url
    thread = threading.Thread(target=server.serve_forever, args=(_SLICE,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A strict Messages API without a model.")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--pace", type=float, default=REPL_PACE, help="tokens a second, 0: at once")
    chosen = parser.parse_args(arguments)
    with serve(Engine(pace=chosen.pace), chosen.port) as served:
        sys.stdout.write(f"{served.url}\n")
        sys.stdout.flush()
        try:
            served.closing.wait()
        except KeyboardInterrupt:
            sys.stdout.write("\n")


if __name__ == "__main__":
    main()
