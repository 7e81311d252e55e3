"""`--local` with the real llama.cpp and a real small model, as a newcomer has them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers.conftest import _install

pytestmark = pytest.mark.peer
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def installed() -> str:
    """The packages of `chatrepl[local]`, lent by the peer's environment."""
    (packages,) = _install("llamacpp").parent.parent.glob("lib/python3*/site-packages")
    return str(packages)


def test_a_real_model_answers_in_a_pipe_and_is_gone(installed: str, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ANTHROPIC_API_KEY": "sk-not-sent"}
    done = subprocess.run(
        [sys.executable, "-m", "chatrepl", "--local", "-o", "json", "-t", "8", "Say hello."],
        env={**env, "PYTHONPATH": f"{ROOT}{os.pathsep}{installed}"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    answer = json.loads(done.stdout)

    assert (done.returncode, answer["model"]) == (0, "smollm2-135m-instruct")
    assert answer["usage"]["output_tokens"] <= 8
    assert answer["text"]
    assert done.stderr.count("\n") == 1 + answer["stop_reason"].count("max_tokens")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} <= {"ledger"}
