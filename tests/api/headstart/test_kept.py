import asyncio
import base64
import gzip
import socket
import ssl
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from chatrepl.api.headstart.kept import KeptConnections
from chatrepl.api.http import open_http
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import StreamEvent, TextDelta
from tests.api.helpers import ahead, collect, reply, request, route, run

PIECES = ("It is", " 7 o'", "clock.")
START = b'data: {"type":"message_start","message":{"usage":{"input_tokens":3}}}\n\n'
END = b'data: {"type":"message_stop"}\n\n'


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def _delta(text: str) -> bytes:
    delta = f'{{"type":"text_delta","text":"{text}"}}'
    return f'data: {{"type":"content_block_delta","index":0,"delta":{delta}}}\n\n'.encode()


BODY = START + b"".join(map(_delta, PIECES)) + END


def _chunked(body: bytes = BODY, *lines: bytes, step: int = 50) -> list[bytes]:
    head = b"\r\n".join((b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", b"X-Left: 9", *lines))
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    return [head + b"\r\n\r\n", *(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces), b"0\r\n\r\n"]


def _counted(status: str, body: bytes, *lines: str) -> list[bytes]:
    head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines))
    return [head.encode() + b"\r\n\r\n" + body]


class Peer:
    """Gives one answer after the other, and hangs up where there is None."""

    def __init__(self, *answers: Sequence[bytes] | None, tls: ssl.SSLContext | None = None) -> None:
        self.answers, self.tls = list(answers), tls
        self.connections = 0
        self.heard: list[bytes] = []
        self.told: list[tuple[int, Mapping[str, str]]] = []

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split()[0])
                self.heard.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0)
                if answer is None:
                    break
                for piece in answer:
                    writer.write(piece)
                    await asyncio.sleep(0)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=self.tls)

    async def asked(self, *words: str) -> list[tuple[list[StreamEvent], ApiError | None]]:
        """Ask one question after the other on connections that are kept."""
        async with await self.serve() as server:
            start = "http://127.0.0.1" if self.tls is None else "https://localhost"
            on = route(f"{start}:{server.sockets[0].getsockname()[1]}")
            kept = KeptConnections(on, lambda *head: self.told.append(head))
            came = []
            for word in words:
                came.append(await collect(_events(kept, word)))
                await asyncio.sleep(0.01)  # a peer that hangs up has done so
            kept.close()
        return came


async def _events(kept: KeptConnections, word: str) -> AsyncGenerator[StreamEvent, None]:
    stream = await kept.stream(request(word))
    assert stream is not None
    async with aclosing(stream):
        async for event in stream:
            yield event


def test_many_requests_share_a_connection() -> None:
    peer = Peer(*[_chunked()] * 4)
    came = run(peer.asked(*"abcd"))
    assert [(reply(events).text, error) for events, error in came] == [("".join(PIECES), None)] * 4
    assert peer.connections == 1
    assert [(status, headers["x-left"]) for status, headers in peer.told] == [(200, "9")] * 4


def test_texts_that_came_at_once_are_one_event() -> None:
    [(events, _)] = run(Peer(_counted("200 OK", BODY)).asked("a"))
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["".join(PIECES)]


@pytest.mark.parametrize("step", [1, 2, 3, 17, 1000])
def test_an_answer_is_the_same_however_it_comes(step: int) -> None:
    [(events, error)] = run(Peer(_chunked(step=step)).asked("a"))
    assert (reply(events).text, error) == ("".join(PIECES), None)


@pytest.mark.parametrize("step", [1, 9, 400])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_head_is_read_whatever_ends_its_lines_and_however_it_is_torn(
    end: bytes, step: int
) -> None:
    sent = end.join(
        (b"HTTP/1.1 200 OK", b"X-Left: 9", b"Content-Length: %d" % len(BODY), b"", BODY)
    )
    peer = Peer(*[[sent[at : at + step] for at in range(0, len(sent), step)]] * 2)
    came = run(peer.asked("a", "b"))
    assert [(reply(events).text, error) for events, error in came] == [("".join(PIECES), None)] * 2
    assert (peer.connections, peer.told[0][1]["x-left"]) == (1, "9")


def test_what_is_packed_is_unpacked() -> None:
    packed = _chunked(gzip.compress(BODY), b"Content-Encoding: gzip")
    [(events, error)] = run(Peer(packed).asked("a"))
    assert (reply(events).text, error) == ("".join(PIECES), None)


@pytest.mark.parametrize(
    "first",
    [
        [b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)],
        _counted("200 OK", BODY, "Connection: close"),
        [*_chunked(), b"HTTP/1.1 408 Request Timeout\r\n\r\n"],
    ],
    ids=["HTTP/1.0", "close", "a late word"],
)
def test_a_connection_that_ends_is_used_no_more(first: list[bytes]) -> None:
    peer = Peer(first, _chunked())
    came = run(peer.asked("a", "b"))
    assert [(reply(events).text, error) for events, error in came] == [("".join(PIECES), None)] * 2
    assert peer.connections == 2


