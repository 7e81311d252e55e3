import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.api.headstart.framing import Framing, framing_of, head_of

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"


def _framing(*lines: str, status: str = "HTTP/1.1 200 OK") -> Framing:
    return framing_of(head_of("\r\n".join((status, *lines)).encode()))


def _by_h11(body: bytes) -> bytes:
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(CHUNKED + b"\r\n\r\n" + body)
    peer.next_event()
    pieces = b""
    while isinstance(event := peer.next_event(), h11.Data):
        pieces += event.data
    assert isinstance(event, h11.EndOfMessage)
    return pieces


@st.composite
def _chunks(draw: st.DrawFn) -> bytes:
    body = b""
    for piece in draw(st.lists(st.binary(min_size=1, max_size=40), max_size=8)):
        size = draw(st.sampled_from([b"%x", b"%X", b"0%x", b"%x;name=value", b"%x  "]))
        body += size % len(piece) + b"\r\n" + piece + b"\r\n"
    return body + draw(st.sampled_from([b"0\r\n\r\n", b"00\r\n\r\n", b"0\r\nLate: yes\r\n\r\n"]))


@given(_chunks(), st.lists(st.integers(0, 400), max_size=12))
def test_chunks_torn_anywhere_are_what_h11_reads(body: bytes, cuts: list[int]) -> None:
    framing = _framing("Transfer-Encoding: chunked")
    content, at = b"", 0
    for cut in (*sorted(min(cut, len(body)) for cut in cuts), len(body)):
        if cut > at:
            assert not framing.ended
            content += framing.feed(body[at:cut])
            at = cut
    assert content == _by_h11(body)
    assert framing.ended
    assert framing.is_kept


_LINES = (
    b"Content-Length: 5", b"content-length:5 ", b"Content-Length: 5, 5", b"Content-Length: 6",
    b"Content-Length: 05", b"Content-Length: +5", b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: Chunked", b"Transfer-Encoding: gzip", b"Connection: close",
    b"Connection: Keep-Alive, Close", b"Connection: keep-alive", b"X-Left:", b"X-Left: a:b ",
    b"X-Folded: one\r\n two", b"X-Folded: one \n\t  two", b"!#$%&'*+.^_`|~-: odd", b"X-Late: \xe9",
    b"X : y", b"no colon", b": no name", b"X-Nul: a\0b", b" first", b"Set-Cookie: a=1; b",
)  # fmt: skip
_FIRSTS = (
    b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 200", b"HTTP/1.1 529 ", b"HTTP/1.1 204 No",
    b"HTTP/1.1 304 Not", b"HTTP/1.3 200 OK", b"HTTP/1.1 20", b"HTTP/1.1 2000 x", b"HTTP/2 200",
    b"HTTP/1.1  200 OK", b"HTTP/1.1 418 \xfc", b"ICY 200 OK",
)  # fmt: skip


@settings(max_examples=400)
@given(
    st.sampled_from(_FIRSTS),
    st.lists(st.sampled_from(_LINES), max_size=4),
    st.sampled_from([b"\r\n", b"\n"]),
)
def test_every_head_that_h11_reads_is_read_and_means_the_same(
    first: bytes, lines: list[bytes], end: bytes
) -> None:
    data = end.join((first, *lines))
    content = b"5\r\nhello\r\n0\r\n\r\n"
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(data + end + end + content)
    try:
        answer, body = peer.next_event(), b""
        while isinstance(event := peer.next_event(), h11.Data):
            body += event.data
    except h11.RemoteProtocolError:
        return
    assert isinstance(answer, h11.Response)
    head = head_of(data)
    framing = framing_of(head)
    is_whole = isinstance(event, h11.EndOfMessage)
    assert (head.status, framing.feed(content), framing.ended) == (
        answer.status_code, body, is_whole
    )  # fmt: skip
    told: dict[str, list[str]] = {}
    for name, value in answer.headers:
        told.setdefault(name.decode(), []).append(value.decode("latin-1"))
    for key, values in told.items():
        if key not in {"content-length", "transfer-encoding"}:  # h11 writes them anew
            assert head.headers[key].split() == ", ".join(values).split()
    if peer.their_state is h11.MUST_CLOSE:
        assert not framing.is_kept


