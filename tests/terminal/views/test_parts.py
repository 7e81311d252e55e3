"""The parts of a reply, one below the other."""

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.terminal.views.parts import Parts, Style
from tests.terminal.stream.harness import Clock, Sink
from tests.terminal.views.replies import console_on, rows_of

KINDS = st.sampled_from(["text", "blank", "think", "line"])


@given(st.lists(KINDS, max_size=8))
def test_parts_stand_apart_by_one_row_and_nothing_is_doubled(kinds: list[str]) -> None:
    sink = Sink()
    parts = Parts(console_on(sink), Style(), Clock())
    for number, kind in enumerate(kinds):
        match kind:
            case "text":
                parts.text(f"t{number} ")
            case "blank":
                parts.text("\n")
            case "think":
                parts.think("hm")
            case _:
                parts.line(f"l{number}")
    parts.end()
    rows = rows_of(sink.getvalue()).split("\n")
    assert "\n\n\n" not in "\n".join(rows)
    for number, kind in enumerate(kinds):
        if kind in {"text", "line"}:
            assert sum(f"{kind[0]}{number}" in row.split() for row in rows) == 1
