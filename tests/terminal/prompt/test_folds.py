"""Long pastes behind a mark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.terminal.prompt.folds import MARK, Folds, count_lines, nearest

LONG = "a line\r\n" * 1_000


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (LONG, "[pasted 1,000 lines]"),
        ("one\n" * 12, "[pasted 12 lines]"),
        ("x" * 12_345, "[pasted 12,345 characters]"),
        ("a\rb\n", "[pasted 2 lines]"),
        ("short\n" * 11, ""),
        ("x" * 1_999, ""),
        ("a\r\nb", ""),
        ("", ""),
    ],
)
def test_only_what_is_long_or_cannot_be_shown_is_folded(text: str, label: str) -> None:
    folds = Folds()
    folded = folds.fold(text)
    assert folds.label(folded) == label
    assert (folded == text) is not bool(label)
    assert folds.whole(f"a {folded} b") == f"a {text} b"


@given(st.lists(st.sampled_from([LONG, "short", "y" * 5_000, "\U00100000"]), max_size=6))
def test_a_draft_is_whole_again_whatever_was_folded(pieces: list[str]) -> None:
    folds = Folds()
    draft = "|".join(map(folds.fold, pieces))
    assert folds.whole(draft) == "|".join(pieces)
    assert folds.whole(folds.fold_again(folds.whole(draft))) == "|".join(pieces)
    assert len(folds.fold_again(folds.whole(draft))) <= len(draft)


def test_a_paste_that_goes_on_is_one() -> None:
    folds = Folds()
    mark = folds.fold(LONG)
    folds.extend(mark, "more\n")
    assert folds.whole(mark) == f"{LONG}more\n"
    assert folds.label(mark) == "[pasted 1,001 lines]"


def test_when_all_marks_are_used_a_paste_is_left_as_it_is() -> None:
    folds = Folds()
    marks = {folds.fold(f"{number}{LONG}") for number in range(1_024)}
    assert len(marks) == 1_024
    assert all(MARK.fullmatch(mark) for mark in marks)
    assert folds.fold(LONG) == LONG


@pytest.mark.parametrize(("cursor", "place"), [(0, 2), (2, 2), (3, 2), (4, 4), (5, 4), (6, 4)])
def test_the_nearest_mark_is_the_one_at_the_cursor_or_before_it(cursor: int, place: int) -> None:
    assert nearest("ab\ud800c\ud801d", cursor) == place
    assert nearest("no mark", cursor) is None


@pytest.mark.parametrize(
    ("text", "lines"),
    [("", 0), ("a", 1), ("a\n", 1), ("a\r\nb", 2), ("\r\r\n\n", 3), ("a\u2028b", 1)],
)
def test_lines_are_counted_however_they_end(text: str, lines: int) -> None:
    assert count_lines(text) == lines