def _hang_up_each_time(listener: socket.socket, times: int) -> None:
    for _ in range(times):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"".join(_counted("200 OK", BODY)))


def test_a_peer_that_hangs_up_without_a_word_costs_no_question() -> None:
    async def asked(port: int) -> list[str]:
        on = route(f"http://127.0.0.1:{port}")
        kept = KeptConnections(on)
        texts = []
        for word in "abcd":
            events, error = await collect(_events(kept, word))
            texts.append(reply(events).text if error is None else error.message)
            time.sleep(0.02)  # noqa: ASYNC251 - the loop is to see nothing of it meanwhile
        kept.close()
        return texts

    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = threading.Thread(target=_hang_up_each_time, args=(listener, 4), daemon=True)
        peer.start()
        assert run(asked(listener.getsockname()[1])) == ["".join(PIECES)] * 4


def test_content_may_end_with_the_connection() -> None:
    [(events, error)] = run(Peer([b"HTTP/1.1 200 OK\r\n\r\n" + BODY]).asked("a"))
    assert (reply(events).text, error) == ("".join(PIECES), None)


def test_a_refusal_is_told_and_the_connection_kept() -> None:
    busy = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    peer = Peer(_counted("529 Busy", busy, "Retry-After: 3"), _chunked())
    (_, error), (events, none) = run(peer.asked("a", "b"))
    assert error is not None
    assert (error.status, error.retryable, error.retry_after_s) == (529, True, 3.0)
    assert (reply(events).text, none) == ("".join(PIECES), None)
    assert peer.connections == 1
    assert [status for status, _ in peer.told] == [529, 200]


@pytest.mark.parametrize(
    "answer",
    [None, [b"HTTP/1.1 200 OK\r\nNo header\r\n\r\n"], [b"SSH-2.0-OpenSSH_9\r\n\r\n"]],
    ids=["nothing", "no header", "no HTTP"],
)
def test_what_is_no_answer_may_be_asked_again(answer: list[bytes] | None) -> None:
    [(events, error)] = run(Peer(answer).asked("a"))
    assert not events
    assert error is not None
    assert error.retryable


def test_an_answer_that_is_cut_keeps_what_came() -> None:
    peer = Peer(_chunked()[:4])
    [(events, error)] = run(peer.asked("a"))
    assert error is not None
    assert reply(events).started


def test_an_interim_answer_is_passed_over() -> None:
    answer = [b"HTTP/1.1 100 Continue\r\n\r\n", *_chunked()]
    [(events, error)] = run(Peer(answer).asked("a"))
    assert (reply(events).text, error) == ("".join(PIECES), None)


