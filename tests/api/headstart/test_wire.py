import asyncio
import gzip
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme

from chatrepl.api.headstart.response import SocketResponse
from chatrepl.api.headstart.wire import PlainRequest, plain
from chatrepl.api.http import open_http
from chatrepl.api.outgoing import socket_options
from chatrepl.api.route import Route
from chatrepl.core.exchange.reply import TextDelta
from tests.api.helpers import ahead, collect, request, route, run

URL = "http://127.0.0.1:8080"
HEADERS = {"accept": "application/json", "x-one": "two words"}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Peer:
    """A server that keeps what it is sent, and answers each request with the same bytes."""

    def __init__(self, answer: bytes, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.tls = tls
        self.heard: list[bytes] = []

    async def serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=self.tls)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            self.heard.append(head + await reader.readexactly(length))
            writer.write(self.answer)
        finally:
            writer.close()


def _answer(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Content-Length: %d", *headers]
    return ("\r\n".join(lines) % len(body)).encode() + b"\r\n\r\n" + body


def _url(server: asyncio.Server) -> str:
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _sent(peer: Peer) -> tuple[int, Mapping[str, str], bytes]:
    async with await peer.serve() as server:
        ready = plain(_url(server), "/v1", HEADERS, b"{}")
        assert ready is not None
        sent = await ready.send(5)
        assert sent is not None
        response = SocketResponse(sent)
        try:
            await response.begin()
            body = b"".join([chunk async for chunk in response.aiter_bytes()])
        finally:
            await response.aclose()
        return response.status_code, response.headers, body


async def _both_ways(on: Route) -> None:
    """Send the same request ahead of the HTTP client, and then through it."""
    async with open_http(on) as http:
        for at_once in (True, False):
            await collect(ahead(on, request("héllo"), http, at_once=at_once))


def test_what_leaves_is_to_the_byte_what_the_http_client_would_send() -> None:
    async def work() -> list[bytes]:
        peer = Peer(_answer(b'data: {"type":"message_stop"}\n\n'))
        async with await peer.serve() as server:
            for base in ("", "/some/base/"):
                on = route(_url(server) + base)
                await _both_ways(on)
        return peer.heard

    ahead, slow, based, slow_based = run(work())
    assert ahead == slow
    assert based == slow_based
    assert based.startswith(b"POST /some/base/v1/messages HTTP/1.1\r\n")


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Give what a server proves itself with, to whoever trusts the environment's certificates."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _secure(server: asyncio.Server, host: str = "localhost") -> str:
    return _url(server).replace("http://127.0.0.1", f"https://{host}")


def test_over_tls_the_same_bytes_leave(tls: ssl.SSLContext) -> None:
    async def work() -> list[bytes]:
        peer = Peer(_answer(b'data: {"type":"message_stop"}\n\n'), tls)
        async with await peer.serve() as server:
            on = route(_secure(server))
            await _both_ways(on)
        return peer.heard

    ahead, slow = run(work())
    assert ahead == slow


def _offered(tls: ssl.SSLContext, host: str) -> object:
    async def work() -> object:
        async with await Peer(b"", tls).serve() as server:
            ready = plain(_secure(server, host), "/v1", HEADERS, b"{}")
            return None if ready is None else await ready.send(5)

    return run(work())


def test_nothing_is_sent_to_a_peer_whose_certificate_is_for_another(tls: ssl.SSLContext) -> None:
    assert _offered(tls, "127.0.0.1") is None
    assert _offered(tls, "localhost") is not None


def test_nothing_is_sent_to_a_peer_whom_nobody_vouches_for(
    tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    assert _offered(tls, "localhost") is None


def test_nothing_is_sent_where_only_the_http_client_knows_whom_to_trust(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatrepl.api.headstart.wire.trusted", lambda: None)
    assert _offered(tls, "localhost") is None


def test_an_answer_is_read_with_its_head_and_content() -> None:
    status, headers, body = run(_sent(Peer(_answer(b"abc", "X-A: 1", "x-a: 2"))))

    assert (status, body) == (200, b"abc")
    assert headers["content-type"] == "text/event-stream"
    assert headers["x-a"] == "1, 2"


def test_interim_answers_are_passed_over() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    assert run(_sent(Peer(early + _answer(b"abc"))))[2] == b"abc"


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200", b"nonsense\r\n\r\n", _answer(b"abc")[:-1]]
)
def test_an_answer_that_breaks_off_is_an_error(answer: bytes) -> None:
    with pytest.raises(EOFError):
        run(_sent(Peer(answer)))


def test_a_packed_answer_is_unpacked() -> None:
    async def work() -> str:
        delta = (
            b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"yes"}}'
        )
        told = b"data: " + delta + b'\n\ndata: {"type":"message_stop"}\n\n'
        peer = Peer(_answer(gzip.compress(told), "Content-Encoding: gzip"))
        async with await peer.serve() as server:
            on = route(_url(server))
            async with open_http(on) as http:
                found, error = await collect(ahead(on, request(), http, at_once=True))
        assert error is None
        return "".join(event.text for event in found if isinstance(event, TextDelta))

    assert run(work()) == "yes"


def test_nothing_is_sent_where_nobody_listens() -> None:
    async def work() -> object:
        async with await Peer(b"").serve() as server:
            url = _url(server)
        ready = plain(url, "/v1", HEADERS, b"{}")
        return None if ready is None else await ready.send(5)

    assert isinstance(plain(URL, "/v1", HEADERS, b"{}"), PlainRequest)
    assert run(work()) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:443", "http://127.0.0.1:80", "ftp://127.0.0.1",
        "http://127.0.0.1:99999", "http://user@host",
        "http://[::1]:80", "http://HOST", "http://host/a b", "http://host/../a", "http://host?x=1",
        "http://héllo", "",
    ],
)  # fmt: skip
def test_unusual_addresses_are_left_to_the_http_client(url: str) -> None:
    assert plain(url, "/v1", HEADERS, b"{}") is None


@pytest.mark.parametrize(
    "more",
    [
        {"host": "x"},
        {"content-length": "9"},
        {"x": "a\r\nb: c"},
        {"x": ""},
        {"x y": "1"},
        {"x": "é"},
    ],
)
def test_unusual_headers_are_left_to_the_http_client(more: dict[str, str]) -> None:
    assert plain(URL, "/v1", HEADERS | more, b"{}") is None


def test_large_bodies_and_proxies_are_left_to_the_http_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert plain(URL, "/v1", HEADERS, b"x" * 100_000) is None
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert plain(URL, "/v1", HEADERS, b"{}") is None


def test_dead_peers_are_noticed() -> None:
    options = socket_options()

    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in options
    if (number := getattr(socket, "TCP_KEEPIDLE", None)) is not None:
        assert (socket.IPPROTO_TCP, number, 60) in options
