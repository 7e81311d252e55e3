"""A server is started when it is needed, bounded in all it does, and gone afterwards."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from chatrepl.core.tools import McpServer
from tests.tools.rogues import ROGUE, at_once, call, rogue, source, text

SOON_S = 20.0  # on a busy machine, too; one that is not ended goes on for ever


def _is_there(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split(")")[-1].split()[0] != "Z"
        )
    except OSError:
        return False


def _gone(pid: int, within_s: float = SOON_S) -> bool:
    until = time.monotonic() + within_s
    while _is_there(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not _is_there(pid)


def test_a_server_lists_its_tools_and_answers_calls() -> None:
    async def talk() -> None:
        tools = await one.tools()
        answer = await call(one, "echo", text="good day")

        assert "echo" in [tool.name for tool in tools]
        assert {tool.source for tool in tools} == {"rogue"}
        assert (text(answer), answer.is_error) == ("good day", False)

    with source(rogue()) as one:
        at_once(talk())


def test_a_tool_that_was_added_is_there_when_the_tools_are_asked_for_again() -> None:
    async def talk() -> tuple[int, int]:
        before = len(await one.tools())
        await call(one, "grow")
        return before, len(await one.tools())

    with source(rogue()) as one:
        before, after = at_once(talk())

    assert after == before + 1


def test_only_the_tools_that_are_wanted_are_there() -> None:
    with source(rogue(tools=("echo", "die", "no_such"), deny=("die",), approve="always")) as one:
        tools = at_once(one.tools())

    assert [(tool.name, tool.approve) for tool in tools] == [("echo", "always")]


@pytest.mark.parametrize("way", ["pages", "circle", "many", "hostile", "noisy"])
def test_a_list_has_an_end_and_good_names_whatever_a_server_sends(way: str) -> None:
    with source(rogue(way)) as one:
        tools = at_once(one.tools())

    assert 0 < len(tools) <= 256
    assert all(tool.name.replace("_", "").replace("-", "").isalnum() for tool in tools)
    assert len({tool.name for tool in tools}) == len(tools)


def test_a_tool_with_an_odd_name_is_called_by_its_own() -> None:
    async def talk() -> list[str]:
        names = [tool.name for tool in await one.tools()]
        answers = [await call(one, name, text=name) for name in names]
        return [text(answer) for answer in answers]

    with source(rogue("hostile")) as one:
        answers = at_once(talk())

    assert {"read_file_", "read_file__2", "any_of", "hidden_"} <= set(answers)


@pytest.mark.parametrize("tool", ["die", "hang", "deaf", "line", "lines", "noise"])
def test_a_server_that_hangs_floods_or_dies_is_ended_and_there_again_for_the_next_call(
    tool: str,
) -> None:
    remarks: list[str] = []

    async def talk() -> tuple[bool, float, str]:
        await one.tools()
        begun = time.monotonic()
        answer = await call(one, tool)
        took = time.monotonic() - begun
        return answer.is_error, took, text(await call(one, "echo", text="again"))

    with source(rogue(deadline_s=4), remarks.append) as one:
        failed, took, after = at_once(talk())

    assert (failed, after) == (True, "again")
    assert took < SOON_S
    assert len(remarks) == 1
    assert remarks[0].startswith("rogue ")


def test_a_server_that_dies_again_and_again_is_started_some_times_only() -> None:
    remarks: list[str] = []

    async def talk() -> list[str]:
        await one.tools()
        return [text(await call(one, "die")) for _ in range(5)]

    with source(rogue(), remarks.append) as one:
        answers = at_once(talk())

    assert answers[:3] == ["rogue ended: the disk is full."] * 3
    assert answers[4] == ("rogue ended: the disk is full. It is not started again in this chat.")
    assert len(remarks) == len(set(remarks))


@pytest.mark.parametrize("tool", ["hang", "deaf", "line"])
def test_a_call_that_is_stopped_returns_at_once_and_a_hung_server_is_ended(tool: str) -> None:
    async def talk() -> float:
        await one.tools()
        task = asyncio.ensure_future(call(one, tool))
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        took = time.monotonic() - begun
        assert text(await call(one, "echo", text="on")) == "on"
        return took

    with source(rogue(deadline_s=60)) as one:
        assert at_once(talk()) < SOON_S / 2


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (rogue("broken"), "no such option: --bad"),
        (rogue("silent", deadline_s=0.3), "no answer within 0.3 s"),
        (McpServer("rogue", command=("/no/such/program",)), "there is no /no/such/program"),
        (rogue(folder="/no/such/folder"), "there is no /no/such/folder"),
        (McpServer("rogue", url="http://127.0.0.1:9/mcp"), "did not start"),
        (McpServer("rogue", url="http://127.0.0.1:9/sse"), "did not start"),
    ],
)
def test_a_server_that_does_not_start_is_told_once_and_has_no_tools(
    server: McpServer, why: str
) -> None:
    remarks: list[str] = []

    async def talk() -> list[int]:
        return [len(await one.tools()) for _ in range(2)]

    with source(server, remarks.append) as one:
        assert at_once(talk()) == [0, 0]

    (remark,) = remarks
    assert why in remark


def test_where_the_package_is_missing_the_way_to_install_it_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "chatrepl.tools.mcp_session", None)
    remarks: list[str] = []

    async def talk() -> list[int]:
        return [len(await one.tools()) for _ in range(3)]

    with source(rogue(), remarks.append) as one:
        assert at_once(talk()) == [0, 0, 0]

    (remark,) = remarks
    assert remark.startswith("rogue needs the mcp package, which is not installed. As chatrepl was")
    assert "pipx inject chatrepl mcp" in remark


def test_a_server_sees_of_the_environment_what_it_needs_and_what_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
    monkeypatch.setenv("NOTES", "mine")

    async def talk() -> str:
        await one.tools()
        return text(await call(one, "environment"))

    with source(rogue(environment=("NOTES",), folder=str(tmp_path))) as one:
        seen = json.loads(at_once(talk()))

    assert (seen["NOTES"], seen["TERM"], seen["here"]) == ("mine", "dumb", str(tmp_path))
    assert "ANTHROPIC_API_KEY" not in seen


def test_what_a_server_started_goes_with_it() -> None:
    async def talk() -> int:
        await one.tools()
        return int(text(await call(one, "nurse")))

    with source(rogue()) as one:
        pid = at_once(talk())
        assert _is_there(pid)

    assert _gone(pid)


@pytest.mark.parametrize("tool", ["echo", "deaf"])
def test_a_closed_source_leaves_no_process_and_starts_none(tool: str) -> None:
    async def talk() -> float:
        await one.tools()
        task = asyncio.ensure_future(call(one, tool))
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        await one.close()
        took = time.monotonic() - begun
        await task
        assert text(await call(one, "echo")).startswith("rogue ")
        return took

    with source(rogue(deadline_s=60)) as one:
        assert at_once(talk()) < SOON_S


_KILLED = """
import asyncio, sys
from tests.tools.rogues import call, rogue
from chatrepl.tools.mcp_source import McpSource
from chatrepl.tools.own_loop import OwnLoop
one = McpSource(rogue(), OwnLoop("test"))
async def talk():
    await one.tools()
    answer = await call(one, "environment")
    print("there", flush=True)
    await asyncio.sleep(60)
asyncio.run(talk())
"""


def test_a_server_ends_when_we_are_killed() -> None:
    ours = subprocess.Popen(
        [sys.executable, "-c", _KILLED], stdout=subprocess.PIPE, cwd=ROGUE.parents[2]
    )
    with ours:
        assert ours.stdout is not None
        assert ours.stdout.readline() == b"there\n"
        (child,) = _children(ours.pid)
        assert _is_there(int(child))
        os.kill(ours.pid, signal.SIGKILL)

    assert _gone(int(child))


def _children(pid: int) -> list[str]:
    """Name the children of all threads of a process."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]
