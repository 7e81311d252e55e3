"""Errors of servers that speak otherwise: their own words are found, whatever the form."""

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_answer, from_event, from_other_content
from chatrepl.api.errors.foreign import ERROR_BYTES, said_by, said_in
from chatrepl.core.errors import ApiError
from tests.api.helpers import KEY

HERE = Origin("https://gate.example", "claude-x", "ANTHROPIC_API_KEY", (KEY,))
WORDS = "the quota of this team is used up"


def page(title: str, inner: str = "<h1>nginx</h1>") -> str:
    return f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{inner}</body></html>"


def api(**more: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "novel_error", "message": WORDS, **more}}


# Each says WORDS in a form of its own.
FORMS: dict[str, Any] = {
    "the Messages API": api(),
    "an error without a type": {"error": {"message": WORDS}},
    "an error that is a text": {"error": WORDS},
    "a message": {"message": WORDS},
    "a message in capitals": {"Message": WORDS, "__type": "ThrottlingException"},
    "a message and a code": {"statusCode": 400, "message": WORDS},
    "a status and a message": {"statusCode": 400, "error": "Teapot", "message": WORDS},
    "a type of its own": {"type": "api_error", "message": WORDS},
    "a detail": {"detail": WORDS},
    "a list of details": {"detail": [{"loc": ["body", "model"], "msg": WORDS, "type": "missing"}]},
    "a detail that is an object": {"detail": {"error": WORDS}},
    "a problem": {"type": "about:blank", "title": "Not good", "status": 400, "detail": WORDS},
    "a title alone": {"title": WORDS},
    "errors": {"success": False, "errors": [{"code": 1000, "message": WORDS}]},
    "errors by field": {"errors": {"model": [WORDS]}, "title": "Invalid"},
    "errors as texts": {"errors": [WORDS, "and more"]},
    "a login's words": {"error": "invalid_token", "error_description": WORDS},
    "a fault": {"fault": {"faultstring": WORDS, "detail": {"errorcode": "x"}}},
    "a list": [{"error": {"code": 400, "message": WORDS, "status": "INVALID_ARGUMENT"}}],
    "json in json": {"error": {"message": json.dumps({"detail": WORDS})}},
    "a page in json": {"message": page(WORDS)},
    "words of its own": {"state": "failed", "why": {"text": WORDS}},
    "a text with colours": f"\x1b[31m\x1b[1m{WORDS}\x1b[0m \u202e",
    "a text in an old coding": f"{WORDS} für".encode("latin-1"),
    "a json text": json.dumps(WORDS),
    "a plain text": f"{WORDS}\n",
    "a page": page(WORDS),
    "a page without a title": f"<html><body><style>b {{}}</style><p>{WORDS}</p></body></html>",
    "a page with a heading": f"<html><body><h1 class=x>{WORDS}</h1></body></html>",
    "a torn page": f"<html><head><TITLE lang=en>\n {WORDS}",
    "an event": f"event: error\ndata: {json.dumps(api())}\n\n",
    "an event without a name": f"data: {json.dumps({'detail': WORDS})}\r\n\r\n",
    "a document": f"<?xml version='1.0'?><Error><Code>No</Code><Message>{WORDS}</Message></Error>",
}
STATUSES = (
    400,
    401,
    402,
    403,
    404,
    405,
    407,
    408,
    409,
    413,
    418,
    422,
    429,
    451,
    500,
    502,
    503,
    529,
)
EXITS = {401: 3, 403: 3, 404: 2, 407: 4, 408: 4, 409: 4, 413: 5, 429: 4}


def answer(status: int, form: Any, on: Origin = HERE) -> ApiError:
    text = form if isinstance(form, str | bytes) else json.dumps(form)
    body = text if isinstance(text, bytes) else text.encode()
    return from_answer(status, httpx2.Headers(), body, on)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_server_s_own_words_are_told_with_every_status(form: str) -> None:
    for status in STATUSES:
        error = answer(status, FORMS[form])
        assert WORDS in error.message, status
        assert "<" not in error.message
        assert "\n" not in error.message
        assert len(error.message) < 300
        assert error.exit_code == EXITS.get(status, 4 if status >= 500 else 1)
    event = FORMS[form].decode("latin-1") if isinstance(FORMS[form], bytes) else FORMS[form]
    assert WORDS in from_event(event, None, HERE).message


def test_there_are_more_errors_in_the_table_than_were_asked_for() -> None:
    assert len(FORMS) * len(STATUSES) > 56 * 2


