"""What is exported from a chat, run by others: the very request that went out."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chatrepl.demo.server import serve
from tests.e2e.piped import Desk, command
from tests.e2e.terminal import DONE, Terminal
from tests.e2e.test_chat import PROMPT
from tests.e2e.test_gateways import KINDS
from tests.faults.strict import serving


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@pytest.mark.parametrize("header", ["x-api-key", "authorization"])
def test_what_runs_elsewhere_sends_what_the_chat_sent(header: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('betas = ["one-1"]\n[headers]\nx-team = "blue"\n')
    with serving(KINDS["cache"][0], header) as gateway, serve() as served:
        desk = Desk(tmp_path, served)
        env = desk.env({
            "ANTHROPIC_BASE_URL": gateway.url, "ANTHROPIC_CUSTOM_HEADERS": "X-Added: too",
            "TERM": "xterm-256color",
        })  # fmt: skip
        options = ("--config", str(tmp_path / "mine.toml"), "--set", 'extra_body={"top_k": 5}')
        with Terminal(command(options), env=env, cwd=tmp_path) as terminal:
            terminal.wait_for("Ask anything")
            terminal.send("hello").keys("enter").wait_for(DONE)
            for form in ("curl", "python"):
                terminal.wait_for(PROMPT)
                terminal.send(f"/export {form} {form}.txt").keys("enter")
                terminal.wait_for(f"written to {form}.txt")
        body, sent = gateway.bodies[-1], gateway.headers[-1]

        for run in (["sh", "curl.txt"], [sys.executable, "python.txt"]):
            subprocess.run(run, cwd=tmp_path, env=env, check=True, capture_output=True, timeout=60)
            named = gateway.headers[-1]
            assert gateway.bodies[-1] == body, run
            for name in ("anthropic-version", "anthropic-beta", "x-team", "x-added", header):
                assert named[name] == sent[name], (run, name)
            other = {"x-api-key", "authorization"} - {header}
            assert not other & named.keys()
    assert desk.env()["ANTHROPIC_API_KEY"] not in (tmp_path / "curl.txt").read_text()
