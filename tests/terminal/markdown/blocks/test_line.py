"""Columns and tabs of a line, as the CommonMark specification counts them."""

import pytest

from chatrepl.terminal.markdown.blocks.lines import SourceLine


@pytest.mark.parametrize(
    ("text", "indent"), [("a", 0), ("  a", 2), ("\ta", 4), ("  \ta", 4), (" \t \ta", 8), ("", 0)]
)
def test_an_indent_is_counted_in_columns(text: str, indent: int) -> None:
    assert SourceLine(text).indent == indent


def test_a_tab_after_a_marker_reaches_to_the_next_stop() -> None:
    line = SourceLine("-\t\tfoo")
    marker = line.marker()
    assert marker is not None
    assert marker.width == 2
    line.take_marker(marker)
    assert line.indent == 6
    assert line.body == "foo"


def test_a_quote_takes_one_column_after_its_mark() -> None:
    line = SourceLine(">\t\tfoo")
    assert line.take_quote()
    assert line.indent == 6


def test_tabs_that_nothing_split_stay_as_they_were_written() -> None:
    line = SourceLine("   \tfoo\tbar")
    line.strip(3)
    assert line.raw == "\tfoo\tbar"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a", ("-", -1, 2)),
        ("-     a", ("-", -1, 2)),
        ("  10.  a", (".", 10, 7)),
        ("3)", (")", 3, 3)),
        ("*", ("*", -1, 2)),
    ],
)
def test_a_marker_says_how_far_its_item_is_indented(
    text: str, expected: tuple[str, int, int]
) -> None:
    assert SourceLine(text).marker() == expected


@pytest.mark.parametrize("text", ["-a", "1.a", "1234567890. a", "a", ""])
def test_what_only_looks_like_a_marker_is_none(text: str) -> None:
    assert SourceLine(text).marker() is None


@pytest.mark.parametrize(("text", "blank"), [("", True), (" \t ", True), ("\u00a0", False)])
def test_a_line_of_blanks_is_blank(text: str, blank: bool) -> None:
    assert SourceLine(text).blank == blank
