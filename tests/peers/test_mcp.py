"""Servers of tools as others write them: the reference of the protocol, a clock, a git, files."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatrepl.core.talk.blocks import ImageBlock
from chatrepl.core.tools import McpServer, ToolAnswer
from chatrepl.tools.mcp_servers import McpServers
from chatrepl.tools.mcp_source import McpSource
from tests.peers.conftest import installed
from tests.tools.rogues import call, text

pytestmark = pytest.mark.peer
ARCHITECTURE = "demo://resource/static/document/architecture.md"


def _program(name: str, peer: str) -> str:
    program = installed(peer) / name
    if not program.exists():
        pytest.skip(f"NOT CHECKED: the peer {peer} has no {name}")
    return str(program)


@pytest.fixture(scope="module")
def everything() -> Iterator[McpServers]:
    command = (_program("mcp-server-everything", "reference"),)
    servers = McpServers([McpServer("all", command=command)])
    yield servers
    servers.close()


def _called(source: McpSource, *calls: tuple[str, dict[str, Any]]) -> list[ToolAnswer]:
    async def each() -> list[ToolAnswer]:
        offered = {tool.name for tool in await source.tools()}
        assert {name for name, _ in calls} <= offered
        return [await call(source, name, **given) for name, given in calls]

    return asyncio.run(each())


def test_the_tools_of_the_reference_server_answer(everything: McpServers) -> None:
    (source,) = everything.sources
    echo, sum_, picture, links, structured, wrong = _called(
        source,
        ("echo", {"message": "hello"}),
        ("get-sum", {"a": 19, "b": 23}),
        ("get-tiny-image", {}),
        ("get-resource-links", {"count": 3}),
        ("get-structured-content", {"location": "Chicago"}),
        ("get-sum", {"a": "words"}),
    )
    assert "hello" in text(echo)
    assert "42" in text(sum_)
    assert any(isinstance(block, ImageBlock) for block in picture.content)
    assert text(links).count("demo://resource/") >= 3
    assert "temperature" in text(structured)
    assert [echo.is_error, wrong.is_error] == [False, True]


def test_a_call_of_the_reference_server_can_be_stopped(everything: McpServers) -> None:
    (source,) = everything.sources

    async def stopped() -> str:
        await source.tools()
        long = call(source, "trigger-long-running-operation", duration=60, steps=60)
        task = asyncio.ensure_future(long)
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        return text(await call(source, "echo", message="on"))

    assert "on" in asyncio.run(stopped())


def test_the_prompts_of_the_reference_server_are_written(everything: McpServers) -> None:
    prompts = {prompt.name: prompt for prompt in everything.prompts("all")}
    weather = prompts["args-prompt"]
    (message,) = everything.prompt(weather, weather.given(["Oslo"]))
    assert (message.role, "Oslo" in message.text) == ("user", True)
    (message,) = everything.prompt(prompts["simple-prompt"], {})
    assert message.text


def test_the_resources_of_the_reference_server_are_read(everything: McpServers) -> None:
    uris = [resource.uri for resource in everything.resources("all")]
    assert ARCHITECTURE in uris
    assert all("{" not in uri for uri in uris)
    (file,) = everything.resource("all", ARCHITECTURE)
    assert file.name == f"all:{ARCHITECTURE}"
    assert b"# " in file.data


def test_a_clock_a_git_and_files_serve_together(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "notes.txt").write_text("seven herons", encoding="utf-8")
    servers = McpServers(
        [
            McpServer("clock", command=(_program("mcp-server-time", "mcp"),)),
            McpServer("git", command=(_program("mcp-server-git", "mcp"),), tools=("git_status",)),
            McpServer(
                "files",
                command=(_program("mcp-server-filesystem", "reference"), str(tmp_path)),
                deny=("write_file",),
            ),
        ]
    )
    clock, git, files = servers.sources

    async def talk() -> list[str]:
        tools = await asyncio.gather(clock.tools(), git.tools(), files.tools())
        assert [tool.name for tool in tools[1]] == ["git_status"]
        assert not {"write_file"} & {tool.name for tool in tools[2]}
        tokyo = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
        answers = [
            await call(clock, "convert_time", **tokyo),
            await call(git, "git_status", repo_path=str(tmp_path)),
            await call(files, "read_text_file", path=str(tmp_path / "notes.txt")),
        ]
        return list(map(text, answers))

    try:
        time_, status, notes = asyncio.run(talk())
    finally:
        servers.close()
    assert "21:00" in time_
    assert "notes.txt" in status
    assert "seven herons" in notes
