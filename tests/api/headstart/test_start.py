import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from chatrepl.api.client import Client
from chatrepl.api.connect import Route, connect, open_http
from chatrepl.api.credentials import Credentials
from chatrepl.api.headstart.start import HeadStart
from chatrepl.api.retry import with_retries
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import StreamEvent, TextDelta
from chatrepl.demo.engine import Engine
from chatrepl.demo.faults import STREAM_FAULTS
from chatrepl.demo.server import Recorded, Served, serve
from tests.api.helpers import ask, collect, reply, request, route, run

ERRORS = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)
WISHES = [
    "hello",
    *(f"demo: error {status}" for status in ERRORS),
    *(f"demo: error {name}" for name in ("refused", "silence", "headers", "redirect")),
    "demo: error 429 spend",
    "demo: error 429 retry-after absurd",
    "demo: error 429 retry-after nonsense",
    *(f"demo: stream {fault} after 9" for fault in STREAM_FAULTS),
]
SILENT = ("silence", "headers", "stall", "for-ever", "pings-after")


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with serve(Engine()) as served:
        yield served


class Made:
    """Makes the client when asked, and knows whether it was."""

    def __init__(self, on: Route, http: Any) -> None:
        self._on, self._http = on, http
        self.started = self.made = False
        self.looked = 0

    @property
    def ready(self) -> bool:
        self.looked += 1
        return self.looked > 2

    def start(self) -> None:
        self.started = True

    def result(self) -> Client:
        self.made = True
        return connect(self._on, http=self._http)


Found = tuple[list[StreamEvent], ApiError | None]


async def _early(on: Route, words: str) -> tuple[Found, Made]:
    async with open_http(on) as http:
        made = Made(on, http)
        return await collect(HeadStart(on, lambda: http, made).stream(request(words))), made


def _told(found: Found) -> Any:
    """What a user would see of it: all but the ids of the request."""
    events, error = found
    made = replace(reply(events), message_id=None, request_id=None)
    words = None if error is None else {**vars(error), "request_id": None}
    return made, words, [type(event) for event in events]


@pytest.mark.parametrize("wish", WISHES)
def test_both_ways_end_alike_with_one_request_each(wish: str) -> None:
    patience = 0.3 if wish.split(" after", maxsplit=1)[0].endswith(SILENT) else 5.0
    found = []
    sent: list[Recorded] = []
    for early in (True, False):
        with serve(Engine(new_id=lambda: "same", clock=lambda: 1.8e9)) as served:
            on = route(served.url, patience)
            if early:
                outcome, made = run(_early(on, wish))
                assert not made.made
                assert made.started is (outcome[1] is not None and outcome[1].retryable)
            else:
                outcome = run(ask(on, wish))
            assert len(served.requests) == 1
            sent.append(served.requests[0])
            events, error = outcome
            if error is not None:
                port = served.url.rpartition(":")[2]
                error.message = error.message.replace(port, "PORT")
            found.append(_told((events, error)))
    assert found[0] == found[1]
    assert _comparable(sent[0]) == _comparable(sent[1])


def _comparable(sent: Recorded) -> Recorded:
    return sent._replace(headers={**sent.headers, "host": ""})


def test_further_headers_replace_the_usual_ones_as_the_sdk_does() -> None:
    seen = []
    for early in (True, False):
        with serve(Engine()) as served:
            on = route(served.url + "/", headers={"Anthropic-Version": "2023-06-01", "X-More": "1"})
            run(_early(on, "hello") if early else ask(on, "hello"))
            seen.append(_comparable(served.requests[0]))
    assert seen[0] == seen[1]
    assert seen[0].headers["anthropic-version"] == "2023-06-01"


def test_a_second_request_goes_through_the_sdk(server: Served) -> None:
    async def work() -> None:
        on = route(server.url)
        async with open_http(on) as http:
            made = Made(on, http)
            head = HeadStart(on, lambda: http, made)
            assert head.possible
            await collect(head.stream(request()))
            possible, before = head.possible, made.made
            assert (possible, before) == (False, False)
            _, error = await collect(head.stream(request()))
            assert error is None
            assert made.made

    run(work())


