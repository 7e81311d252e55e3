import subprocess
import sys
from pathlib import Path

import pytest

from chatrepl.api.demo.server import serve
from tests.e2e.piped import Desk

SLOW = {
    "anthropic", "pydantic", "rich", "tiktoken", "opentelemetry", "prompt_toolkit", "typer",
    "httpx2", "httpcore2", "h11", "anyio", "jsonschema", "PIL",
    "genai_prices", "pygments", "markdown_it",
}  # fmt: skip
GATE = """
import sys
from chatrepl.__main__ import main
from chatrepl.api.ahead import Plain

send = Plain.send

async def told(self, *args, **more):
    sys.stderr.write(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
    return await send(self, *args, **more)

Plain.send = told
main()
"""


@pytest.mark.parametrize("args", [(), ("-o", "json"), ("-p", "Sure", "-x"), ("-s", "Be kind.")])
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
