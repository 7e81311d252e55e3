"""The toolbar, fitted."""

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.terminal.prompt.line_editor import cells, cut, fit
from chatrepl.terminal.prompt.values import ToolbarPart

PARTS = (
    ToolbarPart("a", "model"),
    ToolbarPart("b", "12k/150k 8%", 1),
    ToolbarPart("c", "branch x", 3),
    ToolbarPart("d", "$0.01", 2),
)


def line(width: int) -> str:
    return "".join(text for _, text in fit(PARTS, width))


def test_what_matters_least_goes_first_and_the_order_stays() -> None:
    assert line(80) == "model · 12k/150k 8% · branch x · $0.01"
    assert line(37) == "model · 12k/150k 8% · $0.01"
    assert line(20) == "model · 12k/150k 8%"
    assert line(10) == "model"
    assert line(4) == "mod…"
    assert line(2) == ""


def test_a_terminal_without_utf8_gets_ascii_only() -> None:
    assert "".join(text for _, text in fit(PARTS[:2], 80, ascii_only=True)) == "model | 12k/150k 8%"
    assert fit(PARTS[:1], 4, ascii_only=True) == [("class:a", "mod~")]
    assert fit([ToolbarPart("a", "▣ b.png")], 80, ascii_only=True) == [("class:a", "* b.png")]


def test_pieces_carry_their_styles() -> None:
    assert fit(PARTS[:2], 80) == [
        ("class:a", "model"),
        ("class:toolbar", " · "),
        ("class:b", "12k/150k 8%"),
    ]
    assert fit((), 80) == []
    assert fit((ToolbarPart("a", ""),), 80) == []


@given(
    st.lists(st.builds(ToolbarPart, st.just("x"), st.text(), st.integers(0, 5))), st.integers(0, 60)
)
def test_it_is_never_wider_than_the_screen_and_never_drives_it(
    parts: list[ToolbarPart], width: int
) -> None:
    text = "".join(text for _, text in fit(parts, width))
    assert cells(text) <= width
    assert "\x1b" not in text
    assert "\n" not in text


def test_wide_characters_count_twice() -> None:
    assert cells("日本") == 4
    assert cut("日本語", 5) == "日本…"
