import io
import json
from typing import Any

from hypothesis import given
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


@given(st.dictionaries(st.text(), st.text()))
def test_json_is_one_line_of_ascii_that_reads_back(value: dict[str, str]) -> None:
    out = io.StringIO()
    write_json(out, value)

    assert out.getvalue().isascii()
    assert out.getvalue().count("\n") == 1
    assert json.loads(out.getvalue()) == value


def test_programs_are_told_what_happens() -> None:
    told: list[Any] = []
    with LinesView(told.append) as view:
        for event in (
            RetryWait("busy", 2, 1, 3),
            RetryWait("busy", 1, 1, 3),
            PrefillBegun(Prefill("Sure", "emulated")),
            MessageStart("m", "msg_1"),
            ThinkingDelta("hm"),
            TextDelta("\x1b[31m"),
            BlockStop(),
            PrefillBegun(Prefill("Sure", "emulated")),
        ):
            view.show(event, Reply())

    assert told == [
        {"type": "retry", "reason": "busy", "seconds": 2, "attempt": 1, "attempts": 3},
        {"type": "text", "delta": "Sure"},
        {"type": "start", "model": "m", "id": "msg_1"},
        {"type": "thinking", "delta": "hm"},
        {"type": "text", "delta": "\x1b[31m"},
    ]


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
    told: list[Any] = []
    reply = Reply()
    with LinesView(told.append) as view:
        for event in events:
            reply = reply.apply(event)
            view.show(event, reply)

    assert told == [
        {"type": "block", "block": sealed},
        {"type": "text", "delta": "Let me see."},
        {"type": "tool", "block": call | {"input": {"a": 1}}},
        {"type": "tool", "block": result},
        {"type": "block", "block": {"type": "hologram", "light": 1}},
        {"type": "citation", "citation": early},
        {"type": "text", "delta": "\n\nYes."},
        {"type": "citation", "citation": late},
    ]


def opened(index: int, wire: Wire) -> list[StreamEvent]:
    """The events of a block that comes whole."""
    return [BlockStart(index, wire), BlockStop(index)]


def test_the_silent_view_lets_everything_be() -> None:
    with SilentView() as view:
        view.show(TextDelta("x"), Reply())
