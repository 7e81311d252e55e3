import ast
import json
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.storage.export import BASE_URL, to_curl, to_json, to_python
from tests.storage.strategies import json_values

TEXT = "it's \"quoted\" $HOME `id` \\ \n\nEND_OF_REQUEST\n 'x' é 世 \x1b[31m \u202e"
BODY: dict[str, Any] = {
    "model": "m",
    "max_tokens": 5,
    "system": TEXT,
    "messages": [{"role": "user", "content": [{"type": "text", "text": TEXT}]}],
    "stream": True,
}


@given(st.dictionaries(st.text(max_size=5), json_values))
def test_json_gives_back_the_request(body: dict[str, Any]) -> None:
    assert json.loads(to_json(body)) == body


def test_what_is_written_is_inert_on_a_terminal() -> None:
    for written in (to_json(BODY), to_curl(BODY), to_python(BODY)):
        assert not {"\x1b", "\u202e"} & set(written)


def test_no_key_is_written_but_its_name() -> None:
    headers = {"X-Api-Key": "sk-secret", "Authorization": "Bearer sk-secret", "x-team": "a'b"}
    for written in (to_curl(BODY, headers=headers), to_python(BODY, headers=headers)):
        assert "sk-secret" not in written
        assert "x-team" in written
        assert "ANTHROPIC_API_KEY" in written


def test_the_python_script_holds_exactly_the_request() -> None:
    tree = ast.parse(to_python(BODY, "http://localhost:1", {"x-team": "a"}))
    literals = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
    ]
    assert literals == [{key: value for key, value in BODY.items() if key != "stream"}]
    compile(tree, "script", "exec")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell is meant")
@pytest.mark.parametrize("is_chosen", [True, False])
def test_the_curl_command_sends_exactly_the_request(*, is_chosen: bool) -> None:
    got: list[tuple[str, str | None, bytes]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, self.headers["x-api-key"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        command = to_curl(BODY, f"{url}/v1/" if is_chosen else BASE_URL, {"x-team": "a'b"})
        env = {"ANTHROPIC_API_KEY": "k e$y", "PATH": "/usr/bin:/bin", "NO_PROXY": "*"}
        env |= {} if is_chosen else {"ANTHROPIC_BASE_URL": url}
        subprocess.run(["sh", "-c", command], check=True, capture_output=True, env=env)
        thread.join()
    path, key, body = got[0]
    assert (path, key) == ("/v1/messages", "k e$y")
    assert json.loads(body) == BODY
