"""What a line begins."""

import pytest

from chatrepl.terminal.markdown.blocks import starts


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("# a", (1, "a")),
        ("###### a ##", (6, "a")),
        ("#", (1, "")),
        ("## #", (2, "")),
        ("# a#", (1, "a#")),
    ],
)
def test_a_heading_has_a_level_and_a_text(body: str, expected: tuple[int, str]) -> None:
    assert starts.atx(body) == expected


@pytest.mark.parametrize("body", ["#a", "####### a", "\\# a"])
def test_what_only_looks_like_a_heading_is_none(body: str) -> None:
    assert starts.atx(body) is None


@pytest.mark.parametrize(
    ("body", "rule"),
    [("***", True), ("- - -", True), ("__ _", True), ("--", False), ("*-*", False)],
)
def test_a_rule_is_three_marks_of_a_kind(body: str, rule: bool) -> None:
    assert starts.is_rule(body) == rule


def test_an_underline_gives_the_level() -> None:
    bodies = ("===", "=", "- ", "-", "---", "- -", "=-", "")
    assert [starts.setext(body) for body in bodies] == [1, 1, 2, 2, 2, 0, 0, 0]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<pre>", 1), ("<!-- a", 2), ("<?php", 3), ("<!X", 4), ("<![CDATA[", 5), ("<div", 6),
        ("</p>", 6), ('<a href="b">', 7), ("<a> b", 0), ("<33>", 0), ("< div>", 0),
    ],
)  # fmt: skip
def test_html_is_of_one_of_seven_kinds(body: str, kind: int) -> None:
    assert starts.html(body) == kind


def test_the_first_five_kinds_of_html_have_an_end() -> None:
    assert starts.html_ends("x --> y", 2)
    assert not starts.html_ends("x", 2)
    assert not starts.html_ends("</div>", 6)


def test_a_row_is_split_at_bars_that_are_not_escaped() -> None:
    assert starts.cells("| a | b \\| c |  |") == ["a", "b | c", ""]
    assert starts.cells("a|b") == ["a", "b"]


def test_the_second_row_gives_the_alignments() -> None:
    assert starts.delimiters("|:--|:-:|--:|---|") == ["left", "center", "right", "left"]
    assert starts.delimiters("| a |") is None
    assert starts.delimiters("|||") is None


def test_notes_and_tasks_are_recognised() -> None:
    assert starts.note("[^a]: b") == ("a", 6)
    assert starts.note("[a]: b") is None
    assert [starts.task(body) for body in ("[x] a", "[ ] a", "[ ]", "[y] a")] == [
        True,
        False,
        None,
        None,
    ]
