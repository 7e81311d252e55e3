import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest

from chatrepl.demo.faults import STREAM_FAULTS
from chatrepl.demo.server import Served, serve
from tests.demo.helpers import HEADERS, NEW, body, engine, post, user


@pytest.fixture
def server() -> Iterator[Served]:
    with serve(engine()) as served:
        yield served


def _client(served: Served, **more: Any) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(
        api_key="demo", base_url=served.url, max_retries=0, timeout=0.3, **more
    )


async def _stream(served: Served, words: str) -> Any:
    async with _client(served) as api:
        asked: Any = {"role": "user", "content": words}
        async with api.messages.stream(model=NEW, max_tokens=4000, messages=[asked]) as stream:
            async for _ in stream:
                pass
            return await stream.get_final_message()


def test_the_sdk_streams_over_real_http(server: Served) -> None:
    message = asyncio.run(_stream(server, "hello, my name is Zoë"))
    assert message.stop_reason == "end_turn"
    assert "Zoë" in message.content[-1].text
    (seen,) = server.requests
    assert (seen.method, seen.path) == ("POST", "/v1/messages")
    assert seen.headers["authorization"] == "Bearer demo"
    assert json.loads(seen.body)["stream"] is True


def test_the_sdk_fetches_the_results_of_a_batch_where_the_batch_says(server: Served) -> None:
    async def results() -> list[str]:
        async with _client(server) as api:
            asked: Any = {"model": NEW, "max_tokens": 9, "messages": [user("hi")]}
            batch = await api.messages.batches.create(
                requests=[{"custom_id": "one", "params": asked}]
            )
            return [each.custom_id async for each in await api.messages.batches.results(batch.id)]

    assert asyncio.run(results()) == ["one"]


def test_the_sdk_runs_tools_though_no_conversation_is_held_here(server: Served) -> None:
    @anthropic.beta_async_tool
    async def weather(city: str) -> str:
        """Tell the weather."""
        return f"sunny in {city}"

    async def answer() -> Any:
        async with _client(server) as api:
            asked: Any = {"role": "user", "content": "demo: tool"}
            runner = api.beta.messages.tool_runner(
                model=NEW, max_tokens=4000, messages=[asked], tools=[weather]
            )
            return await runner.until_done()

    assert "sunny in" in asyncio.run(answer()).content[-1].text


def test_a_connection_is_kept_for_the_next_request(server: Served) -> None:
    async def work() -> None:
        async with _client(server) as api:
            for _ in range(3):
                asked: Any = {"role": "user", "content": "hello"}
                await api.messages.create(model=NEW, max_tokens=900, messages=[asked])
            await api.models.list()

    asyncio.run(work())
    assert len(server.requests) == 4
    assert server.connections == 1


def test_credentials_are_asked_for(server: Served) -> None:
    good = {"anthropic-version": "2026-10-21"}
    for headers, status in (
        ({}, 401),
        ({"authorization": "Bearer demo"}, 400),
        ({**good, "authorization": "Bearer demo"}, 200),
        ({**good, "x-api-key": "demo"}, 200),
        ({**good, "x-api-key": "bad"}, 401),
        ({**good, "authorization": "Bearer forbidden"}, 403),
    ):
        found = httpx2.post(f"{server.url}/v1/messages", headers=headers, json=body(user("hi")))
        assert found.status_code == status
        assert found.headers["request-id"].startswith("req_")
        assert found.headers["anthropic-organization-id"]
        assert found.headers["anthropic-ratelimit-requests-limit"]


ENDLESS = {"pings-for-ever", "pings-after"}
ENDINGS: dict[str, type[Exception] | None] = {
    "torn": httpx2.RemoteProtocolError,
    "reset": httpx2.ReadError,
    "stall": httpx2.ReadTimeout,
    "cut": None,
    "html": None,
    "json": None,
    "empty": None,
}


@pytest.mark.parametrize("kind", ENDINGS)
def test_a_broken_stream_breaks_on_the_wire(server: Served, kind: str) -> None:
    error = ENDINGS[kind]

    def read() -> bytes:
        value = body(user(f"demo: stream {kind}"), stream=True)
        where = f"{server.url}/v1/messages"
        with httpx2.stream("POST", where, headers=HEADERS, json=value, timeout=0.3) as found:
            return b"".join(found.iter_bytes())

    if error is None:
        assert b"message_stop" not in read()
    else:
        with pytest.raises(error):
            read()


def test_an_answer_can_fail_to_come_in_every_way(server: Served) -> None:
    table = (
        ("error refused", httpx2.RemoteProtocolError),
        ("error silence", httpx2.ReadTimeout),
        ("slow 5", httpx2.ReadTimeout),
        ("stream pings-for-ever", TimeoutError),
        ("stream pings-after", TimeoutError),
        ("error headers", TimeoutError),
    )

    async def work(words: str) -> None:
        value = body(user(f"demo: {words}"), stream=True)
        async with asyncio.timeout(0.6), httpx2.AsyncClient(timeout=0.3) as http:
            await http.post(f"{server.url}/v1/messages", headers=HEADERS, json=value)

    for words, error in table:
        with pytest.raises(error):
            asyncio.run(work(words))


def test_a_redirect_points_elsewhere(server: Served) -> None:
    value = body(user("demo: error redirect"))
    found = httpx2.post(f"{server.url}/v1/messages", headers=HEADERS, json=value)
    assert found.status_code == 307
    assert "elsewhere.invalid" in found.headers["location"]


@pytest.mark.parametrize("kind", sorted(set(STREAM_FAULTS) - ENDLESS - set(ENDINGS)))
def test_every_other_kind_of_broken_stream_is_served_whole(server: Served, kind: str) -> None:
    value = body(user(f"demo: stream {kind}"), stream=True)
    found = httpx2.post(f"{server.url}/v1/messages", headers=HEADERS, json=value, timeout=60)
    assert found.status_code == 200
    assert found.content == post(engine(), value).body


def test_a_client_that_leaves_is_noticed(server: Served) -> None:
    async def work() -> None:
        value = body(user("demo: pace 1"), stream=True)
        async with httpx2.AsyncClient() as http:
            where = f"{server.url}/v1/messages"
            async with http.stream("POST", where, headers=HEADERS, json=value) as found:
                await anext(found.aiter_bytes())
        for _ in range(3000):
            if server.hung_up:
                return
            await asyncio.sleep(0.02)

    asyncio.run(work())
    assert server.hung_up == 1


def test_it_runs_as_a_command() -> None:
    command = [sys.executable, "-m", "chatrepl.demo.server", "--port", "0", "--pace", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        found = httpx2.get(f"{url}/v1/models", headers=HEADERS)
        assert found.json()["data"]
        process.terminate()


def test_importing_the_engine_is_cheap() -> None:
    code = (
        "import sys, chatrepl.demo.engine; "
        "print([m for m in ('anthropic', 'httpx2', 'pydantic', 'PIL') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_request_that_is_broken_off_is_none(server: Served) -> None:
    address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    with socket.create_connection(address) as peer:
        peer.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 40\r\n\r\n{")
    until = time.monotonic() + 10
    while not server.hung_up and time.monotonic() < until:
        time.sleep(0.01)

    assert (server.hung_up, server.requests) == (1, [])
