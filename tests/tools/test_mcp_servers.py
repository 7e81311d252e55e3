"""Servers by their names: tools, prompts and resources of a real one, by each way to reach it."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from chatrepl.core.errors import ConfigError, ToolError
from chatrepl.core.served import ServedFile, ServedResource
from chatrepl.core.talk.blocks import ImageBlock, TextBlock
from chatrepl.core.talk.message import Message
from chatrepl.core.tools import McpServer
from chatrepl.tools.mcp_servers import McpServers
from tests.tools.rogues import call, rogue, text

PANTRY = Path(__file__).with_name("pantry.py")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)


@pytest.fixture(scope="module", params=["stdio", "/mcp", "/sse"])
def server(request: pytest.FixtureRequest) -> Iterator[McpServer]:
    if request.param == "stdio":
        yield McpServer("pantry", command=(sys.executable, str(PANTRY)))
        return
    port = _free_port()
    command = [sys.executable, str(PANTRY), str(port), request.param]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        _wait(port)
        url = f"http://127.0.0.1:{port}{request.param}"
        yield McpServer("pantry", url=url)
        process.terminate()


def test_a_real_server_serves_tools_prompts_and_resources(server: McpServer) -> None:
    servers = McpServers([server], token=lambda _server: "open-sesame")
    (source,) = servers.sources

    async def talk() -> list[object]:
        tools = await source.tools()
        described = [(tool.name, tool.description) for tool in tools]
        assert ("count", "Count what is on the shelf.") in described
        answers = [await call(source, "count", what=what) for what in ("eggs", "salt")]
        answers += [await call(source, "look"), await call(source, "who")]
        assert [type(block) for block in answers[2].content] == [TextBlock, ImageBlock]
        return [(text(answer), answer.is_error) for answer in answers]

    eggs, salt, look, who = asyncio.run(talk())
    (recipe,) = servers.prompts("pantry")
    messages = servers.prompt(recipe, recipe.given(["soup", "4"]))
    resources = servers.resources("pantry")
    files = servers.resource("pantry", "shelf://eggs")
    with pytest.raises(ToolError):
        servers.resource("pantry", "shelf://salt")
    servers.close()

    assert eggs == ("12", False)
    assert isinstance(salt, tuple)
    assert salt[1]
    assert look == ("The shelf:", False)
    assert who == ("Bearer open-sesame" if server.url else "nobody", False)
    assert recipe.usage == "/pantry:recipe DISH [PEOPLE]"
    assert messages == (Message.user("How is soup made for 4? @/etc/passwd"),)
    assert {one.uri for one in resources} == {"shelf://all", "shelf://"}
    assert files == (ServedFile("pantry:shelf://eggs", b"eggs: 12"),)


def test_no_server_is_started_to_be_named_and_none_that_the_service_speaks_to() -> None:
    servers = McpServers([rogue("broken"), McpServer("there", url="https://x", connect="service")])

    assert servers.names() == ("rogue",)
    servers.close()
    servers.close()


def test_messages_of_one_role_are_one_and_those_of_the_other_stay() -> None:
    servers = McpServers([rogue()])
    (prompt,) = servers.prompts("rogue")
    messages = servers.prompt(prompt, prompt.given(["x"]))
    resources = servers.resources("rogue")
    servers.close()

    assert (prompt.name, prompt.original) == ("ask_me", "ask me")
    assert [(m.role, m.text) for m in messages] == [
        ("user", "Be brief."),
        ("assistant", "I am."),
        ("user", "{'what': 'x'}"),
    ]
    assert resources == (ServedResource("memo://one", "one"), ServedResource("memo://", "any"))


def test_many_servers_start_at_once_and_one_that_fails_hides_no_other() -> None:
    remarks: list[str] = []
    good = [McpServer(f"good{n}", command=rogue().command) for n in range(4)]
    servers = McpServers([*good, rogue("broken")], remarks.append)

    async def talk() -> list[int]:
        lists = await asyncio.gather(*(source.tools() for source in servers.sources))
        return [len(tools) for tools in lists]

    counts = asyncio.run(talk())
    servers.close()

    assert all(counts[:4])
    assert counts[4] == 0
    assert remarks == ["rogue did not start: no such option: --bad."]


def test_an_address_that_is_refused_is_not_spoken_to() -> None:
    asked: list[str] = []

    def token(server: McpServer) -> str:
        asked.append(server.url)
        raise ConfigError("A key is not sent there.", "Use https.")

    servers = McpServers([McpServer("far", url="http://far.example/mcp")], token=token)
    with pytest.raises(ToolError, match="A key is not sent there"):
        servers.prompts("far")
    servers.close()

    assert asked == ["http://far.example/mcp"]


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "401 Unauthorized"), (403, "403 Forbidden"), (502, "502 Bad Gateway")],
)
def test_an_address_that_answers_something_else_is_told_with_its_status(
    status: int, words: str
) -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{http.server_port}/mcp"
        servers = McpServers([McpServer("far", url=url, deadline_s=20)])
        with pytest.raises(ToolError, match=f"far did not start: it answered {words}"):
            servers.prompts("far")
        servers.close()
        http.shutdown()


@pytest.mark.parametrize("way", ["json", "stream"])
def test_a_body_without_an_end_is_cut(way: str) -> None:
    port = _free_port()
    script = Path(__file__).with_name("endless.py")
    with subprocess.Popen([sys.executable, str(script), str(port), way]) as process:
        _wait(port)
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # forgets the peak so far
        before = _memory_mb()
        servers = McpServers([McpServer("far", url=f"http://127.0.0.1:{port}/mcp", deadline_s=20)])
        with pytest.raises(ToolError):
            servers.prompts("far")
        servers.close()
        grown = _memory_mb() - before
        process.terminate()

    assert grown < 300


def _memory_mb() -> int:
    status = Path(f"/proc/{os.getpid()}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) // 1000
