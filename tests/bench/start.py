"""How soon everything is there: python -m tests.bench.start [ROUNDS] [--at REVISION].

Prompt, --version, --help and single shots, beside bare Python, bare prompt_toolkit, curl, and llm
where it is installed. Ratios hold from machine to machine; milliseconds do not.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.measure import Run, in_turn, median, painted, piped, show
from tests.bench.service import Service, service

ROOT = Path(__file__).parent.parent.parent
PYTHON = sys.executable
BARE = "from prompt_toolkit import PromptSession; PromptSession().prompt('> ')"
OURS = (PYTHON, "-P", "-m", "chatrepl")  # -P: the tree to measure, not the one we stand in


def environment(home: Path, tree: Path, url: str = "") -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "PYTHONPATH": str(tree),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        "ANTHROPIC_API_KEY": "sk-ant-bench",
        "ANTHROPIC_BASE_URL": url or "http://127.0.0.1:9",
    }


@contextmanager
def tree_at(revision: str) -> Iterator[Path]:
    """Give the source of a revision, compiled as an installer leaves it."""
    if not revision:
        yield ROOT
        return
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run(
            [*git, "add", "--detach", str(tree), revision], check=True, capture_output=True
        )
        try:
            subprocess.run([PYTHON, "-m", "compileall", "-q", str(tree / "chatrepl")], check=False)
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=False)


def prompts(rounds: int, env: dict[str, str]) -> None:
    marks = ["›".encode(), b">"]
    found = in_turn(rounds, {
        "bare prompt_toolkit": lambda: painted([PYTHON, "-c", BARE], env, marks),
        "python input()": lambda: painted([PYTHON, "-c", "input('> ')"], env, marks),
        "chatrepl": lambda: painted(OURS, env, marks),
    })  # fmt: skip
    rows = {
        name: median([v for v in values if not isinstance(v, Run)])
        for name, values in found.items()
    }
    show("prompt painted", rows, "bare prompt_toolkit")


def small_calls(rounds: int, env: dict[str, str]) -> None:
    found = in_turn(rounds, {
        "python -c pass": lambda: piped([PYTHON, "-c", "pass"], env),
        "chatrepl --version": lambda: piped([*OURS, "--version"], env),
        "chatrepl --help": lambda: piped([*OURS, "--help"], env),
    })  # fmt: skip
    rows = {
        name: median([v.cpu for v in values if isinstance(v, Run)])
        for name, values in found.items()
    }
    show("CPU of small calls", rows, "python -c pass")


def shots(rounds: int, env: dict[str, str], served: Service) -> None:
    trusted = ["--cacert", env["SSL_CERT_FILE"]] if "SSL_CERT_FILE" in env else []
    curl = ["curl", "-sN", *trusted, "-d", "{}", f"{served.url}/v1/messages"]
    cases = {"curl": lambda: piped(curl, env), "chatrepl": lambda: piped([*OURS, "hi"], env)}
    if (llm := shutil.which("llm")) is not None:
        asked = [llm, "-m", "claude-haiku-4.5", "hi"]
        cases["llm"] = lambda: piped(asked, env)
    found = in_turn(rounds, cases)
    runs = {name: [v for v in values if isinstance(v, Run)] for name, values in found.items()}
    after = f"{served.delay:g} s to the first byte{', TLS' if trusted else ''}"
    show(
        f"first token, {after}", {n: median([r.first for r in v]) for n, v in runs.items()}, "curl"
    )
    show(f"CPU, {after}", {n: median([r.cpu for r in v]) for n, v in runs.items()}, "curl")
    show("last byte to exit", {n: median([r.tail for r in v]) for n, v in runs.items()}, "curl")
    show("memory", {n: max(r.memory for r in v) for n, v in runs.items()}, "curl", "MiB")


def looks(rounds: int, env: dict[str, str]) -> None:
    found = in_turn(rounds, {
        "python -c pass": lambda: piped([PYTHON, "-c", "print(1)"], env),
        "chatrepl --dry-run": lambda: piped([*OURS, "--dry-run", "hi"], env),
    })  # fmt: skip
    runs = {name: [v for v in values if isinstance(v, Run)] for name, values in found.items()}
    show(
        "CPU of a look", {n: median([r.cpu for r in v]) for n, v in runs.items()}, "python -c pass"
    )
    memory = {n: max(r.memory for r in v) for n, v in runs.items()}
    show("memory of a look", memory, "python -c pass", "MiB")


def measure(rounds: int, tree: Path) -> None:
    """Measure the source in `tree` and print what was found."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        prompts(rounds, environment(folder, tree))
        small_calls(rounds, environment(folder, tree))
        looks(rounds, environment(folder, tree))
        for delay in (0.0, 1.0):
            with service(delay) as served:
                shots(rounds, environment(folder, tree, served.url), served)
        with service(1.0, authority=folder / "ca.pem") as served:
            trusting = {"SSL_CERT_FILE": str(folder / "ca.pem")}
            shots(rounds, environment(folder, tree, served.url) | trusting, served)


@contextmanager
def chosen() -> Iterator[tuple[int, Path]]:
    """Read the command line; give the number of rounds and the source to measure."""
    parser = argparse.ArgumentParser(description="How fast it is, beside what it is built on.")
    parser.add_argument("rounds", type=int, nargs="?", default=7)
    parser.add_argument("--at", default="", help="a revision to measure instead of this tree")
    given = parser.parse_args()
    with tree_at(given.at) as tree:
        yield given.rounds, tree


if __name__ == "__main__":
    with chosen() as (how_often, source):
        measure(how_often, source)
