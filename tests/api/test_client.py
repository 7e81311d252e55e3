import asyncio
import json
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from chatrepl.api.client import Client, connect
from chatrepl.api.outgoing import streaming
from chatrepl.api.reader import Answer, ReadLimits, read_reply
from chatrepl.api.retry import with_retries
from chatrepl.api.route import Route
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import MessageStart, MessageStop, StreamEvent, TextDelta
from chatrepl.core.talk.blocks import block_from_wire
from chatrepl.core.talk.message import Message
from chatrepl.demo.engine import Engine
from chatrepl.demo.faults import STREAM_FAULTS
from chatrepl.demo.server import Served, serve
from tests.api.helpers import MODEL, ask, client_of, collect, reply, request, route, run

WHOLE = {"no-usage", "no-message", "no-delta", "no-index", "no-type", "unknown", "double-start",
         "double", "huge", "no-stop", "start-text", "start-message", "null-stop"}  # fmt: skip
SILENT = {"stall", "pings-for-ever", "pings-after"}
PAGES = {"html", "json"}


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with serve(Engine()) as served:
        yield served


def test_a_reply_comes_whole_with_its_names_and_counts(server: Served) -> None:
    events, error = run(ask(route(server.url), "hello"))
    assert error is None
    made = reply(events)
    assert made.complete
    assert made.stop_reason == "end_turn"
    assert made.model == MODEL
    assert made.request_id
    assert made.usage.output_tokens > 10
    assert made.text


def test_the_bytes_of_the_request_are_the_ones_that_are_sent(server: Served) -> None:
    run(ask(route(server.url), "héllo"))
    sent = server.requests[-1]
    assert sent.body == streaming(request("héllo"))
    assert sent.headers["content-type"] == "application/json"


@pytest.mark.parametrize("fault", STREAM_FAULTS)
def test_a_broken_stream_keeps_what_came_and_says_what_happened(fault: str, server: Served) -> None:
    patience = 0.3 if fault in SILENT else 5
    events, error = run(ask(route(server.url, patience), f"demo: stream {fault} after 9"))
    made = reply(events)
    assert not any(isinstance(event, MessageStop) for event in events[:-1])
    if fault in WHOLE:
        assert error is None
        assert made.complete
        return
    assert error is not None
    assert not made.complete
    expected = {"error": "overloaded", "error-first": "overloaded"}
    assert error.kind == expected.get(fault, "timeout" if fault in SILENT else "stream")
    assert error.retryable is (fault not in PAGES)
    empty = PAGES | {"empty", "pings", "pings-for-ever", "error-first"}
    assert bool(made.text) is (fault not in empty)


@pytest.mark.parametrize(
    ("wish", "kind"),
    [("refused", "connection"), ("silence", "timeout"), ("headers", "timeout"),
     ("redirect", "connection")],
)  # fmt: skip
def test_no_answer_at_all_is_an_error(wish: str, kind: str, server: Served) -> None:
    events, error = run(ask(route(server.url, 0.3), f"demo: error {wish}"))
    assert events == []
    assert error is not None
    assert error.kind == kind


def test_failures_are_waited_out_over_real_http(server: Served) -> None:
    async def work() -> Any:
        client = connect(route(server.url))
        said = request("demo: error 529 x2")
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        stream = with_retries(lambda: client.stream(said), attempts=5, sleep=sleep)
        found = await collect(stream)
        await client.aclose()
        return found, slept

    (events, error), slept = run(work())
    assert error is None
    made = reply(events)
    assert made.complete
    assert made.retries == 2
    assert len(slept) == 3


def test_a_connection_is_kept_from_turn_to_turn(server: Served) -> None:
    async def work() -> int:
        client = connect(route(server.url))
        before = server.connections
        for words in ("hello", "demo: error 500", "hello"):
            await collect(client.stream(request(words)))
        await client.aclose()
        return server.connections - before

    assert run(work()) == 1


def _free() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_server_that_is_not_there_is_named() -> None:
    port = _free()
    _, error = run(ask(route(f"http://127.0.0.1:{port}"), "hello"))
    assert error is not None
    assert error.message == f"127.0.0.1:{port} cannot be reached: connection refused."


def test_https_to_a_plain_port_is_an_error_with_words(server: Served) -> None:
    _, error = run(ask(route(server.url.replace("http:", "https:")), "hello"))
    assert error is not None
    assert error.message.startswith("No secure connection to 127.0.0.1:")


def test_cancelling_leaves_the_server_at_once(server: Served) -> None:
    async def work(words: str) -> None:
        client = connect(route(server.url, 60))
        asked = len(server.requests)
        task = asyncio.ensure_future(collect(client.stream(request(words))))
        while len(server.requests) == asked:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await client.aclose()

    for words in ("demo: stream stall", "demo: error silence", "demo: pace 2"):
        left = server.hung_up
        run(work(words))
        for _ in range(3000):
            if server.hung_up > left:
                break
            time.sleep(0.01)
        assert server.hung_up > left


def test_leaving_the_iteration_closes_the_connection(server: Served) -> None:
    async def work() -> None:
        client = connect(route(server.url))
        events = await client.stream(request("demo: pace 20; count to 40"))
        async for event in events:
            if isinstance(event, TextDelta):
                break
        await events.aclose()
        await client.aclose()

    left = server.hung_up
    run(work())
    for _ in range(3000):
        if server.hung_up > left:
            break
        time.sleep(0.01)
    assert server.hung_up == left + 1


SEARCH = {"type": "web_search_20260318", "name": "web_search", "max_uses": 5}
OWN = {"name": "look", "input_schema": {"type": "object"}}


