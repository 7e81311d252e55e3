"""Bodies that are no reply have a bound: on both ways of sending, packed or not, or without end."""

import gzip
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeAlias

import httpx2
import pytest

from chatrepl.api import bodies
from chatrepl.api.bodies import LIST_BYTES, bounded, last_words, sliced
from chatrepl.api.client import connect
from chatrepl.api.errors.foreign import ERROR_BYTES
from chatrepl.api.http import open_http
from chatrepl.core.errors import ApiError
from tests.api.helpers import ahead, client_of, collect, request, route, run
from tests.faults.raw import Talk, answering

Way: TypeAlias = Callable[[str], Coroutine[Any, Any, ApiError | None]]
WORDS = b"the quota of this team is used up "
HEAD = b"HTTP/1.1 500 Oh\r\ncontent-type: text/plain\r\nconnection: close\r\n"


async def pieces(*chunks: bytes | Exception) -> AsyncIterator[bytes]:
    for chunk in chunks:
        if isinstance(chunk, Exception):
            raise chunk
        yield chunk


def test_no_more_is_taken_than_the_bound() -> None:
    assert run(bounded(pieces(b"abc", b"def", ValueError()), 5)) == b"abcde"
    assert run(bounded(pieces(b"abc"), 5)) == b"abc"
    assert run(bounded(pieces(), 5)) == b""


def test_what_came_of_an_error_before_it_broke_off_is_kept() -> None:
    assert run(last_words(pieces(b"abc", OSError()), 5, (OSError,))) == b"abc"


def test_slices_are_small_and_give_the_same_bytes() -> None:
    async def taken() -> list[bytes]:
        return [piece async for piece in sliced(pieces(b"x" * 5000, b"", b"y"))]

    came = run(taken())
    assert b"".join(came) == b"x" * 5000 + b"y"
    assert max(map(len, came)) <= 1024


def endless(head: bytes, block: bytes, taken: list[int], pause_s: float = 0.0) -> Talk:
    """Send `block` until the other side goes away; count what was sent."""

    def talk(peer: socket.socket) -> None:
        with suppress(OSError):
            peer.sendall(head + b"\r\n")
            while True:
                peer.sendall(block)
                taken.append(len(block))
                time.sleep(pause_s)

    return talk


async def by_sdk(url: str) -> ApiError | None:
    client = connect(route(url))
    try:
        return (await collect(client.stream(request())))[1]
    finally:
        await client.aclose()


def ahead_of(*, at_once: bool) -> Way:
    async def ask(url: str) -> ApiError | None:
        on = route(url)
        async with open_http(on) as http:
            return (await collect(ahead(on, request(), http, at_once=at_once)))[1]

    return ask


WAYS: dict[str, Way] = {
    "sdk": by_sdk,
    "http": ahead_of(at_once=False),
    "socket": ahead_of(at_once=True),
}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_an_error_without_end_is_left_after_its_first_words(way: str) -> None:
    taken: list[int] = []
    with answering(endless(HEAD, WORDS * 2000, taken)) as url:
        error = run(WAYS[way](url))
    assert isinstance(error, ApiError)
    assert error.status == 500
    assert WORDS.decode().strip() in error.message
    assert sum(taken) < 16_000_000  # what the kernel holds on the way


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_an_error_that_drips_is_not_waited_for(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_ERROR_S", 0.2)
    taken: list[int] = []
    with answering(endless(HEAD, WORDS, taken, 0.02)) as url:
        error = run(WAYS[way](url))
    assert isinstance(error, ApiError)
    assert WORDS.decode().strip() in error.message


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_packed_error_is_measured_unpacked(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    most: list[int] = []
    plain = bodies.bounded

    async def watched(chunks: AsyncIterator[bytes], bound: int) -> bytes:
        async def seen() -> AsyncIterator[bytes]:
            async for chunk in chunks:
                most.append(len(chunk))
                yield chunk

        return await plain(seen(), bound)

    monkeypatch.setattr(bodies, "bounded", watched)
    packed = gzip.compress(WORDS + b"\n" * 60_000_000, 1)
    with answering(endless(HEAD + b"content-encoding: gzip\r\n", packed, [])) as url:
        error = run(WAYS[way](url))
    assert isinstance(error, ApiError)
    assert WORDS.decode().strip() in error.message
    assert sum(most) < ERROR_BYTES + 2_000_000


def listing(count: int) -> bytes:
    return json.dumps({"data": [{"id": f"model-{number}"} for number in range(count)]}).encode()


@pytest.mark.parametrize("packed", [False, True])
def test_a_list_of_models_has_a_bound(packed: bool) -> None:
    taken: list[int] = []

    def answer(body: bytes) -> Callable[[httpx2.Request], httpx2.Response]:
        class Stream(httpx2.AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                data = gzip.compress(body) if packed else body
                for at in range(0, len(data), 4096):
                    taken.append(4096)
                    yield data[at : at + 4096]

        headers = {"content-encoding": "gzip"} if packed else {}
        return lambda _request: httpx2.Response(200, headers=headers, stream=Stream())

    assert len(run(client_of(answer(listing(500))).list_models())) == 500
    with pytest.raises(ApiError, match="not as a Messages API"):
        run(client_of(answer(listing(400_000))).list_models())
    assert sum(taken) < LIST_BYTES + 100_000


def test_what_breaks_in_a_list_of_models_is_told() -> None:
    class Torn(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b'{"data": ['
            raise httpx2.ReadError("gone")

    with pytest.raises(ApiError, match="closed the connection"):
        run(client_of(lambda _request: httpx2.Response(200, stream=Torn())).list_models())
