"""The service's own tools, in a chat and in a pipe: files of code, and servers of tools."""

import json
import os
import signal
from pathlib import Path

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import Desk
from tests.e2e.test_chat import PROMPT, chat

TOKEN = "tok-5f4e3d2c1b"


def test_code_runs_its_files_are_saved_and_a_kill_costs_nothing(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    out.mkdir()
    (out / "chart.csv").write_text("mine")
    with chat(home, columns=100) as c:
        c.command("/code on", "Running code is on")
        c.say("demo: code file")
        c.terminal.wait_for(r"^file made: chart.csv · 8 bytes \(/download 1\)")
        c.command("/files", "text/csv")
        c.command(f"/download 1 {out}", "Saved .*chart-2.csv")
        assert (out / "chart-2.csv").read_bytes() == b"a,b\n1,2\n"
        assert (out / "chart.csv").read_text() == "mine"
        c.command(f"/mcp add mail https://mail.example.com --token-command 'echo {TOKEN}'", "added")
        c.say("demo: mcp hello")
        for kind in ("json", "curl", "python", "md"):
            c.command(f"/export {kind} {out}/talk.{kind}", f"talk.{kind}")
        c.engine.pace = 20
        c.begin("demo: code create", "editing: create")
        os.kill(c.terminal.pid, signal.SIGKILL)
        sent = [json.dumps(body) for body in c.bodies]
        assert [TOKEN in text for text in sent] == [False, True, True]
        assert "container" in sent[-1]
        shown = c.terminal.everything().replace(f"echo {TOKEN}", "")
        assert TOKEN not in shown
    files = [*out.glob("talk.*"), *home.rglob("*.jsonl")]
    kept = [path.read_text("utf-8") for path in files]
    assert len(kept) > 4
    assert ["https://mail.example.com" in text for text in kept[:4]].count(True) == 3
    assert not any(TOKEN in text for text in kept)
    with chat(home, "-c", "--set", "code=on", columns=100) as c:
        c.begin("And now?", "mail wants a token")
        c.terminal.wait_count(r"^› And now\?$", 2)  # it is back in the prompt
        c.terminal.keys("c-c")
        c.terminal.wait_for(PROMPT)
        c.command("/mcp remove mail", "mail is taken off")
        c.say("And now?")
        c.terminal.wait_for("The container that code ran in is gone")
        assert c.engine.statuses[-2:] == [400, 200]
        c.command("/files", "File not found")


def test_a_pipe_has_the_answer_and_stderr_the_names_of_the_files(tmp_path: Path) -> None:
    with serve(Engine()) as served:
        desk = Desk(tmp_path, served)
        done = desk.run("--set", "code=on", "demo: code file")
        assert (done.code, "file made" in done.out) == (0, False)
        assert "chatrepl: file made: chart.csv · 8 bytes · file_" in done.err
        quiet = desk.run("-q", "--set", "code=on", "-o", "json", "demo: code file")
        assert quiet.err == ""
        assert "file_id" in json.dumps(quiet.json["content"])
        assert quiet.json["container"]["id"].startswith("container_")
        read = desk.run("--set", "web=fetch", "demo: fetch https://example.com/a")
        assert "The page says" in read.out
        assert [r.headers.get("anthropic-beta") for r in served.requests] == [None] * len(
            served.requests
        )
