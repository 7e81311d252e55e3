"""Tools in the real program: asked about on a terminal, named in a pipe."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import Desk
from tests.e2e.test_chat import chat
from tests.faults.nursery import Nursery


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def desk(tmp_path: Path, nursery: Nursery) -> Iterator[Desk]:
    with serve(Engine()) as served:
        yield Desk(tmp_path, served, nursery)


ASKS = r"Run mark\b.*\? \[y\]es \[a\]lways in this chat \[N\]o"


def tool(home: Path, folder: Path, extra: str = "") -> Path:
    """Configure a tool that leaves a mark wherever it runs; give the file of marks."""
    marks = home / "marks"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(
        f'[tools.mark]\ncommand = ["sh", "-c", "cat >> {marks}; echo noted"]\n'
        f'description = "Leave a mark."\n{extra}'
        f'[tools.slow]\ncommand = ["sleep", "60"]\napprove = "always"\ndescription = "Be slow."\n',
        encoding="utf-8",
    )
    (folder / "config.toml").chmod(0o600)
    return marks


def test_a_call_waits_for_a_yes_that_was_typed_after_the_question(tmp_path: Path) -> None:
    marks = tool(tmp_path, tmp_path / "config" / "chatrepl")
    with chat(tmp_path, pace=200) as c:
        terminal = c.terminal
        terminal.send("please mark\r").pump(0.2).send("yes\r")  # typed ahead: the next message
        terminal.wait_for(ASKS)
        terminal.pump(0.6)
        assert not marks.exists()
        terminal.keys("esc").wait_for("did not agree")
        terminal.wait_for(r"(?s)› yes.* in · ")
        assert not marks.exists()
        terminal.send("please mark\r").wait_for(rf"(?s){ASKS}.*{ASKS}")
        terminal.keys("c-c").wait_for(r"(?s)not agree.*not agree")
        terminal.send("please mark\r").wait_for(rf"(?s){ASKS}.*{ASKS}.*{ASKS}")
        terminal.pump(0.3).send("a\r").wait_for("result: noted")
        assert marks.read_text() == "{}\n"
        terminal.send("please mark\r").wait_for(r"(?s)result: noted.*result: noted")
        assert terminal.everything().count("[v]iew all") == 3
        terminal.send("please slow\r").wait_for("asking for the tool slow")
        terminal.pump(0.5).keys("esc").wait_for("The user stopped this call")
        terminal.send("/tools\r").wait_for("runs in this chat")
        assert set(c.engine.statuses) <= {200}


@pytest.mark.parametrize(
    ("options", "runs", "code"),
    [
        ((), False, 0),
        (("--tool", "mark"), False, 0),
        (("--tool", "mark", "--yes-tools"), True, 0),
        (("--tool", "slow", "--yes-tools"), False, 0),
        (("--tool", "marc"), False, 2),
        (("--yes-tools",), False, 2),
        (("--each", "--tool", "mark"), False, 2),
    ],
)
def test_in_a_pipe_only_what_was_named_runs(
    desk: Desk, options: tuple[str, ...], runs: bool, code: int
) -> None:
    marks = tool(desk.home, desk.home / ".config" / "chatrepl")
    done = desk.run("-o", "json", *options, "please mark")
    assert done.code == code, done.err
    assert marks.exists() is runs
    if code:
        return
    result = json.loads(done.out)
    kinds = [block["type"] for block in result["content"]]
    assert ("tool_result" in kinds) is ("mark" in options)
    assert result["stop_reason"] == "end_turn"
    assert ("mark was not run" in done.err) is (options == ("--tool", "mark"))
    if runs:
        assert "noted" in result["text"]
        assert "result: noted" in done.err
