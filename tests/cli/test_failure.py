import io
import json

from chatrepl.cli.failures import write_failure
from chatrepl.core.errors import UsageError


def _written(manner: str) -> str:
    out = io.StringIO()
    write_failure(out, manner, UsageError("No."), "opus")
    return out.getvalue()


def test_a_failure_is_an_object_for_programs_and_nothing_for_people() -> None:
    whole, line = json.loads(_written("json")), json.loads(_written("jsonl"))

    assert _written("text") == ""
    assert (whole["ok"], whole["model"], whole["error"]["message"]) == (False, "opus", "No.")
    assert line == {"type": "result", **whole}
