"""A fault injector that judges its client: each scenario, through the real program."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.peers.conftest import Peer

pytestmark = pytest.mark.peer

FAIL = {"type": "fail"}
SCENARIOS: dict[str, tuple[dict[str, Any], int, str]] = {
    "well": ({"type": "reply", "text": "A **scripted** answer."}, 0, "A **scripted** answer."),
    "bad request": ({**FAIL, "status": 400, "message": "roles must alternate"}, 1, ""),
    "bad key": ({**FAIL, "status": 401, "times": None}, 3, ""),
    "forbidden": ({**FAIL, "status": 403}, 3, ""),
    "unknown model": ({**FAIL, "status": 404, "message": "model: nope"}, 2, ""),
    "too large": ({**FAIL, "status": 413}, 5, ""),
    "busy, then well": ({**FAIL, "status": 429, "retry_after": 1, "times": 1}, 0, "*"),
    "busy for ever": ({**FAIL, "status": 429, "retry_after": 1, "times": None}, 4, ""),
    "broken, then well": ({**FAIL, "status": 500, "times": 1}, 0, "*"),
    "overloaded, then well": ({**FAIL, "status": 529, "times": 1}, 0, "*"),
    "torn": ({"type": "stream_fault", "kind": "disconnect", "after_chunks": 5}, 1, "*"),
    "ended early": ({"type": "stream_fault", "kind": "truncate", "after_chunks": 5}, 1, "*"),
    "malformed": ({"type": "stream_fault", "kind": "malformed", "after_chunks": 5}, 1, "*"),
    "at its limit": ({"type": "reply", "text": "cut", "finish_reason": "length"}, 0, "cut"),
    "refused": ({"type": "reply", "text": "", "finish_reason": "content_filter"}, 7, ""),
    "empty": ({"type": "reply", "text": ""}, 7, ""),
    "escapes": ({"type": "reply", "text": "a \x1b[2J\x1b]0;own\x07 z"}, 0, "a ^[[2J^[]0;own^G z"),
}


def _call(peer: Peer, path: str, body: object | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        peer.url + path,
        data=data,
        headers={"content-type": "application/json"},
        method="POST" if body is not None else "GET",
    )
    with urllib.request.urlopen(request, timeout=15) as answer:
        return json.load(answer)


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_fault_ends_as_promised(llmock: Peer, name: str, tmp_path: Path) -> None:
    behaviour, code, text = SCENARIOS[name]
    _call(llmock, "/_llmock/reset", {})
    _call(llmock, "/_llmock/scenario", {"behaviors": [behaviour]})
    environ = {
        **os.environ,
        "HOME": str(tmp_path),
        "ANTHROPIC_API_KEY": "sk-ant-test-key",
        "ANTHROPIC_BASE_URL": llmock.url + "/anthropic",
    }

    done = subprocess.run(
        [sys.executable, "-m", "chatrepl", "--set", "retries=2", "hello"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environ,
        timeout=60,
        check=False,
    )

    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    out = done.stdout.decode()
    assert out.strip() if text == "*" else out == (f"{text}\n" if text else "")