@pytest.mark.parametrize(
    "body",
    [
        b"-1\r\nx\r\n", b"0x1\r\nx\r\n", b"1_0\r\n", b"\r\n", b" 1\r\nx\r\n", b"1\nx\r\n\r\n",
        b"1\r\nxy\r\n", b"1\r\nx\n\n0\r\n\r\n", b"z" * 5000, b"1" * 16 + b"\r\n",
    ],
)  # fmt: skip
def test_what_is_no_chunk_is_not_guessed_at(body: bytes) -> None:
    with pytest.raises(EOFError):
        _framing("Transfer-Encoding: chunked").feed(body)


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: -1",), ("Content-Length: 1, 2",), ("Content-Length: ٣",),
        ("Content-Length:",), ("Content-Length: 1,",), ("Transfer-Encoding: gzip",),
        ("Transfer-Encoding: gzip, chunked",), ("No colon",), (" folded: x",), ("Name : x",),
        ("X: a\0b",),
    ],
)  # fmt: skip
def test_a_head_in_doubt_is_none(lines: tuple[str, ...]) -> None:
    with pytest.raises(EOFError):
        _framing(*lines)


@pytest.mark.parametrize(
    "status", ["HTTP/2 200", "HTTP/1.1 20", "HTTP/1.1 099 x", "ICY 200 OK", ""]
)
def test_what_is_no_status_is_no_head(status: str) -> None:
    with pytest.raises(EOFError):
        _framing(status=status)


@pytest.mark.parametrize(
    ("status", "lines", "is_kept"),
    [
        ("HTTP/1.1 200 OK", ("content-length: 2",), True),
        ("HTTP/1.1 200", ("CONTENT-LENGTH:2",), True),
        ("HTTP/1.1 529 Busy", ("content-length: 2  ",), True),
        ("HTTP/1.1 200 OK", ("content-length: 2", "Connection: Close"), False),
        ("HTTP/1.0 200 OK", ("content-length: 2",), False),
        ("HTTP/1.1 200 OK", (), False),
        ("HTTP/1.1 200 OK\nx: y", ("content-length: 2",), True),
    ],
)
def test_a_connection_is_kept_where_its_answer_has_an_end(
    status: str, lines: tuple[str, ...], *, is_kept: bool
) -> None:
    framing = _framing(*lines, status=status)
    assert framing.feed(b"ok") == b"ok"
    if not framing.ended:
        framing.end()
    assert framing.is_kept is is_kept


def test_a_length_beside_chunks_is_void_and_the_connection_not_kept() -> None:
    framing = _framing("Transfer-Encoding: chunked", "Content-Length: 3")
    assert framing.feed(b"2\r\nok\r\n0\r\n\r\n") == b"ok"
    assert (framing.ended, framing.is_kept) == (True, False)


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("content-length: 2", b"okHTTP/1.1 408 Late"),
        ("transfer-encoding: chunked", b"2\r\nok\r\n0\r\n\r\nHTTP/1.1 408 Late"),
    ],
)
def test_a_connection_on_which_more_comes_is_not_kept(line: str, body: bytes) -> None:
    framing = _framing(line)
    assert framing.feed(body) == b"ok"
    assert framing.ended
    assert not framing.is_kept


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("content-length: 3", b"ok"), ("transfer-encoding: chunked", b"2\r\nok\r\n"),
        ("transfer-encoding: chunked", b"5\r\nok"),
    ],
)  # fmt: skip
def test_content_that_is_cut_is_told_of(line: str, body: bytes) -> None:
    framing = _framing(line)
    assert framing.feed(body) == b"ok"
    with pytest.raises(EOFError):
        framing.end()


def test_names_that_come_twice_are_one_header() -> None:
    assert head_of(b"HTTP/1.1 200 OK\r\nA: 1\r\na: 2").headers == {"a": "1, 2"}


def test_no_content_has_no_bytes() -> None:
    assert _framing(status="HTTP/1.1 204 No Content").ended
