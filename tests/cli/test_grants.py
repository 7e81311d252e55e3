"""Tokens of servers: they come from a command, go out with the request, and are nowhere else."""

import asyncio
import sys
from typing import Any

import pytest

from chatrepl.api.client import connect
from chatrepl.cli.grants import granted
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.connector import NOT_KEPT
from chatrepl.core.settings import Settings
from chatrepl.core.talk.message import Message
from chatrepl.core.tools import McpServer
from chatrepl.core.world import Edges
from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from chatrepl.demo.wire import json_answer
from chatrepl.session.session import Session
from tests.api.helpers import collect, route, run

TOKEN = "tok-9f8e7d6c5b4a"
URL = "https://mail.example.com"


def session(*command: str) -> Session:
    made = Session(Settings(), Edges(lambda: 0.0, lambda: "id"), interactive=True)
    server = McpServer("mail", url=URL, connect="service", token_command=command)
    plain = McpServer("notes", url=URL, connect="service")
    made.adjust(servers={"mail": server, "notes": plain})
    return made


def printing(text: str, then: str = "") -> tuple[str, ...]:
    return sys.executable, "-c", f"print({text!r}); {then}"


def test_a_token_goes_out_and_stands_nowhere_else(tmp_path: Any) -> None:
    counter = tmp_path / "runs"
    count = f"open({str(counter)!r}, 'a').write('x')"
    on, tokens = session(*printing(f"  {TOKEN} ", count)), dict[tuple[str, ...], str]()
    request = on.request(Message.user("demo: mcp hello"))

    async def ask(url: str) -> Any:
        client = connect(route(url))
        try:
            for _ in range(2):
                sent = await granted(request, on, tokens)
            return await collect(client.stream(sent))
        finally:
            await client.aclose()

    with serve(Engine()) as served:
        _, error = run(ask(served.url))
        (asked,) = served.requests
        assert error is None
        assert asked.body.count(TOKEN.encode()) == 1
        assert asked.headers["anthropic-beta"] == "mcp-client-2025-11-20"
        assert counter.read_text() == "x"  # the command is run once
        assert TOKEN.encode() not in request.encode()
        echo = {"type": "error", "error": {"type": "invalid_request_error", "message": TOKEN}}
        served.engine.script(json_answer(400, echo, {}))
        _, error = run(ask(served.url))
        assert error is not None
        assert TOKEN not in f"{error.message} {error.hint} {error.answer}"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (NOT_KEPT, "mail wants a token, and a conversation keeps no command"),
        (printing(TOKEN, "exit(3)"), "The token command of mail failed with exit code 3"),
        (printing(""), "The token command of mail printed nothing"),
        (("/no/such/program",), "The token command of mail could not be run"),
    ],
)
def test_without_its_token_nothing_is_sent_and_what_to_do_is_said(
    command: tuple[str, ...], words: str
) -> None:
    on = session(*command)
    with pytest.raises(ApiError) as caught:
        asyncio.run(granted(on.request(Message.user("q")), on, {}))
    assert caught.value.message.startswith(words)
    assert "/mcp remove mail" in caught.value.hint
    assert TOKEN not in f"{caught.value.message}{caught.value.hint}"
