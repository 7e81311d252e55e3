import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.exchange.reply import (
    BlockStop,
    MessageStart,
    PrefillBegun,
    Reply,
    RetryWait,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.talk.conversation import Prefill
from chatrepl.terminal.views.json_lines import LinesView, SilentView, write_json


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


def test_the_silent_view_lets_everything_be() -> None:
    with SilentView() as view:
        view.show(TextDelta("x"), Reply())
