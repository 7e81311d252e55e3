"""What a program that reads `-o json` or `-o jsonl` needs, one row a need."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.answers import (
    Answer,
    begun,
    block,
    cited,
    ended,
    error,
    in_turn,
    refused,
    said,
    streamed,
    thought,
)
from tests.e2e.piped import Desk, Done
from tests.faults.nursery import Nursery
from tests.faults.raw import OPEN, answering, sse

RESULT = Callable[[dict[str, Any]], Any]
Row = tuple[tuple[Answer, ...], tuple[str, ...], RESULT, Any]
USAGE = {
    "input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 4,
    "cache_creation_input_tokens": 7, "service_tier": "priority", "speed": "fast",
    "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
    "inference_geo": "eu", "server_tool_use": {"web_search_requests": 0}, "iterations": None,
}  # fmt: skip
LATER = {
    "output_tokens": 30, "output_tokens_details": {"thinking_tokens": 12},
    "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
    "iterations": [{"type": "message", "input_tokens": 5}], "novel": {"n": [1]},
}  # fmt: skip
CITED: dict[str, dict[str, Any]] = {
    "web": {"type": "web_search_result_location", "url": "https://w.example/", "title": "W",
            "cited_text": "so it\u2028says", "encrypted_index": "e"},
    "page": {"type": "page_location", "document_index": 0, "document_title": "P",
             "start_page_number": 2, "end_page_number": 3, "cited_text": "on a page"},
    "char": {"type": "char_location", "document_index": 1, "document_title": None,
             "start_char_index": 0, "end_char_index": 9, "cited_text": "in a text"},
    "part": {"type": "content_block_location", "document_index": 2, "document_title": "B",
             "start_block_index": 0, "end_block_index": 1, "cited_text": "in a part"},
    "result": {"type": "search_result_location", "source": "kb/7", "title": "K",
               "search_result_index": 0, "start_block_index": 0, "end_block_index": 1},
    "new": {"type": "crater_location", "crater": 9},
}  # fmt: skip
CALL = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"},
        "caller": {"type": "direct"}}  # fmt: skip
FOUND = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [], "caller": {}}
NEW = {"type": "hologram", "light": [1, None]}
BOX = {"id": "c1", "expires_at": "2026-12-01T00:00:00Z"}
WHY = {"type": "refusal", "category": "cyber", "explanation": "Not that."}
BUSY = refused(529, error("overloaded_error", "Too many of you"), retry_after_ms="10")
FINE = streamed(said(0, "fine"))
HALF = [OPEN, begun(usage=USAGE), said(0, "half")]
BROKEN = [*HALF, sse(**error("api_error", "The cable broke"))]
NAN = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m\\ud800",'
    b'"model":"\\udc00","usage":{"input_tokens":NaN,"odd":[1e999,-Infinity]}}}\n\n'
)


def at(*path: Any) -> RESULT:
    def get(result: dict[str, Any]) -> Any:
        value: Any = result
        for key in path:
            value = value[key]
        return value

    return get


ROWS: dict[str, Row] = {
    "all counts of all kinds": (
        ([OPEN, begun(usage=USAGE), said(0, "x"), ended("end_turn", LATER)],), (), at("usage"),
        {**USAGE, **LATER},
    ),
    "the counts of a reply that paused are added up": (
        (
            [OPEN, begun(usage=USAGE), said(0, "a"), ended("pause_turn", LATER)],
            [OPEN, begun(usage=USAGE), said(0, "b"), ended("end_turn", LATER)],
        ),
        ("--set", "web=true"),
        lambda result: [
            result["usage"]["output_tokens"], result["usage"]["input_tokens"],
            result["usage"]["server_tool_use"], result["usage"]["output_tokens_details"],
            len(result["usage"]["iterations"]), result["usage"]["service_tier"],
        ],
        [60, 20, {"web_search_requests": 4, "web_fetch_requests": 2}, {"thinking_tokens": 24}, 2,
         "priority"],
    ),
    "the counts of a reply that broke off": (
        (BROKEN,), (), at("usage", "cache_creation"), USAGE["cache_creation"],
    ),
    "blocks of every kind as they came": (
        (streamed(thought(0, "hm"), said(1, "x", mood="glad"), block(2, CALL), block(3, FOUND),
                  cited(4, "y", CITED["web"]), block(5, NEW)),),
        (), at("content"),
        [{"type": "thinking", "thinking": "hm", "signature": "sig"},
         {"type": "text", "text": "x", "mood": "glad"}, CALL, FOUND,
         {"type": "text", "text": "y", "citations": [CITED["web"]]}, NEW],
    ),
    "thinking that nobody signed": (
        (streamed(said(0, "a"), thought(1, "hm", ""), said(2, "b")),), (),
        at("content"),
        [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": "hm", "signature": ""},
         {"type": "text", "text": "b"}],
    ),
    "what a block opens with": (
        (streamed(said(0, " a time", text="Once upon")),), (), at("content", 0, "text"),
        "Once upon a time",
    ),
    "the input of a call that came in pieces": (
        (streamed(said(0, "x"), block(1, CALL | {"input": {}}, *(
            {"type": "input_json_delta", "partial_json": piece} for piece in ('{"a": [', "1]}")
        ))),), (), at("content", 1, "input"), {"a": [1]},
    ),
    "sources of every kind with what was cited": (
        (streamed(cited(0, "x", *CITED.values(), CITED["web"])),), (), at("sources"),
        [
            {"n": 1, "title": "W", "url": "https://w.example/", "cited_text": "so it\u2028says"},
            {"n": 2, "title": "P", "url": None, "cited_text": "on a page"},
            {"n": 3, "title": "document 2", "url": None, "cited_text": "in a text"},
            {"n": 4, "title": "B", "url": None, "cited_text": "in a part"},
            {"n": 5, "title": "K", "url": "kb/7", "cited_text": None},
            {"n": 6, "title": "a source without a name", "url": None, "cited_text": None},
        ],
    ),
    "no sources are an empty list": ((FINE,), (), at("sources"), []),
    "text without marks, whatever cite says": (
        (streamed(cited(0, "One", CITED["web"]), said(1, " two.")),), (), at("text"), "One two.",
    ),
    "two documents of one title are two sources": (
        (streamed(cited(0, "x", *({**CITED["page"], "document_index": at} for at in (0, 4)))),), (),
        lambda result: [source["n"] for source in result["sources"]], [1, 2],
    ),
    "what stopped it": (
        (streamed(said(0, "x"), reason="stop_sequence", stop_sequence="\n\nEND"),), (),
        lambda result: (result["stop_reason"], result["stop_sequence"]),
        ("stop_sequence", "\n\nEND"),
    ),
    "why it was refused": (
        (streamed(said(0, "x"), reason="refusal", stop_details=WHY),), (),
        lambda result: (result["stop_details"], result["error"]["type"], result["text"]),
        (WHY, "refusal", "x"),
    ),
    "the ids of message and request": (
        (FINE,), (), lambda result: (result["message_id"], result["request_id"]),
        ("msg_1", "req_raw"),
    ),
    "the model that answered": (
        ([OPEN, begun(model="m-2"), said(0, "x"), ended("end_turn")],), ("-m", "claude-opus-5-5"),
        at("model"), "m-2",
    ),
    "the model that was asked where none answered": (
        (BUSY,), ("-m", "claude-opus-5-5"), at("model"), "claude-opus-5-5",
    ),
    "the container that code ran in": (
        ([OPEN, begun(container={"id": "c0"}), said(0, "x"), ended("end_turn", container=BOX)],),
        (), at("container"), BOX,
    ),
    "the prefill, in the text too": (
        (FINE,), ("-p", "So: "), lambda result: (result["prefill"], result["text"]),
        ({"text": "So: ", "mode": "emulated"}, "So: fine"),
    ),
    "no prefill in the text of nothing": (
        (BUSY,), ("-p", "So: "), lambda result: (result["prefill"]["text"], result["text"]),
        ("So: ", ""),
    ),
    "what was parsed": (
        (streamed(said(0, '```json\n{"a": [1, null]}\n```')),), ("--schema", "{}"),
        lambda result: (result["parsed"], result["text"]), ({"a": [1, None]}, '{"a": [1, null]}'),
    ),
    "a number beyond all numbers is not parsed": (
        (streamed(said(0, '{"a": -1e999}')),), ("--schema", "{}"),
        lambda result: (result["parsed"], result["error"]["type"]), (None, "format_error"),
    ),
    "a price": ((FINE,), (), lambda result: 0 < result["cost_usd"] < 1, True),
    "no price where nobody knows it": (
        ([OPEN, begun(model="m-2"), said(0, "x"), ended("end_turn")],), ("-m", "mine/m-2"),
        lambda result: (result["cost_usd"], result["saved_usd"]), (None, None),
    ),
    "no price where nothing was counted": ((BUSY,), (), at("cost_usd"), None),
    "the price of a reply that broke off while it thought": (
        ([OPEN, begun(), thought(0, "hm", "")],), (),
        lambda result: (result["cost_usd"] > 0, result["text"], result["content"][0]["thinking"]),
        (True, "", "hm"),
    ),
    "the retries": (
        (BUSY, BUSY, FINE), ("--set", "retries=3"),
        lambda result: (result["ok"], result["retries"]), (True, 2),
    ),
    "the retries of a failure": (
        (BUSY,), ("--set", "retries=2"), lambda result: (result["ok"], result["retries"]),
        (False, 2),
    ),
    "what came before it broke off, and whose fault it was": (
        (BROKEN,), (),
        lambda result: (result["text"], result["stop_reason"], result["error"]["request_id"],
                        "The cable broke" in result["error"]["message"]),
        ("half", None, "req_raw", True),
    ),
    "what came before it was torn": (
        (HALF,), (), lambda result: (result["text"], result["content"], result["error"]["type"]),
        ("half", [{"type": "text", "text": "half"}], "stream_error"),
    ),
    "an incomplete reply is no success": (
        (streamed(said(0, "x"), reason="tool_use"),), (), at("error", "type"), "incomplete_error",
    ),
    "numbers that are none, and halves of characters": (
        ([OPEN, NAN, said(0, "x \ud83d"), block(1, {"type": "new", "\udead": 1}),
          ended("odd\ud800", stop_details={"a": "\udfff"})],), (),
        lambda result: [result["usage"]["odd"], result["model"], result["message_id"],
                        result["stop_reason"], result["stop_details"], result["text"]],
        [[], "\ufffd", "m\ufffd", "odd\ufffd", {"a": "\ufffd"}, "x \ufffd"],
    ),
    "a separator of lines is none in JSON": (
        (streamed(said(0, "a\u2028b\u0085c\x1cd\r\ne")),), (), at("text"),
        "a\u2028b\u0085c\x1cd\r\ne",
    ),
}  # fmt: skip

# A failure: its answer, and the type, status and id that are told; its last text is its own words.
ERRORS: dict[str, tuple[Answer, tuple[str, int, bool, str | None], str]] = {
    "bad request": (
        refused(400, error("invalid_request_error", "No such knob"), request_id="req_h"),
        ("invalid_request_error", 400, False, "req_h"), "No such knob",
    ),
    "no key": (
        refused(401, error("authentication_error", "Who is it?") | {"request_id": "req_b"}),
        ("authentication_error", 401, False, "req_b"), "Who is it?",
    ),
    "no right": (
        refused(403, error("permission_error", "Not for you")),
        ("permission_error", 403, False, None), "Not for you",
    ),
    "nowhere": (
        refused(404, error("not_found_error", "There is no such thing")),
        ("not_found_error", 404, False, None), "There is no such thing",
    ),
    "too large": (
        refused(413, error("request_too_large", "Far too much")),
        ("request_too_large", 413, False, None), "Far too much",
    ),
    "a detail": (
        refused(422, {"detail": [{"loc": ["body", "knob"], "msg": "is unheard of"}]}),
        ("invalid_request_error", 422, False, None), "is unheard of",
    ),
    "a limit": (
        refused(429, error("rate_limit_error", "Slow down")),
        ("rate_limit_error", 429, True, None), "Slow down",
    ),
    "plain words": (
        refused(500, "the disk of this gateway is full"),
        ("api_error", 500, True, None), "the disk of this gateway is full",
    ),
    "its own mind on retries": (
        refused(500, error("api_error", "Never again"), x_should_retry="false"),
        ("api_error", 500, False, None), "Never again",
    ),
    "busy": (BUSY, ("overloaded_error", 529, True, None), "Too many of you"),
    "in the middle": (BROKEN, ("api_error", 200, True, "req_raw"), "The cable broke"),
}  # fmt: skip


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


Ask = Callable[..., Done]


@pytest.fixture
def ask(tmp_path: Path, nursery: Nursery) -> Iterator[Ask]:
    """Ask a scripted service a question."""
    with serve(Engine()) as served:
        desk = Desk(tmp_path, served, nursery)

        def asked(answers: tuple[Answer, ...], *args: str) -> Done:
            with answering(in_turn(*answers)) as url:
                return desk.run("hi", *args, env={"ANTHROPIC_BASE_URL": url})

        yield asked


def strict(line: str) -> dict[str, Any]:
    """Read a line as the strictest of readers would."""

    def never(constant: str) -> None:
        raise AssertionError(constant)

    read: dict[str, Any] = json.loads(line, parse_constant=never)
    json.dumps(read, ensure_ascii=False).encode()  # no half of a character
    return read


@pytest.mark.parametrize("name", ROWS)
def test_a_result_has_what_a_program_needs(ask: Ask, name: str) -> None:
    answers, args, get, wanted = ROWS[name]
    whole, lines = (ask(answers, *args, "-o", manner) for manner in ("json", "jsonl"))

    (result,) = map(strict, whole.out.splitlines())
    *events, last = map(strict, lines.out.splitlines())
    assert get(result) == wanted, result
    assert get(last) == wanted, last
    assert last.pop("type") == "result"
    assert last | {"duration_ms": 0} == result | {"duration_ms": 0}
    assert result["ok"] is (whole.code == lines.code == 0)
    assert (result["error"] is None) is result["ok"]
    assert "result" not in {event["type"] for event in events}
    said_so_far = "".join(event["delta"] for event in events if event["type"] == "text")
    assert said_so_far == result["text"] or "--schema" in args


@pytest.mark.parametrize("name", ERRORS)
def test_a_failure_is_told_whole_in_the_words_of_who_refused(ask: Ask, name: str) -> None:
    answer, told, words = ERRORS[name]
    done = ask((answer,), "-o", "json")
    result = strict(done.out)
    failure = result["error"]

    found = (failure["type"], failure["status"], failure["retryable"], failure["request_id"])
    assert found == told
    assert result["request_id"] == told[-1]
    assert words in failure["message"]
    assert words in done.err
    assert done.code


def kinds(done: Done) -> list[str]:
    return [event["type"] for event in done.events]


def test_events_come_in_their_order_and_name_what_they_are(ask: Ask) -> None:
    reply = streamed(
        thought(0, "hm"), said(1, "Let me ", "see."), block(2, CALL), block(3, FOUND),
        cited(4, "Yes.", CITED["web"]), block(5, NEW),
    )  # fmt: skip
    done = ask((BUSY, reply), "-o", "jsonl", "--set", "retries=1", "--save", "x")
    again, start, thinking, *texts, call, found, answer, citation, new, result = done.events

    assert kinds(done) == [
        "retry", "start", "thinking", "text", "text", "tool", "tool", "text", "citation", "block",
        "result",
    ]  # fmt: skip
    assert "Too many of you" in again["reason"]
    assert (again["seconds"], again["attempt"], again["attempts"]) == (1, 1, 1)
    assert start == {
        "type": "start", "model": "claude-sonnet-5-5", "id": "msg_1", "request_id": "req_raw",
        "session_id": result["session_id"],
    }  # fmt: skip
    assert result["session_id"]
    assert (thinking["delta"], [text["delta"] for text in texts]) == ("hm", ["Let me ", "see."])
    assert (call["block"], found["block"], new["block"]) == (CALL, FOUND, NEW)
    assert (answer["delta"], citation["citation"]) == ("\n\nYes.", CITED["web"])


def test_a_start_comes_before_what_the_reply_is_to_begin_with(ask: Ask) -> None:
    assert kinds(ask((BUSY, FINE), "-o", "jsonl", "-p", "So: ", "--set", "retries=1")) == [
        "retry", "start", "text", "text", "result",
    ]  # fmt: skip
    assert kinds(ask((BUSY,), "-o", "jsonl", "-p", "So: ")) == ["result"]
    assert ask((BUSY,), "-p", "So: ").out == ""


def test_what_is_left_out_for_a_server_is_said_whatever_the_manner(ask: Ask) -> None:
    picky = refused(400, error("invalid_request_error", "cache_control: unknown field"))
    for manner in ("text", "json", "jsonl"):
        done = ask((picky, FINE), "-o", manner, "--no-save")
        assert done.code == 0
        assert "cache" in done.err, manner


def test_a_result_that_could_not_be_saved_is_not_ok(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("in the way")
    done = ask((FINE,), "-o", "json", "--save", "x")
    result = strict(done.out)

    assert (done.code, result["ok"], result["text"]) == (1, False, "fine")
    assert result["error"]["type"] == "storage_error"
    assert done.err.count("not saved") == 1
