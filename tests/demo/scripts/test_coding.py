import json
import re
from typing import Any

from chatrepl.demo.scripts import coding


def _block(text: str) -> str:
    found = re.search(r"```\w+\n(.*?)```", text, re.DOTALL)
    assert found
    return found.group(1)


def test_the_python_runs_and_the_json_parses() -> None:
    compile(_block(coding.PYTHON), "python", "exec")
    found: dict[str, Any] = {}
    exec(_block(coding.SIEVE), found)
    assert found["primes"](30) == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    assert json.loads(_block(coding.JSON_TEXT))["type"] == "object"