@pytest.mark.parametrize(
    "body", ["", " ", "{}", "[]", "null", "7", "\0\1\2\3", '{"code": 7}', "<p>"]
)
def test_what_says_nothing_leaves_our_own_words(body: str) -> None:
    for status in STATUSES:
        error = answer(status, body)
        assert error.message.endswith(".")
        assert str(error) == error.message
    assert answer(400, body).message == "The service refused the request (400)."


KEYS = ["error", "message", "detail", "errors", "loc", "type", "x"]


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
))  # fmt: skip
def test_any_json_can_be_read(value: Any) -> None:
    for said in (said_by(value), said_in(json.dumps(value).encode())):
        assert isinstance(said.words, str)
        assert isinstance(said.type, str)


@given(st.binary(max_size=60), st.sampled_from([b"", b"<title>", b"<", b"<html><h1", b"{", b'["']))
def test_any_bytes_can_be_read(data: bytes, before: bytes) -> None:
    said_in(before + data)


def test_a_page_is_never_blamed_on_the_key() -> None:
    for status in (401, 403):
        error = answer(status, page("Blocked &amp; logged"))
        told = f"{error.message} {error.hint}".lower()
        assert (
            f"titled “Blocked & logged” answered in place of gate.example ({status})"
            in error.message
        )
        assert "key" not in told
        assert "proxy" in told
        assert "login" in told
    assert "key" not in answer(403, "error code: 1020").message
    assert answer(403, "<html></html>").message.startswith("A web page answered in place of")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("model: claude-x", "gate.example has no model claude-x."),
        (
            "The model `claude-x` does not exist.",
            "has no model claude-x: The model `claude-x` does",
        ),
        (
            "no route for this",
            "gate.example has no Messages API at that address: no route for this",
        ),
        ("File not found: file_7", "File not found: file_7"),
        ("container cntr_1 does not exist", "container cntr_1 does not exist"),
        ("Not found", "gate.example has no Messages API at that address: Not found"),
    ],
)
def test_what_is_not_found_is_told_by_the_server(words: str, told: str) -> None:
    body = {"type": "error", "error": {"type": "not_found_error", "message": words}}
    message = answer(404, body).message
    assert message.startswith(told) if told == words else told in message


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("https://gate.example", "Check base_url."),
        ("https://gate.example/", "Check base_url."),
        ("https://gate.example/llm/api/", "Check base_url: /llm/api/v1/messages is what"),
        ("https://gate.example/llm/v1", "Take /v1 and what follows away"),
    ],
)
def test_a_path_that_leads_nowhere_is_named(url: str, hint: str) -> None:
    error = answer(404, {"detail": "Not Found"}, Origin(url, "claude-x"))
    assert error.message.endswith(": Not Found")
    assert error.hint.startswith(hint)


def test_a_server_that_was_sent_no_key_may_want_one() -> None:
    own = Origin("http://box.example", "claude-x", "no key (a server of your own)")
    error = answer(401, {"error": "who are you"}, own)
    assert error.message == "This server wants a key: who are you"
    assert "api_key_command" in error.hint


def test_what_else_came_with_a_success_is_told() -> None:
    def told(body: str) -> str:
        return from_other_content("text/plain", {}, body.encode(), HERE).message

    assert (
        told("no backend")
        == "gate.example answered with text/plain instead of a stream: no backend"
    )
    assert "no backend" in told('{"message": "no backend"}')
    assert "no backend" in told('{"error": "no backend"}')


def test_a_key_that_is_echoed_stays_hidden_wherever_the_words_are_cut() -> None:
    for before in range(0, 700, 7):
        for form in (
            "x" * before + KEY,
            {"message": "x " * before + KEY},
            page("y" * before + KEY),
        ):
            told = answer(400, form).message
            assert not any(KEY[:size] in told for size in range(12, len(KEY)))
    odd = {"error": {"type": KEY, "message": "no"}, "request_id": f"req_{KEY}"}
    error = answer(400, odd)
    assert KEY not in f"{error.type}{error.request_id}"


def test_what_is_beyond_the_bound_is_not_read() -> None:
    assert said_in(b"<title>" + b"x" * ERROR_BYTES * 2).words.startswith("xxx")
    assert said_in(b" " * ERROR_BYTES + b"<title>late</title>").words == ""


def steps(work: Callable[[], object]) -> int:
    """Count the lines of Python that a call takes."""
    count = 0

    def trace(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "unit", [b"<title>", b"<title", b"<title ", b"<h1", b"<", b"</", b"<!--<p>"]
)
def test_reading_a_page_takes_no_longer_than_its_length(unit: bytes) -> None:
    def cost(size: int) -> int:
        return steps(lambda: said_in(b"<html>" + unit * (size // len(unit))))

    assert cost(64_000) < 6 * cost(16_000)