def test_the_request_is_what_the_http_client_sends() -> None:
    async def both(peer: Peer) -> None:
        await peer.asked("a")
        async with await asyncio.start_server(peer._talk, "127.0.0.1", 0) as server:
            on = route(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            async with open_http(on) as http:
                await collect(ahead(on, request("a"), http, at_once=False))

    peer = Peer(_chunked(), _chunked())
    run(both(peer))
    ours, theirs = (
        sorted(line for line in heard.lower().split(b"\r\n") if not line.startswith(b"host:"))
        for heard in peer.heard
    )
    assert ours == theirs


@pytest.mark.parametrize("size", [90, 65_000, 66_000, 3_000_000])
def test_a_request_arrives_whole_whatever_its_size(size: int) -> None:
    peer = Peer(_chunked(), _chunked())
    came = run(peer.asked("x" * size, "y"))
    assert [(reply(events).text, error) for events, error in came] == [("".join(PIECES), None)] * 2
    assert (peer.connections, peer.heard[0].count(b"x" * size)) == (1, 1)


def test_the_first_text_comes_at_once_and_the_next_ones_soon() -> None:
    async def asked() -> list[float]:
        came: list[float] = []
        sent: list[float] = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + START)
            for piece in PIECES:
                await asyncio.sleep(0.3)
                sent.append(time.monotonic())
                writer.write(_delta(piece))
            writer.write(END)
            writer.close()

        async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
            on = route(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            async for event in _events(KeptConnections(on), "a"):
                came += [time.monotonic()] * isinstance(event, TextDelta)
        return [there - gone for gone, there in zip(sent, came, strict=True)]

    assert max(run(asked())) < 0.2  # a rest is a tenth of that


def test_where_nobody_listens_nothing_is_sent() -> None:
    async def refused() -> object:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        on = route(f"http://127.0.0.1:{port}")
        return await KeptConnections(on).stream(request("a"))

    assert run(refused()) is None


class Proxy:
    """Opens a way to where `peer` is, whatever is asked for, unless it has another `answer`."""

    def __init__(self, port: int, answer: bytes | None = b"HTTP/1.1 200 Open\r\n\r\n") -> None:
        self.port, self.answer = port, answer
        self.heard: list[bytes] = []
        self.passed = bytearray()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.readuntil(b"\r\n\r\n"))
        if self.answer is None:
            await reader.read()  # as long as we wait
            writer.close()
            return
        writer.write(self.answer)
        if b" 200 " not in self.answer:
            writer.close()
            return
        inner, outer = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(self._pass(reader, outer), self._pass(inner, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                self.passed += data
                writer.write(data)
        except ConnectionError:
            pass
        writer.close()


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "service.invalid").configure_cert(context)
    return context


@pytest.mark.parametrize("size", [1, 900, 16_384, 400_000])
def test_a_sealed_answer_is_the_same_however_it_comes(size: int, tls: ssl.SSLContext) -> None:
    body = START + b"".join(_delta(f"{n} " * 40) for n in range(1_000)) + END
    pieces = [body[at : at + size] for at in range(0, len(body), size)][:3_000]
    rest = body[len(b"".join(pieces)) :]
    answer = _counted("200 OK", body)[0].removesuffix(body)
    texts = [f"{n} " * 40 for n in range(1_000)]
    peer = Peer([answer, *pieces, rest], _chunked(), tls=tls)
    (events, error), (after, _) = run(peer.asked("a", "b"))
    assert error is None
    assert reply(events).text == "".join(texts)
    assert reply(after).text == "".join(PIECES)
    assert peer.connections == 1


def _through(
    proxy: Callable[[int], Proxy], tls: ssl.SSLContext, setenv: Callable[[str, str], None],
    login: str = "", timeout_s: float = 5.0,
) -> tuple[Proxy, Peer, object]:  # fmt: skip
    """Ask two questions through a proxy; give what came of it."""

    async def ask() -> tuple[Proxy, Peer, object]:
        peer = Peer(_chunked(), _chunked(), tls=tls)
        async with await peer.serve() as server:
            between = proxy(server.sockets[0].getsockname()[1])
            async with await asyncio.start_server(between.talk, "127.0.0.1", 0) as door:
                setenv("HTTPS_PROXY", f"http://{login}127.0.0.1:{door.sockets[0].getsockname()[1]}")
                on = replace(route("https://service.invalid"), timeout_s=timeout_s)
                kept = KeptConnections(on)
                assert kept.are_plain
                try:
                    came = [await kept.stream(request(word)) for word in "ab"[: 1 + bool(login)]]
                except ApiError as error:
                    await asyncio.sleep(0.02)
                    return between, peer, error
                texts = [one and reply([event async for event in one]).text for one in came]
                kept.close()
                await asyncio.sleep(0.02)  # who was hung up on notices
        return between, peer, texts

    return run(ask())


def test_a_proxy_that_opens_a_way_sees_no_key_and_no_word(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, peer, texts = _through(Proxy, tls, monkeypatch.setenv, login="me:p%40ss@")
    assert texts == ["".join(PIECES)] * 2
    login = base64.b64encode(b"me:p@ss")
    assert all(b"CONNECT service.invalid:443" in head and login in head for head in proxy.heard)
    assert all(b"POST" in head and login not in head for head in peer.heard)
    assert b"anthropic" not in b"".join(proxy.heard) + proxy.passed


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 407 Login\r\n\r\n", b"HTTP/1.1 502 Bad\r\ncontent-length: 2\r\n\r\nno", b"\r\n\r\n",
     b"HTTP/1.1 200 Open\r\n\r\nmore"],
)  # fmt: skip
def test_where_a_proxy_opens_no_way_nothing_is_sent(
    answer: bytes, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, peer, texts = _through(lambda port: Proxy(port, answer), tls, monkeypatch.setenv)
    assert texts == [None]
    assert not peer.heard


def test_a_proxy_that_does_not_answer_is_named(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = _through(lambda port: Proxy(port, None), tls, monkeypatch.setenv, timeout_s=0.1)
    assert isinstance(ask[2], ApiError)
    assert "The proxy 127.0.0.1:" in ask[2].message
    assert "(HTTPS_PROXY) did not answer in time." in ask[2].message


@pytest.mark.parametrize(
    ("address", "proxy", "is_plain"),
    [
        ("https://service.invalid", "http://127.0.0.1:9", True),
        ("https://service.invalid", "127.0.0.1:9", True),
        ("https://spared.invalid", "http://127.0.0.1:9", True),
        ("http://127.0.0.1:1", "socks5://127.0.0.1:9", True),
        ("https://service.invalid", "socks5://127.0.0.1:9", False),
        ("https://service.invalid", "https://127.0.0.1:9", False),
        ("https://service.invalid", "http://127.0.0.1:port", False),
        ("http://service.invalid", "http://127.0.0.1:9", False),
    ],
)
def test_other_proxies_are_left_to_the_http_client(
    address: str, proxy: str, is_plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "spared.invalid")
    kept = KeptConnections(route(address))
    assert kept.are_plain == is_plain
    assert run(kept.stream(request("a"))) is None
    assert not run(kept.open())
