"""The real program as a script runs it: a process with pipes, and a service on loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import Any

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import Served
from chatrepl.demo.wire import WireAnswer
from tests.faults.nursery import Nursery

KEY = "sk-ant-test-0123456789abcdef"
ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Done:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        (line,) = self.out.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(slots=True)
class Desk:
    """Somebody's home, and the service they talk to; where there is a nursery, runs come from it.

    Then they start at once, and their streams are files.
    """

    home: Path
    served: Served
    nursery: Nursery | None = None

    def env(self, more: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """Give a bare environment; None in `more` takes a variable away."""
        given: dict[str, str | None] = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": self.served.url,
            "CHATREPL_RETRIES": "0",
            "TERM": "xterm-256color",
            **{name: os.environ[name] for name in os.environ if name.startswith("COVERAGE_")},
            **(more or {}),
        }
        return {name: value for name, value in given.items() if value is not None}

    def run(
        self,
        *args: str,
        stdin: bytes | None = b"",
        env: Mapping[str, str | None] | None = None,
        **more: Any,
    ) -> Done:
        """Run chatrepl; without `stdin` it is closed."""
        if self.nursery is not None and stdin is not None and not more:
            return self._fork(self.nursery, args, stdin, self.env(env))
        fed: dict[str, Any] = {"input": stdin} if stdin is not None else {}
        if stdin is None:
            more["preexec_fn"] = lambda: os.close(0)
        done = subprocess.run(
            command(args), capture_output=True, env=self.env(env), timeout=60, check=False,
            cwd=self.home, **fed, **more,
        )  # fmt: skip
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def _fork(
        self, nursery: Nursery, args: Sequence[str], stdin: bytes, env: Mapping[str, str]
    ) -> Done:
        with TemporaryDirectory() as folder:
            streams = [Path(folder) / name for name in ("in", "out", "err")]
            streams[0].write_bytes(stdin)
            code = nursery.run(args, env, self.home, streams)
            return Done(code, *(stream.read_text("utf-8") for stream in streams[1:]))

    @contextmanager
    def start(self, *args: str, **more: Any) -> "Iterator[subprocess.Popen[bytes]]":
        """Start chatrepl with pipes for its output; it ends with the context."""
        given = {"stdin": subprocess.DEVNULL, "stdout": PIPE, "stderr": PIPE, **more}
        with subprocess.Popen(command(args), env=self.env(), cwd=self.home, **given) as process:
            try:
                yield process
            finally:
                process.kill()

    def script(self, *steps: str) -> None:
        """Decide the next answers; `only TEXT` says TEXT whatever was asked for."""
        self.served.engine.script(*(_answer(step) for step in steps))

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The requests for a message that the service saw."""
        return [json.loads(r.body) for r in self.served.requests if r.path == "/v1/messages"]

    @property
    def content(self) -> list[dict[str, Any]]:
        """The content of the last message that the service saw."""
        content: list[dict[str, Any]] = self.bodies[-1]["messages"][-1]["content"]
        return content

    @property
    def asked(self) -> str:
        """The text of the only text block of that message."""
        (text,) = (block["text"] for block in self.content if block["type"] == "text")
        return str(text)

    @property
    def files(self) -> list[Path]:
        """Everything that was written below the home, but what each request cost."""
        paths = (path for path in self.home.rglob("*") if path.is_file())
        return sorted(path for path in paths if path.parent.name != "ledger")


def _answer(step: str) -> str | WireAnswer:
    kind, _, text = step.partition(" ")
    if kind != "only":
        return step
    engine = Engine()
    engine.script(f"say {json.dumps(text)}")
    asked = {"role": "user", "content": "hello"}
    body = {"model": "claude-haiku-4-5", "max_tokens": 900, "stream": True, "messages": [asked]}
    headers = {"authorization": "Bearer demo", "anthropic-version": "2026-10-21"}
    return engine.handle("POST", "/v1/messages", headers, json.dumps(body).encode())


def command(args: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "chatrepl", *args]
