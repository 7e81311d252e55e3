from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.exchange.reply import BlockStart, Reply, StreamEvent, TextDelta
from chatrepl.terminal.views.gutter import Gutter
from tests.views import QuietView

TEXT = st.text(st.sampled_from("ab \n>`"), max_size=30)


def quoted(events: list[StreamEvent]) -> str:
    view = QuietView()
    gutter = Gutter(view)
    for event in events:
        gutter.show(event, Reply())
    return "".join(event.text for event in view.events if isinstance(event, TextDelta))


@given(TEXT, st.lists(st.integers(0, 30), max_size=5))
def test_every_line_is_quoted_however_the_text_comes(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(places)]
    whole = quoted([TextDelta(piece) for piece in pieces])
    lines = text.split("\n")
    ended = lines[:-1] if lines[-1] == "" else lines
    assert whole.split("\n")[: len(ended)] == [f"> {line}" if line else ">" for line in ended]


def test_a_text_that_goes_on_in_another_block_is_one_and_what_is_between_parts_it() -> None:
    text, call = BlockStart(0, {"type": "text"}), BlockStart(1, {"type": "server_tool_use"})
    assert quoted([text, TextDelta("a"), text, TextDelta("b")]) == "> ab"
    assert quoted([text, TextDelta("a"), call, text, TextDelta("b")]) == "> a> b"
