import subprocess
import sys
from pathlib import Path

import pytest

from chatrepl.__main__ import leave_working_folder
from chatrepl.demo.engine import Engine
from chatrepl.demo.server import Served, serve
from tests.bench.service import service
from tests.e2e.piped import Desk

SLOW = {
    "anthropic", "pydantic", "rich", "tiktoken", "opentelemetry", "prompt_toolkit", "typer",
    "httpx2", "httpcore2", "h11", "anyio", "jsonschema", "PIL",
    "genai_prices", "pygments", "markdown_it", "chatrepl.pages",
}  # fmt: skip
GATE = """
import sys
from chatrepl.__main__ import main
from chatrepl.api.headstart.wire import PlainRequest

send = PlainRequest.send

async def watched(self, seconds):
    PlainRequest.send = send
    sent = await send(self, seconds)
    sys.stderr.write(" ".join(sorted(sys.modules)))
    return sent

PlainRequest.send = watched
main()
"""


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("-o", "json"),
        ("-p", "Sure", "-x"),
        ("-s", "Be kind."),
        ("-n", "3"),
        ("-m", "opus,haiku"),
    ],
)
def test_nothing_slow_is_loaded_before_the_request_leaves(
    tmp_path: Path, args: tuple[str, ...]
) -> None:
    with serve() as served:
        done = subprocess.run(
            [sys.executable, "-c", GATE, "hi", *args], env=Desk(tmp_path, served).env(),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    modules = set(done.stderr.partition("chatrepl:")[0].split())
    assert "chatrepl" in modules
    assert modules & SLOW == set()


def test_nothing_slow_is_loaded_before_the_request_leaves_over_tls(tmp_path: Path) -> None:
    with service(0.0, authority=tmp_path / "ca.pem") as served:
        env = Desk(tmp_path, Served(served.url, Engine())).env({
            "SSL_CERT_FILE": str(tmp_path / "ca.pem"), "ANTHROPIC_BASE_URL": served.url,
        })  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", GATE, "hi"], env=env,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert (done.returncode, done.stdout.split()[:1]) == (0, ["word"])
    assert (served.connections, len(served.arrivals)) == (1, 1)
    modules = set(done.stderr.partition("chatrepl:")[0].split())
    assert {"chatrepl", "ssl"} <= modules
    assert modules & SLOW == set()


def test_the_version_loads_next_to_nothing() -> None:
    code = (
        "import sys; sys.argv = ['chatrepl', '--version']\n"
        "from chatrepl.__main__ import main; main()\n"
        "print(*sorted(n for n in sys.modules if n.startswith('chatrepl') or n == 'asyncio'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    version, modules = done.stdout.splitlines()
    assert version.startswith("chatrepl ")
    assert modules.split() == ["chatrepl", "chatrepl.__main__"]


def test_at_the_end_all_is_written_and_nothing_is_torn_down(tmp_path: Path) -> None:
    code = (
        "import atexit, sys; sys.argv = ['chatrepl', '--demo', 'demo: say bye']\n"
        "atexit.register(print, 'torn down')\n"
        "from chatrepl.__main__ import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"HOME": str(tmp_path), "PYTHONPATH": "."},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (0, "bye\n", "")


def _shot(folder: Path, *args: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *args, "chatrepl", "--demo", "demo: say hello"], cwd=folder,
        env={"HOME": str(folder), "PYTHONPATH": str(Path.cwd()), **env},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("module", ["resource", "asyncio", "brotli", "anthropic"])
def test_modules_in_the_working_folder_are_left_alone(tmp_path: Path, module: str) -> None:
    (tmp_path / f"{module}.py").write_text("print('mine')")
    done = _shot(tmp_path, "-m")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")


@pytest.mark.parametrize(
    "env",
    [
        {"ANTHROPIC_LOG": "debug"},
        {"ANTHROPIC_LOG": "info"},
        {"PYTHONASYNCIODEBUG": "1"},
        {"ANTHROPIC_LOG": "debug", "PYTHONASYNCIODEBUG": "1"},
    ],
)
def test_no_log_of_a_library_reaches_a_pipe(tmp_path: Path, env: dict[str, str]) -> None:
    done = _shot(tmp_path, "-m", **env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")
    listed = subprocess.run(  # the SDK is loaded
        [sys.executable, "-m", "chatrepl", "--demo", "--models"], cwd=tmp_path, check=True,
        env={"HOME": str(tmp_path), "PYTHONPATH": str(Path.cwd()), **env}, capture_output=True,
    )  # fmt: skip
    assert listed.stderr == b""


@pytest.mark.parametrize(("to", "code"), [("| true", 141), (">/dev/full", 1), (">&-", 1)])
def test_what_cannot_be_written_is_no_bug_of_the_shortest_way_either(to: str, code: int) -> None:
    line = f'set -o pipefail; "$0" -m chatrepl --version {to}'
    done = subprocess.run(
        ["bash", "-c", line, sys.executable], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
    assert bool(done.stderr) == (code == 1)


def test_the_package_is_found_where_it_alone_is_in_the_working_folder() -> None:
    path = ["/somewhere", "/lib"]
    leave_working_folder(path, "/elsewhere/chatrepl/__main__.py")
    assert path == ["/lib"]
    path = ["/somewhere", "/lib"]
    leave_working_folder(path, "/somewhere/chatrepl/__main__.py")
    assert path == ["/somewhere", "/lib"]
