import io
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    CitationDelta,
    InputDelta,
    MessageStart,
    PrefillBegun,
    Reply,
    RetryWait,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.talk.conversation import Prefill
from chatrepl.core.wire import Wire
from chatrepl.terminal.views.json_lines import LinesView, SilentView, write_json
from tests.terminal.views.replies import text

HOSTILE = st.text(st.sampled_from("a\0\n\u2028\ud83d\ude00\udc80\x1b"))
ANY = st.recursive(
    HOSTILE | st.floats() | st.none() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(HOSTILE, inner),
    max_leaves=10,
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(HOSTILE, ANY))
def test_any_other_reader_of_json_can_read_it(value: dict[str, Any]) -> None:
    out = io.StringIO()
    write_json(out, value)

    def never(constant: str) -> None:
        raise AssertionError(constant)

    assert len(out.getvalue().splitlines()) == 1
    read = json.loads(out.getvalue(), parse_constant=never)
    json.dumps(read, ensure_ascii=False).encode()  # no half of a character


@given(st.dictionaries(st.text(), st.text()))
def test_json_is_one_line_of_ascii_that_reads_back(value: dict[str, str]) -> None:
    out = io.StringIO()
    write_json(out, value)

    assert out.getvalue().isascii()
    assert out.getvalue().count("\n") == 1
    assert json.loads(out.getvalue()) == value


def test_programs_are_told_what_happens() -> None:
    told, reply = heard(
        RetryWait("busy", 2, 1, 3),
        RetryWait("busy", 1, 1, 3),
        PrefillBegun(Prefill("Sure", "emulated")),
        MessageStart("m", "msg_1", None, "req_1"),
        ThinkingDelta("hm"),
        TextDelta("\x1b[31m"),
        BlockStop(),
        PrefillBegun(Prefill("Sure", "emulated")),
    )

    named = {"id": "msg_1", "request_id": "req_1", "session_id": "s"}
    assert told == [
        {"type": "retry", "reason": "busy", "seconds": 2, "attempt": 1, "attempts": 3},
        {"type": "start", "model": "m", **named},
        {"type": "thinking", "delta": "hm"},
        {"type": "text", "delta": "Sure"},
        {"type": "text", "delta": "\x1b[31m"},
    ]
    assert reply.text == "Sure\x1b[31m"


def test_a_start_names_the_model_that_was_asked_where_the_service_names_none() -> None:
    ((start,), _) = heard(MessageStart())

    assert (start["model"], start["id"]) == ("asked", None)


def test_what_a_reply_is_to_begin_with_is_no_text_before_there_is_any() -> None:
    told, reply = heard(
        PrefillBegun(Prefill("Sure", "native")), MessageStart("m"), ThinkingDelta("hm")
    )
    assert [event["type"] for event in told] == ["start", "thinking"]
    assert reply.text == ""


def heard(*events: StreamEvent) -> tuple[list[Any], Reply]:
    told: list[Any] = []
    reply = Reply()
    with LinesView(told.append, "asked", "s") as view:
        for event in events:
            reply = reply.apply(event)
            view.show(event, reply)
    return told, reply


def test_programs_get_each_block_when_it_is_whole_and_its_sources() -> None:
    call = {"type": "mcp_tool_use", "id": "t1", "name": "n", "input": {}, "server_name": "s"}
    result = {"type": "odd_tool_result", "tool_use_id": "t1", "content": [1]}
    sealed = {"type": "thinking", "thinking": "", "signature": "s"}
    early, late = {"url": "https://a"}, {"url": "https://b"}
    events = (
        *opened(0, sealed),
        *opened(1, {"type": "thinking", "thinking": "hm", "signature": "s"}),
        *text("Let me see.", index=2),
        BlockStart(3, call),
        InputDelta('{"a":1}', 3),
        BlockStart(4, result),  # no word that the call ended
        *opened(5, {"type": "hologram", "light": 1}),
        BlockStart(6, {"type": "text", "text": "", "citations": [early]}),
        TextDelta("Yes.", 6),
        CitationDelta(late, 6),
        BlockStop(6),
    )
    assert heard(*events)[0] == [
        {"type": "block", "block": sealed},
        {"type": "text", "delta": "Let me see."},
        {"type": "tool", "block": call | {"input": {"a": 1}}},
        {"type": "tool", "block": result},
        {"type": "block", "block": {"type": "hologram", "light": 1}},
        {"type": "citation", "n": 1, "citation": early},
        {"type": "text", "delta": "\n\nYes."},
        {"type": "citation", "n": 2, "citation": late},
    ]


def opened(index: int, wire: Wire) -> list[StreamEvent]:
    """The events of a block that comes whole."""
    return [BlockStart(index, wire), BlockStop(index)]


def test_the_silent_view_lets_everything_be() -> None:
    with SilentView() as view:
        view.show(TextDelta("x"), Reply())
