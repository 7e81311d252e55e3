"""Why a reply stopped: what is said, what is kept, and the exit code of each reason."""

import json
from dataclasses import dataclass

import pytest

from tests.faults.home import QUESTION, Home
from tests.faults.raw import OPEN, START, answering, sends, sse, text


@dataclass(frozen=True, slots=True)
class Row:
    step: str
    code: int
    err: str
    args: tuple[str, ...] = ()
    requests: int = 1


WEB = ("--set", "web=true", "--set", "cite=false")
ROWS: dict[str, list[Row]] = {
    "S1": [
        Row("stop max_tokens", 0, "length limit"),
        Row("stop max_tokens", 6, "not whole", ("-x",)),
        Row("stop max_tokens", 6, "not whole", ("--choose", "a,b")),
    ],
    "S2": [Row("stop refusal cyber", 7, "refused")],
    "S3": [
        Row("demo: stop pause_turn x2", 0, "", WEB, requests=3),
        Row("demo: stop pause_turn x9", 1, "paused", WEB, requests=4),
    ],
    "S4": [Row("stop tool_use", 1, "asked for a tool")],
    "S5": [Row("stop model_context_window_exceeded", 5, "window is full")],
}


@pytest.mark.parametrize("name", ROWS, ids=str)
def test_why_a_reply_stopped_is_said_and_what_came_is_kept(home: Home, name: str) -> None:
    for row in ROWS[name]:
        before = len(home.requests)
        question = row.step if row.step.startswith("demo:") else QUESTION
        if question is QUESTION:
            home.desk.script(row.step)
        done = home.run(question, "--save", f"kept{home.runs}", *row.args)

        assert done.code == row.code, (row, done)
        assert row.err in done.err, (row, done)
        assert bool(done.err) == bool(row.err), (row, done)
        asked, replied = home.kept()
        assert asked == question
        if row.code != 6:
            assert replied.strip() == done.out.strip()
        else:
            assert replied
            assert done.out == ""
        assert len(home.requests) - before == row.requests


def stopped(reason: str, *blocks: bytes) -> bytes:
    end = sse(type="message_delta", delta={"stop_reason": reason}, usage={"output_tokens": 3})
    return b"".join((OPEN, START, *blocks, end, sse(type="message_stop")))


def test_s5_a_reason_nobody_knows_is_named_and_shown_harmlessly(home: Home) -> None:
    with answering(sends(stopped("tired\x1b[31m\u202e", text("kept")))) as url:
        done = home.ask("--base-url", url)

    assert (done.code, done.out) == (0, "kept\n")
    assert "tired" in done.err
    assert "\u202e" not in done.err


def test_s4_the_name_of_a_tool_is_shown_harmlessly(home: Home) -> None:
    block = {"type": "tool_use", "id": "toolu_1", "name": "x\x1b]0;PWN\x07", "input": {}}
    call = sse(type="content_block_start", index=1, content_block=block)
    with answering(sends(stopped("tool_use", text("kept"), call))) as url:
        done = home.ask("--base-url", url)

    assert done.code == 1
    assert done.out == "kept\n"
    assert home.kept() == (QUESTION, "kept")


def test_s2_a_refusal_without_a_word_is_told_apart_from_an_empty_answer(home: Home) -> None:
    with answering(sends(stopped("refusal"))) as url:
        done = home.ask("--base-url", url)

    assert (done.code, done.out) == (7, "")
    assert "refused" in done.err


_REASON = sse(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 3})
_NO_REASON = sse(type="message_delta", delta={"stop_reason": None}, usage={"output_tokens": 3})
_STOP = sse(type="message_stop")


@pytest.mark.parametrize(
    "end", [_REASON + _STOP, _REASON, _NO_REASON + _STOP, _STOP, b"data: [DONE]\n\n"]
)
def test_an_answer_has_one_verdict_in_text_json_and_exit_code(home: Home, end: bytes) -> None:
    with answering(sends(OPEN, START, text("kept"), end)) as url:
        plain = home.ask("--base-url", url, "-v")
        told = home.ask("--base-url", url, "-o", "json")

    assert (plain.code, plain.out, told.code) == (0, "kept\n", 0)
    assert plain.err.endswith(" s\n")
    assert "cut" not in plain.err
    result = json.loads(told.out)
    assert (result["ok"], result["stop_reason"], result["error"]) == (True, "end_turn", None)


@pytest.mark.parametrize("end", [b"", _NO_REASON])
def test_what_neither_stops_nor_says_why_was_cut(home: Home, end: bytes) -> None:
    with answering(sends(OPEN, START, text("kept"), end)) as url:
        plain = home.ask("--base-url", url)
        told = home.ask("--base-url", url, "-o", "json")

    assert (plain.code, plain.out, told.code) == (1, "kept\n", 1)
    assert "before it was complete" in plain.err
    result = json.loads(told.out)
    assert (result["ok"], result["stop_reason"], result["text"]) == (False, None, "kept")
