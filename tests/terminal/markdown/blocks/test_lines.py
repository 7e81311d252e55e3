"""Lines are the same wherever a text is cut."""

from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.terminal.markdown.blocks.lines import LONG, LinePart, Lines

TEXTS = st.text(st.sampled_from("ab \n\r\0é河"), max_size=60)


def lines_of(pieces: list[str]) -> list[str]:
    lines = Lines()
    out = [line for piece in pieces for line in lines.feed(piece)]
    return out + lines.finish()


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=8))
def test_the_cuts_make_no_difference(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert lines_of(pieces) == lines_of(list(text)) == lines_of([text])


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_the_lines_are_those_of_the_text(text: str) -> None:
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    expected = plain.split("\n")
    assert lines_of([text]) == (expected[:-1] if not expected[-1] else expected)


def test_a_carriage_return_waits_for_its_line_feed() -> None:
    lines = Lines()
    assert lines.feed("a\r") == []
    assert lines.feed("\nb") == ["a"]
    assert lines.finish() == ["b"]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 700), st.sampled_from(["word ", "x", "河", "1. - "]))
def test_an_overlong_line_is_cut_at_the_same_places(size: int, unit: str) -> None:
    text = unit * (4 * LONG // len(unit)) + "\n" + unit * 3
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    cut = lines_of(pieces)
    assert cut == lines_of([text])
    assert max(map(len, cut)) <= 3 * LONG
    assert (
        "".join(line if isinstance(line, LinePart) else f"{line}\n" for line in cut) == f"{text}\n"
    )


def test_a_row_of_a_table_is_left_whole() -> None:
    row = "| " + "word " * (LONG // 2) + "|"
    assert lines_of([row]) == lines_of(list(row)) == [row]


def test_an_overlong_line_is_cut_before_a_letter() -> None:
    text = "a" * LONG + " - 1. > b"
    assert lines_of([text]) == ["a" * LONG + " - 1. > ", "b"]