@pytest.mark.parametrize("tools", [[SEARCH], [SEARCH, OWN]])
def test_where_the_service_counts_none_of_its_own_tools_the_rest_is_counted(
    tools: list[dict[str, Any]], server: Served
) -> None:
    more = {"tools": tools, "tool_choice": {"type": "none"}, "container": "container_1"}

    async def count(**more: Any) -> int:
        client = connect(route(server.url))
        try:
            return await client.count_tokens(request("hello", **more))
        finally:
            await client.aclose()

    plain = {"tools": tools[1:]} if tools[1:] else {}
    assert run(count(**more)) == run(count(**plain))


def test_a_past_that_cannot_be_counted_is_said_and_teaches_nothing(server: Served) -> None:
    call: dict[str, Any] = {
        "type": "server_tool_use",
        "id": "srvtoolu_1",
        "name": "web_search",
        "input": {},
    }
    found: dict[str, Any] = {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": [],
    }
    blocks = (block_from_wire(call), block_from_wire(found))
    asked = request("hello", tools=[SEARCH])
    past = replace(asked, messages=(*asked.messages, Message("assistant", blocks), *asked.messages))

    async def count() -> int:
        client = connect(route(server.url))
        try:
            return await client.count_tokens(past)
        finally:
            await client.aclose()

    with pytest.raises(ApiError, match="counts no tokens where its own tools were used") as caught:
        run(count())
    assert caught.value.kind is ApiErrorKind.NOT_FOUND


def test_tokens_are_counted_and_models_listed(server: Served) -> None:
    async def work() -> Any:
        client = connect(route(server.url))
        counted = await client.count_tokens(request("hello", stop_sequences=["x"]))
        listed = await client.list_models()
        with pytest.raises(ApiError) as caught:
            await client.count_tokens(request("hello", model="claude-nobody-1"))
        await client.aclose()
        return counted, listed, caught.value

    counted, listed, error = run(work())
    assert counted > 0
    assert MODEL in {info["id"] for info in listed}
    assert error.kind is ApiErrorKind.NOT_FOUND
    assert "claude-nobody-1" in error.message


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"{}", b'{"data":3,"input_tokens":"1"}'])
def test_an_odd_answer_to_a_question_is_an_error(content: bytes) -> None:
    async def work() -> None:
        client = client_of(lambda _request: httpx2.Response(200, content=content))
        with pytest.raises(ApiError, match="not as a Messages API"):
            await client.count_tokens(request())
        with pytest.raises(ApiError, match="not as a Messages API"):
            await client.list_models()
        await client.aclose()

    run(work())


def test_models_that_are_no_objects_are_left_out() -> None:
    content = json.dumps({"data": [1, {"id": "m"}, {}, None]}).encode()

    async def work() -> Any:
        client = client_of(lambda _request: httpx2.Response(200, content=content))
        listed = await client.list_models()
        await client.aclose()
        return listed

    assert run(work()) == ({"id": "m"},)


class Torn(httpx2.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b""
        raise httpx2.ReadError("reset")


def test_an_error_answer_that_breaks_off_is_still_the_error_that_it_is() -> None:
    _, error = run(_first(lambda asked: httpx2.Response(500, stream=Torn(), request=asked)))
    assert error is not None
    assert (error.kind, error.status) == (ApiErrorKind.SERVER, 500)


async def _first(answer: Any) -> Any:
    client = client_of(answer)
    found = await collect(client.stream(request()))
    await client.aclose()
    return found


def test_a_compressed_stream_is_read() -> None:
    import gzip

    body = b'data: {"type":"message_start","message":{}}\n\ndata: {"type":"message_stop"}\n\n'
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers=headers, content=gzip.compress(body))

    events, error = run(_first(answer))
    assert error is None
    assert events == [MessageStart(), MessageStop()]


def test_a_question_is_asked_again_where_a_kept_connection_had_gone() -> None:
    asked: list[httpx2.Request] = []

    def answer(question: httpx2.Request) -> httpx2.Response:
        asked.append(question)
        if len(asked) == 1:
            raise httpx2.RemoteProtocolError("Server disconnected without sending a response.")
        return httpx2.Response(200, json={"input_tokens": 7})

    async def work() -> int:
        client = client_of(answer)
        counted = await client.count_tokens(request())
        await client.aclose()
        return counted

    assert run(work()) == 7
    assert len(asked) == 2


def test_beta_features_join_those_of_headers_and_environment(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask_both(on: Route) -> None:
        client = connect(on)
        asked = replace(request("hello"), betas=("context-1m-2025-08-07",))
        async for _ in await client.stream(asked):
            pass
        await client.count_tokens(asked)
        await client.aclose()

    def sent() -> set[str]:
        return {r.headers["anthropic-beta"] for r in server.requests[-2:]}

    run(
        ask_both(
            replace(
                route(server.url), headers={"Anthropic-Beta": "interleaved-thinking-2025-05-14"}
            )
        )
    )
    assert sent() == {"interleaved-thinking-2025-05-14,context-1m-2025-08-07"}
    added = "anthropic-beta: compact-2026-01-12"
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", added)
    run(ask_both(replace(route(server.url), custom=added)))
    assert sent() == {"compact-2026-01-12,context-1m-2025-08-07"}


def test_only_where_pieces_come_from_afar_it_rests(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []

    def read(answer: Answer, limits: ReadLimits) -> AsyncGenerator[StreamEvent, None]:
        rests.append(limits.rest_s)
        return read_reply(answer, limits)

    monkeypatch.setattr("chatrepl.api.client.read_reply", read)

    async def ask(client: Client) -> None:
        await collect(client.stream(request("hi")))
        await client.aclose()

    run(ask(connect(route(server.url))))
    run(ask(client_of(lambda _: httpx2.Response(200, content=b""))))
    assert rests[0] > 0 == rests[1]
