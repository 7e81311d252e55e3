import json
import re

from chatrepl.api.demo.scripts import coding


def _block(text: str) -> str:
    found = re.search(r"```\w+\n(.*?)```", text, re.DOTALL)
    assert found
    return found.group(1)


def test_the_python_runs_and_the_json_parses() -> None:
    compile(_block(coding.PYTHON), "python", "exec")
    assert json.loads(_block(coding.JSON_TEXT))["type"] == "object"
