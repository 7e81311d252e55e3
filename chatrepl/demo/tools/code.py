"""Code execution: the three tools in the container, what they print, and the files they make."""

from collections.abc import Callable
from dataclasses import dataclass

from chatrepl.demo.sealed import seal
from chatrepl.demo.tools.reply import NewId
from chatrepl.demo.wire import JSON


@dataclass(frozen=True, slots=True)
class CodeCall:
    """A call that can be asked for: its tool and its input."""

    tool: str
    given: JSON


MADE = "chart.csv"
CONTENT = b"a,b\n1,2\n"
_FILE = f"/tmp/{MADE}"  # noqa: S108  # in a container that does not exist
_EDITOR = "text_editor_code_execution"
CALLS = {
    "python": CodeCall("code_execution", {"code": "print(sum(range(11)))"}),
    "bash": CodeCall("bash_code_execution", {"command": "ls -1"}),
    "file": CodeCall("bash_code_execution", {"command": f"cp {_FILE} $OUTPUT_DIR"}),
    "fail": CodeCall("code_execution", {"code": "print(1 / 0)"}),
    "create": CodeCall(_EDITOR, {"command": "create", "path": _FILE, "file_text": "a,b\n1,2\n"}),
    "view": CodeCall(_EDITOR, {"command": "view", "path": _FILE}),
    "replace": CodeCall(
        _EDITOR, {"command": "str_replace", "path": _FILE, "old_str": "1,2", "new_str": "3,4"}
    ),
}


def ran(call: JSON, new_id: NewId, *, nested: bool) -> JSON:
    """Return what a call of one of the three tools gives; what searched is encrypted."""
    if nested:
        return {
            "type": "encrypted_code_execution_result",
            "encrypted_stdout": seal(call["id"]),
            "stderr": "",
            "return_code": 0,
            "content": [],
        }
    run: dict[str, Callable[[JSON, NewId], JSON]] = {
        "code_execution": _python, "bash_code_execution": _bash, _EDITOR: _edit,
    }  # fmt: skip
    return run[call["name"]](call["input"], new_id)


def _output(kind: str, stdout: str, stderr: str = "", files: tuple[JSON, ...] = ()) -> JSON:
    return {
        "type": kind,
        "stdout": stdout,
        "stderr": stderr,
        "return_code": 1 if stderr else 0,
        "content": list(files),
    }


def _python(given: JSON, _new_id: NewId) -> JSON:
    failed = given.get("code") == CALLS["fail"].given["code"]
    words = "ZeroDivisionError: division by zero\n" if failed else ""
    return _output("code_execution_result", "" if failed else "55\n", words)


def _bash(given: JSON, new_id: NewId) -> JSON:
    if "$OUTPUT_DIR" not in str(given.get("command")):
        return _output("bash_code_execution_result", "chart.csv\n")
    made = {"type": "bash_code_execution_output", "file_id": f"file_{new_id()}"}
    return _output("bash_code_execution_result", "", files=(made,))


def _edit(given: JSON, _new_id: NewId) -> JSON:
    command = given.get("command")
    if command == "create":
        return {"type": f"{_EDITOR}_create_result", "is_file_update": False}
    if command == "view":
        return {
            "type": f"{_EDITOR}_view_result",
            "content": "a,b\n1,2\n",
            "file_type": "text",
            "num_lines": 2,
            "start_line": 1,
            "total_lines": 2,
        }
    return {
        "type": f"{_EDITOR}_str_replace_result",
        "lines": ["-1,2", "+3,4"],
        "old_start": 2,
        "old_lines": 1,
        "new_start": 2,
        "new_lines": 1,
    }
