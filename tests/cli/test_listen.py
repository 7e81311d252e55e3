"""The embedded engine as a server for other programs' tests."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from chatrepl.demo.server import serve
from tests.e2e.piped import Desk

QUESTION = {
    "model": "claude-haiku-4-5",
    "max_tokens": 20,
    "messages": [{"role": "user", "content": "demo: say listened"}],
}
HEADERS = {"x-api-key": "k", "anthropic-version": "2026-10-21", "content-type": "application/json"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serve() as served:
        yield Desk(tmp_path, served)


@contextmanager
def listening(desk: Desk, *more: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with desk.start("--demo", "--listen", "0", *more) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().decode().strip()


def ask(url: str, body: object) -> tuple[int, dict[str, object]]:
    request = Request(f"{url}/v1/messages", json.dumps(body).encode(), HEADERS)
    try:
        with urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_answers_this_machine_strictly_until_a_signal_ends_it(
    desk: Desk, number: int, code: int
) -> None:
    with listening(desk) as (process, url):
        assert url.startswith("http://127.0.0.1:")
        status, answer = ask(url, QUESTION)
        assert (status, answer["content"]) == (200, [{"type": "text", "text": "listened"}])
        assert ask(url, {**QUESTION, "max_tokens": 0.5})[0] == 400
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out) == (code, b"")
        assert err.decode().count("\n") == 1
        assert f"ANTHROPIC_BASE_URL={url}" in err.decode()
    assert not list(desk.home.rglob("*.jsonl"))


def test_what_cannot_be_listened_on_is_said(desk: Desk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for args, words in (
            (("--demo", "--listen", str(port)), f"Port {port} cannot be used"),
            (("--demo", "--listen", "65536"), "There is no port 65536"),
            (("--listen", "8080"), "Say --demo --listen 8080."),
        ):
            done = desk.run(*args)
            assert done.code == 2
            assert words in done.err
            assert not done.out


def test_a_quiet_one_says_nothing_but_its_address(desk: Desk) -> None:
    with listening(desk, "-q") as (process, _):
        process.terminate()
        assert process.communicate(timeout=20) == (b"", b"")
