import socket
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import pytest

from chatrepl.api.credentials import Credentials
from chatrepl.api.headstart.start import head_start
from chatrepl.api.http import open_http
from chatrepl.api.route import Route
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import StreamEvent, TextDelta
from chatrepl.demo.engine import Engine
from chatrepl.demo.faults import STREAM_FAULTS
from chatrepl.demo.server import Recorded, serve
from tests.api.helpers import ahead, ask, collect, reply, request, route, run

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


Found = tuple[list[StreamEvent], ApiError | None]


async def _early(on: Route, words: str, *, at_once: bool = True) -> Found:
    async with open_http(on) as http:
        return await collect(ahead(on, request(words), http, at_once=at_once))


def _told(found: Found) -> Any:
    """What a user would see of it: all but the ids of the request."""
    events, error = found
    made = replace(reply(events), message_id=None, request_id=None)
    words = None if error is None else {**vars(error), "request_id": None}
    return made, words, [type(event) for event in events]


@pytest.mark.parametrize("wish", WISHES)
def test_all_ways_end_alike_with_one_request_each(wish: str) -> None:
    patience = 0.3 if wish.split(" after", maxsplit=1)[0].endswith(SILENT) else 5.0
    found = []
    sent: list[Recorded] = []
    for way in ("socket", "http", "client", "sdk"):
        with serve(Engine(new_id=lambda: "same", clock=lambda: 1.8e9)) as served:
            on = route(served.url, patience)
            if way in {"client", "sdk"}:
                asked = ask(replace(on, plainly=way == "client"), wish)
            else:
                asked = _early(on, wish, at_once=way == "socket")
            events, error = run(asked)
            assert len(served.requests) == 1
            sent.append(served.requests[0])
            if error is not None:
                port = served.url.rpartition(":")[2]
                error.message = error.message.replace(port, "PORT")
            found.append(_told((events, error)))
    assert found == found[:1] * 4
    assert list(map(_comparable, sent)) == [_comparable(sent[0])] * 4


def _comparable(sent: Recorded) -> Recorded:
    return sent._replace(headers={**sent.headers, "host": ""})


def test_further_headers_replace_the_usual_ones_as_the_sdk_does() -> None:
    seen = []
    for early in (True, False):
        with serve(Engine()) as served:
            on = route(served.url + "/", headers={"Anthropic-Version": "2023-06-01", "X-More": "1"})
            run(_early(on, "hello") if early else ask(replace(on, plainly=False), "hello"))
            seen.append(_comparable(served.requests[0]))
    assert seen[0] == seen[1]
    assert seen[0].headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize(
    "credentials",
    [Credentials("profile", "p"), Credentials("federation", "f")],
)
def test_unusual_credentials_are_left_to_the_sdk(credentials: Credentials) -> None:
    assert head_start(Route("http://127.0.0.1:1", credentials, {}, 5)) is None


def test_headers_of_the_environment_are_left_to_the_sdk() -> None:
    assert head_start(route("http://127.0.0.1:1")) is not None
    assert head_start(replace(route("http://127.0.0.1:1"), custom="X-A: b")) is None


def test_all_is_left_to_the_sdk_where_that_is_wished() -> None:
    assert head_start(replace(route("http://127.0.0.1:1"), plainly=False)) is None


@pytest.mark.parametrize(("url", "needs"), [("http://localhost:80", True), ("http://host", False)])
def test_an_unusual_address_needs_the_http_client(url: str, needs: bool) -> None:
    first = head_start(route(url))
    assert first is not None
    assert first.needs_http == needs


def test_a_service_that_lets_nobody_in_is_given_up_in_time() -> None:
    async def work() -> ApiError | None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            waiting = [socket.socket() for _ in range(4)]
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(full.getsockname())
            on = route(f"http://127.0.0.1:{full.getsockname()[1]}", 0.3)
            async with open_http(on) as http:
                _, error = await collect(ahead(on, request(), http, at_once=True))
            for one in waiting:
                one.close()
            return error

    error = run(work())
    assert error is not None
    assert error.kind is ApiErrorKind.TIMEOUT
    assert error.message.startswith("127.0.0.1:")
    assert error.message.endswith(" did not answer in time.")


def test_a_server_without_a_key_gets_none_either_way() -> None:
    for early in (True, False):
        with serve(Engine()) as served:
            on = Route(served.url, Credentials("open", "none"), {}, 5.0)
            run(_early(on, "hello") if early else ask(replace(on, plainly=False), "hello"))
            assert "authorization" not in served.requests[0].headers


@pytest.mark.parametrize("at_once", [True, False])
def test_leaving_early_closes_the_connection_and_sends_nothing_more(at_once: bool) -> None:
    async def work(on: Route) -> None:
        async with open_http(on) as http:
            events = await ahead(on, request("demo: pace 30; count to 40"), http, at_once=at_once)
            async for event in events:
                if isinstance(event, TextDelta):
                    break
            await events.aclose()

    with serve(Engine()) as served:
        left = served.hung_up
        run(work(route(served.url)))
        assert len(served.requests) == 1
        while served.hung_up == left:
            time.sleep(0.01)


def test_nothing_slow_is_loaded_before_the_request() -> None:
    code = (
        "import sys, chatrepl.api.headstart.start, chatrepl.api.retry, chatrepl.startup.lazy, "
        "chatrepl.api.credentials, chatrepl.api.route, chatrepl.api.http\n"
        "slow = {'anthropic', 'pydantic', 'rich', 'tiktoken', 'opentelemetry'}\n"
        "sys.exit(repr(slow & set(sys.modules)) if slow & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
