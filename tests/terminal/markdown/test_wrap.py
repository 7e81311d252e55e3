"""Rows fit, nothing is lost, and no row ends in a blank."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from chatrepl.terminal.markdown.wrap import Run, chop, fold, rstrip, width_of, width_of_row, wrap
from tests.terminal.markdown.rows import texts

BOLD = Style(bold=True)
TEXT = st.text(st.sampled_from("abc  .河，（）🚀é\u0301👩\u200d💻⚠\ufe0f"), max_size=80)
RUNS = st.lists(st.tuples(TEXT, st.sampled_from([BOLD, Style.null()])), max_size=4)


@settings(max_examples=60, deadline=None)
@given(RUNS, st.integers(2, 40))
def test_rows_fit_and_end_in_no_blank(runs: list[Run], width: int) -> None:
    for rows in (wrap(runs, width), chop(runs, width)):
        for row in texts(rows):
            assert cell_len(row) <= width
            assert row == row.rstrip()
    for row in texts(wrap(runs, width, cut=False)):
        assert cell_len(row) <= width or " " not in row.strip()


@settings(max_examples=60, deadline=None)
@given(RUNS, st.integers(2, 40))
def test_wrapping_loses_blanks_only(runs: list[Run], width: int) -> None:
    text = "".join(part for part, _ in runs)
    for rows in (wrap(runs, width), wrap(runs, width, cut=False), chop(runs, width)):
        assert "".join("".join(texts(rows)).split()) == "".join(text.split())


@settings(max_examples=60, deadline=None)
@given(RUNS, st.integers(2, 40))
def test_each_character_keeps_its_style(runs: list[Run], width: int) -> None:
    bold = "".join(part for part, style in runs if style is BOLD)
    rows = wrap(runs, width)
    kept = "".join(part.text for row in rows for part in row if part.style is BOLD)
    assert "".join(kept.split()) == "".join(bold.split())


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("ab \n"), max_size=60), st.integers(1, 20))
def test_plain_text_wraps_like_text_with_one_wide_character_elsewhere(
    text: str, width: int
) -> None:
    lines = text.split("\n")
    rows = texts(wrap([(text, BOLD)], width))
    assert len(rows) >= len(lines)
    assert all(len(row) <= width for row in rows)


@given(st.text(st.sampled_from("a \n"), max_size=60), st.integers(1, 9), st.booleans())
def test_each_line_has_a_row_also_one_of_blanks(text: str, width: int, cut: bool) -> None:
    rows = wrap([(text, BOLD)], width, cut=cut)
    assert len(rows) >= text.count("\n") + 1


def test_words_are_not_broken_where_they_fit() -> None:
    assert texts(wrap([("aa bb ", BOLD), ("cc", Style.null())], 5)) == ["aa bb", "cc"]
    assert texts(wrap([("a bbbbbbbb c", BOLD)], 5)) == ["a", "bbbbb", "bbb c"]
    assert texts(wrap([("a\nb", BOLD)], 5)) == ["a", "b"]


def test_a_word_that_is_too_long_may_be_left_to_the_terminal() -> None:
    assert texts(wrap([("a bbbbbbbb c", BOLD)], 5, cut=False)) == ["a", "bbbbbbbb", "c"]
    assert texts(wrap([("bbbbbbbb", BOLD)], 5, cut=False)) == ["bbbbbbbb"]
    assert texts(wrap([(" bbbbbbbb c", BOLD)], 5, cut=False)) == [" bbbbbbbb", "c"]
    assert texts(wrap([("é bbbbbbbb c河", BOLD)], 5, cut=False)) == ["é", "bbbbbbbb", "c河"]
    assert texts(wrap([("見 http://例え.jp/河 x", BOLD)], 9, cut=False)) == [
        "見",
        "http://例え.jp/河",
        "x",
    ]
    assert texts(wrap([("河河河河", BOLD)], 5, cut=False)) == ["河河", "河河"]


def test_the_rest_of_an_address_is_not_broken_either() -> None:
    assert texts(wrap([("河河河河 河河", BOLD)], 3, cut=False)) == [
        "河",
        "河",
        "河",
        "河",
        "河",
        "河",
    ]
    rest = wrap([("河河河河 河河", BOLD)], 3, cut=False, in_address=True)
    assert texts(rest) == ["河河河河", "河", "河"]


def test_wide_text_breaks_between_characters_but_not_before_a_closing_mark() -> None:
    assert texts(wrap([("abc 河水河，水", BOLD)], 10)) == ["abc 河水", "河，水"]


def test_one_column_shows_something_for_each_character() -> None:
    assert texts(wrap([("a河", BOLD)], 1)) == ["a", "?"]
    assert texts(chop([("a河", BOLD)], 1)) == ["a", "?"]


@pytest.mark.parametrize("marks", ["\u0301", "\u0e47\u0301", "\u200d", "\u0948"])
def test_one_column_holds_no_end_of_a_line_that_a_mark_stands_on(marks: str) -> None:
    rows = wrap([(f"e\n{marks}", BOLD), ("ו\n", BOLD)], 1)
    assert all("\n" not in text for text in texts(rows))
    assert max(map(width_of_row, rows)) == 1


def test_an_emoji_of_many_characters_is_not_cut() -> None:
    assert [("👩‍💻👩‍💻"[a:b], c) for a, b, c in fold("👩‍💻👩‍💻", 3)] == [("👩‍💻", 2), ("👩‍💻", 2)]


def test_blanks_are_taken_off_over_segments() -> None:
    row = [Segment("a "), Segment("  ", BOLD), Segment("")]
    assert texts([rstrip(row)]) == ["a"]
    assert width_of_row(row) == 4
    assert width_of("河a") == 3
