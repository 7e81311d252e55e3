"""What goes out, and what comes of it, is the same with the SDK and without it."""

import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeAlias

import httpx2
import pytest

from chatrepl.api.client import Client, connect
from chatrepl.api.credentials import Credentials
from chatrepl.api.outgoing import Upload
from chatrepl.api.route import Route
from chatrepl.core.errors import ApiError
from tests.api.helpers import KEY, collect, request, route, run

Asks: TypeAlias = Callable[[Client], Awaitable[Any]]
Seen: TypeAlias = tuple[str, str, list[tuple[str, str]], bytes]

URL = "https://api.test/there"
CREDENTIALS = {
    "key": (Credentials("key", "k", KEY), {}),
    "token": (Credentials("token", "t", KEY), {"X-More": "1", "Anthropic-Version": "2023-06-01"}),
    "open": (Credentials("open", "none"), {}),
    "x-api-key": (Credentials("headers", "h"), {"x-api-key": KEY}),
    "authorization": (Credentials("headers", "h"), {"Authorization": f"Basic {KEY}"}),
}


async def _chunks(client: Client) -> list[bytes]:
    async with aclosing(client.chunks("/v1/files/file_1/content")) as chunks:
        return [chunk async for chunk in chunks]


ASKS: dict[str, Asks] = {
    "a reply": lambda client: collect(client.stream(request("héllo"))),
    "a reply by beta": lambda client: collect(
        client.stream(replace(request(), betas=("context-1m-2025-08-07",)))
    ),
    "a count": lambda client: client.count_tokens(request()),
    "the models": lambda client: client.list_models(),
    "a file": lambda client: client.call(
        "GET", "/v1/files/file_1", headers={"anthropic-beta": "f"}
    ),
    "an upload": lambda client: client.call(
        "POST", "/v1/messages/batches", Upload(4, lambda: iter([b"[", b"1]", b" "])), {"X-A": "b"}
    ),
    "a cancel": lambda client: client.call("POST", "/v1/messages/batches/b/cancel", b"{}"),
    "bytes": _chunks,
}


def _both(on: Route, ask: Asks, answer: httpx2.Response) -> list[tuple[Seen, Any]]:
    """Ask without the SDK and with it; give what went out, and what came of it."""
    found: list[tuple[Seen, Any]] = []
    for plainly in (True, False):
        seen: list[Seen] = []

        async def served(asked: httpx2.Request, seen: list[Seen] = seen) -> httpx2.Response:
            headers = sorted((name.lower(), text) for name, text in asked.headers.multi_items())
            seen.append((asked.method, str(asked.url), headers, await asked.aread()))
            return httpx2.Response(
                answer.status_code, headers=answer.headers, content=answer.content
            )

        async def work(on: Route, transport: httpx2.MockTransport) -> Any:
            client = connect(on, transport=transport)
            try:
                return await ask(client)
            except ApiError as error:
                return vars(error)
            finally:
                await client.aclose()

        came = run(work(replace(on, plainly=plainly), httpx2.MockTransport(served)))
        (sent,) = seen
        found.append((sent, came))
    return found


@pytest.mark.parametrize("name", CREDENTIALS)
@pytest.mark.parametrize("what", ASKS)
def test_each_request_is_the_one_that_the_sdk_would_send(what: str, name: str) -> None:
    credentials, headers = CREDENTIALS[name]
    plain, with_sdk = _both(
        Route(URL, credentials, headers, 5.0), ASKS[what], httpx2.Response(200, json={"data": []})
    )

    assert plain[0] == with_sdk[0]
    assert str(plain[1]) == str(with_sdk[1])
    assert ("authorization" in dict(plain[0][2])) == (name in {"key", "token", "authorization"})


@pytest.mark.parametrize("status", [204, 301, 304, 400, 401, 404, 413, 418, 429, 500, 529])
@pytest.mark.parametrize("what", ["a reply", "a count", "bytes"])
def test_a_refusal_has_the_same_words_with_the_sdk_and_without(what: str, status: int) -> None:
    body = {"type": "error", "error": {"type": "x_error", "message": f"no {KEY}"}}
    answer = httpx2.Response(
        status,
        headers={"retry-after": "7", "request-id": "req_1"},
        json=body if status > 204 else None,
    )
    plain, with_sdk = _both(route(URL), ASKS[what], answer)

    assert str(plain[1]) == str(with_sdk[1])
    assert KEY not in str(plain[1])


def test_the_sdk_is_loaded_only_where_it_sends() -> None:
    code = (
        "import sys; from chatrepl.api.client import connect\n"
        "from chatrepl.api.credentials import Credentials; from chatrepl.api.route import Route\n"
        "for plainly in (True, False):\n"
        "    connect(Route('http://h', Credentials('key', 'k', 'sk'), {}, 5, plainly=plainly))\n"
        "    print('anthropic' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True"]
