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

from chatrepl.core.catalog import OFFICIAL
from chatrepl.core.wire import encode
from chatrepl.storage.export import Call, open_headers, to_curl, to_json, to_python
from tests.storage.strategies import json_values

VERSION = "2026-10-21"
TEXT = "it's \"quoted\" $HOME `id` \\ \n\nEND_OF_REQUEST\n 'x' é 世 \x1b[31m \u202e"
BODY: dict[str, Any] = {
    "model": "m",
    "max_tokens": 5,
    "system": TEXT,
    "messages": [{"role": "user", "content": [{"type": "text", "text": TEXT}]}],
    "stream": True,
}
WIRE = encode(BODY).encode()
HEADERS = {"x-team": "a'b", "anthropic-beta": "a,b"}
PROOFS: dict[str, dict[str, str]] = {
    "authorization": {"authorization": "Bearer k e$y"},
    "x-api-key": {"x-api-key": "k e$y"},
    "": {},
}


@given(st.dictionaries(st.text(max_size=5), json_values))
def test_json_gives_back_the_request(body: dict[str, Any]) -> None:
    assert json.loads(to_json(body)) == body


def test_what_is_written_is_inert_on_a_terminal() -> None:
    for written in (to_json(BODY), to_curl(WIRE, VERSION, Call()), to_python(BODY, Call())):
        assert not {"\x1b", "\u202e"} & set(written)


def test_no_key_is_written_but_its_name() -> None:
    headers = {"X-Api-Key": "sk-secret", "Authorization": "Bearer sk-secret", "x-team": "a'b"}
    call = Call(headers=headers)
    for written in (to_curl(WIRE, VERSION, call), to_python(BODY, call)):
        assert "sk-secret" not in written
        assert "x-team" in written
        assert "ANTHROPIC_API_KEY" in written


def test_the_python_script_holds_exactly_the_request() -> None:
    tree = ast.parse(to_python(BODY, Call("http://localhost:1", {"x-team": "a"})))
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
@pytest.mark.parametrize("proof", PROOFS)
def test_the_curl_command_sends_exactly_the_request(*, proof: str, is_chosen: bool) -> None:
    got: list[tuple[str, dict[str, str], bytes]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, dict(self.headers.items()), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        base_url = f"{url}/v1/" if is_chosen else OFFICIAL
        command = to_curl(WIRE, VERSION, Call(base_url, HEADERS, proof))
        env = {"ANTHROPIC_API_KEY": "k e$y", "PATH": "/usr/bin:/bin", "NO_PROXY": "*"}
        env |= {} if is_chosen else {"ANTHROPIC_BASE_URL": url}
        subprocess.run(["sh", "-c", command], check=True, capture_output=True, env=env)
        thread.join()
    path, headers, body = got[0]
    assert path == "/v1/messages"
    assert json.loads(body) == BODY
    inert = {"\\u001b": "\\u001b", "\\u202e": "\u202e"}  # escaped, so that a terminal bears it
    text = body.decode()
    for escaped, plain in inert.items():
        text = text.replace(escaped, plain)
    assert text.encode() == WIRE
    sent = {name.lower(): value for name, value in headers.items()}
    wanted = {"content-type": "application/json", "anthropic-version": VERSION, **HEADERS}
    assert sent.items() >= wanted.items()
    assert {name: value for name, value in sent.items() if name in PROOFS} == PROOFS[proof]


@pytest.mark.parametrize("proof", PROOFS)
def test_the_python_script_sends_exactly_the_request(proof: str) -> None:
    got: list[tuple[dict[str, str], bytes]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((dict(self.headers.items()), body))
            self.send_response(400)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        script = to_python({**BODY, "top_k": 5}, Call(url, HEADERS, proof))
        env = {"ANTHROPIC_API_KEY": "key-1", "PATH": "/usr/bin:/bin", "NO_PROXY": "*"}
        run = [sys.executable, "-c", script]
        subprocess.run(run, check=False, capture_output=True, env=env, timeout=60)
        thread.join()
    headers, body = got[0]
    assert json.loads(body) == {**BODY, "top_k": 5}
    sent = {name.lower(): value for name, value in headers.items()}
    assert sent.items() >= HEADERS.items()
    keys = {name: text.replace("k e$y", "key-1") for name, text in PROOFS[proof].items()}
    assert {name: value for name, value in sent.items() if name in PROOFS} == keys


@pytest.mark.parametrize(
    "name",
    ["X-Api-Key", "authorization", "Proxy-Authorization", "Cookie", "x-gateway-token", "X-Secret",
     "helicone-auth", "ocp-apim-subscription-key", "cf-access-client-secret", "xauthtoken"],
)  # fmt: skip
def test_a_header_that_may_hold_a_secret_is_left_out(name: str) -> None:
    innocent = {"x-author": "ann", "x-keyboard": "de", "anthropic-beta": "a-1"}
    assert open_headers({name: "s3cret", **innocent}) == innocent


def test_what_gives_access_to_other_servers_is_hidden() -> None:
    servers = [{"name": "a", "authorization_token": "s3cret"}, {"name": "b"}, 5]
    body = {**BODY, "mcp_servers": servers}
    for written in (
        to_json(body), to_curl(encode(body).encode(), VERSION, Call()), to_python(body, Call()),
    ):  # fmt: skip
        assert "s3cret" not in written
        assert "[hidden]" in written
    assert json.loads(to_json(body))["mcp_servers"][1:] == servers[1:]


def test_a_version_of_ones_own_goes_before() -> None:
    written = to_curl(WIRE, VERSION, Call(headers={"Anthropic-Version": "2023-06-01"}))
    assert "2023-06-01" in written
    assert VERSION not in written


def test_what_the_sdk_does_not_know_by_name_goes_into_its_extra_body() -> None:
    script = to_python({**BODY, "top_k": 5, "options": {"seed": 1}}, Call())
    tree = ast.parse(script)
    named = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Dict)
    }
    assert named["extra"] == {"top_k": 5, "options": {"seed": 1}}
    assert named["request"] == {key: value for key, value in BODY.items() if key != "stream"}
    assert "extra_body=extra" in script


def test_an_export_names_neither_a_login_nor_what_may_be_a_key() -> None:
    url = "https://me:hunter2@gate.example/base?key=q1w2e3"
    headers = {"x-note": "CANARY-0123", "anthropic-beta": "one-2026-01-01", "x-key": "abc"}
    call = Call(url, headers)
    for written in (to_curl(WIRE, VERSION, call), to_python(BODY, call)):
        assert "https://gate.example/base" in written
        assert "one-2026-01-01" in written
        assert not any(word in written for word in ("hunter2", "q1w2e3", "CANARY", "abc"))
