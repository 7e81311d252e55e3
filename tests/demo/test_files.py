"""The Files API as the service has it: what code made can be asked for and read."""

import json
from typing import Any

import pytest

from chatrepl.demo.files import PATH
from chatrepl.demo.wire import WireAnswer
from tests.demo.helpers import HEADERS, ask, body, engine, user

CODE = {"type": "code_execution_20260521", "name": "code_execution"}


def test_a_file_that_code_made_is_told_of_and_given_out() -> None:
    on = engine()

    def get(path: str) -> WireAnswer:
        return on.handle("GET", f"{PATH}{path}", HEADERS, b"")

    message = ask(on, body(user("demo: code file"), tools=[CODE]))
    results = [b for b in message["content"] if b["type"] == "bash_code_execution_tool_result"]
    id_ = results[0]["content"]["content"][0]["file_id"]
    facts: dict[str, Any] = json.loads(get(f"/{id_}").body)
    assert (facts["filename"], facts["size_bytes"], facts["downloadable"]) == ("chart.csv", 8, True)
    assert get(f"/{id_}/content").body == b"a,b\n1,2\n"
    assert [each["id"] for each in json.loads(get("").body)["data"]] == [id_]
    on.files.keep("file_closed", "note.txt", b"x" * 70_000, downloadable=False)
    assert get("/file_closed/content").status == 400
    on.files.keep("file_long", "note.bin", b"x" * 70_000)
    assert len(get("/file_long/content").body) == 70_000


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/file_elsewhere", 404),
        ("GET", "/file_elsewhere/content", 404),
        ("GET", "/file_elsewhere/else", 405),
        ("POST", "", 405),
    ],
)
def test_what_is_not_there_is_refused(method: str, path: str, status: int) -> None:
    assert engine().handle(method, f"{PATH}{path}", HEADERS, b"").status == status
