"""Plain text that grows."""

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from chatrepl.terminal.markdown.plain_rows import PlainRows, Window
from chatrepl.terminal.markdown.wrap import Row
from tests.terminal.markdown.rows import texts

DIM = Style(dim=True)


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("ab \n"), max_size=80), st.integers(1, 9), st.integers(1, 30))
def test_the_rows_do_not_depend_on_the_pieces(text: str, size: int, width: int) -> None:
    plain = PlainRows(DIM)
    rows: list[Row] = []
    for start in range(0, len(text), size):
        rows += plain.feed(text[start : start + size], width)
        plain.preview(width)
    whole = PlainRows(DIM)
    assert rows + plain.finish(width) == whole.feed(text, width) + whole.finish(width)


def test_blank_lines_at_the_ends_are_left_out() -> None:
    plain = PlainRows(DIM)
    assert texts(plain.feed("\n\na\n\n*b*\n\n", 20) + plain.finish(20)) == ["a", "", "*b*"]


def test_a_window_shows_the_last_rows_and_ends_as_its_summary() -> None:
    window = Window(PlainRows(DIM), 2)
    assert window.feed("a\nb\nc\nd", 20) == []
    assert texts(window.preview(20)) == ["c", "d"]
    window.summary = [("over", DIM)]
    assert texts(window.finish(20)) == ["over"]