def test_a_retry_goes_through_the_sdk_and_each_attempt_is_one_request() -> None:
    async def work(on: Route) -> Found:
        async with open_http(on) as http:
            head = HeadStart(on, lambda: http, Made(on, http))
            said = request("demo: error 529 x2")

            async def sleep(_seconds: float) -> None:
                await asyncio.sleep(0)

            return await collect(with_retries(lambda: head.stream(said), attempts=5, sleep=sleep))

    with serve(Engine()) as served:
        events, error = run(work(route(served.url)))
        assert error is None
        assert reply(events).retries == 2
        assert len(served.requests) == 3
        first, *others = map(_comparable, served.requests)
        assert others == [first, first]


def test_leaving_while_the_sdk_loads_does_not_wait_for_it(server: Served) -> None:
    async def work() -> bool:
        on = replace(route(server.url), custom=True)
        async with open_http(on) as http:
            made = Made(on, http)
            made.looked = -(10**9)
            task = asyncio.ensure_future(
                collect(HeadStart(on, lambda: http, made).stream(request()))
            )
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return made.made

    assert not run(work())


@pytest.mark.parametrize(
    "credentials",
    [Credentials("profile", "p"), Credentials("federation", "f"), Credentials("headers", "h")],
)
def test_unusual_credentials_are_left_to_the_sdk(credentials: Credentials) -> None:
    async def work() -> None:
        on = Route("http://127.0.0.1:1", credentials, {}, 5)
        async with open_http(on) as http:
            made = Made(on, http)
            head = HeadStart(on, lambda: http, made)
            assert not head.possible
            await head.warm()
            assert made.started

    run(work())


def test_headers_of_the_environment_are_left_to_the_sdk(server: Served) -> None:
    async def work() -> bool:
        on = replace(route(server.url), custom=True)
        async with open_http(on) as http:
            return HeadStart(on, lambda: http, Made(on, http)).possible

    assert not run(work())


def test_a_server_without_a_key_gets_none_either_way() -> None:
    for early in (True, False):
        with serve(Engine()) as served:
            on = Route(served.url, Credentials("open", "none"), {}, 5.0)
            run(_early(on, "hello") if early else ask(on, "hello"))
            assert "authorization" not in served.requests[0].headers


@pytest.mark.parametrize("early", [True, False])
def test_a_warm_connection_is_the_one_that_is_used(early: bool) -> None:
    connections = 0
    gone = asyncio.Event()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while line := await reader.readline():
            length = 0
            while (header := await reader.readline()) not in {b"\r\n", b""}:
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            await reader.readexactly(length)
            body = b"" if line.startswith(b"HEAD") else b'data: {"type":"message_stop"}\n\n'
            head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            writer.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        writer.close()
        gone.set()

    async def work() -> Found:
        listening = await asyncio.start_server(serve_one, "127.0.0.1", 0)
        async with listening:
            on = route(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
            async with open_http(on) as http:
                made = Made(on, http)
                sender = HeadStart(on, lambda: http, made) if early else made.result()
                await sender.warm()
                found = await collect(sender.stream(request()))
            await gone.wait()
            return found

    assert run(work())[1] is None
    assert connections == 1


def test_warming_up_never_fails() -> None:
    async def work() -> None:
        on = route("http://127.0.0.1:1")
        async with open_http(on) as http:
            await HeadStart(on, lambda: http, Made(on, http)).warm()

    run(work())


def test_leaving_early_closes_the_connection_and_sends_nothing_more() -> None:
    async def work(on: Route) -> None:
        async with open_http(on) as http:
            events: AsyncGenerator[StreamEvent, None] = HeadStart(
                on, lambda: http, Made(on, http)
            ).stream(request("demo: pace 30; count to 40"))
            async for event in events:
                if isinstance(event, TextDelta):
                    break
            await events.aclose()

    with serve(Engine()) as served:
        run(work(route(served.url)))
        assert len(served.requests) == 1


def test_nothing_slow_is_loaded_before_the_request() -> None:
    code = (
        "import sys, chatrepl.api.headstart.start, chatrepl.api.retry, chatrepl.startup.lazy, "
        "chatrepl.api.credentials, chatrepl.api.connect, chatrepl.api.http\n"
        "slow = {'anthropic', 'pydantic', 'rich', 'tiktoken', 'opentelemetry'}\n"
        "sys.exit(repr(slow & set(sys.modules)) if slow & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
