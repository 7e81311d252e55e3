"""What is said around replies."""

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import ChatreplError
from chatrepl.core.outcome import Card, Exactly, Notice, Page, Table
from chatrepl.terminal.markdown.look import ASCII, DARK, WORDS
from chatrepl.terminal.say import Speaker
from tests.terminal.views.replies import console_on


def said(*outcomes: Notice | Table | Page | Exactly, width: int = 40) -> str:
    file = io.StringIO()
    speaker = Speaker(console_on(file, width, color=None))
    for outcome in outcomes:
        speaker.say(outcome)
    return file.getvalue()


@given(st.text("ab \n", max_size=200), st.integers(1, 50))
def test_no_row_is_wider_than_the_window_or_ends_in_a_blank(text: str, width: int) -> None:
    rows = said(Notice(text), width=width).split("\n")
    assert all(len(row) <= width and row == row.rstrip() for row in rows)
    assert "".join("".join(rows).split()) == "".join(text.split())


def test_all_rows_of_an_indented_line_are_indented() -> None:
    assert said(Notice("  export KEY=...   a key that is made"), width=20) == (
        "  export KEY=...   a\n  key that is made\n"
    )
    assert said(Notice("one\n  two"), width=20) == "one\n  two\n"


@pytest.mark.parametrize("width", range(12, 60))
def test_a_row_ends_between_facts_where_each_has_room(width: int) -> None:
    facts = ["279 in", "286 out", "$0.0034", "2.7 s", "length"]
    rows = said(Notice(" · ".join(facts)), width=width).splitlines()

    assert all(row.endswith(" ·") for row in rows[:-1])
    assert [fact for row in rows for fact in row.removesuffix(" ·").split(" · ")] == facts


def test_what_is_to_be_copied_is_never_broken() -> None:
    assert said(Exactly("word " * 30 + "x"), width=20) == "word " * 30 + "x\n"


def test_a_card_is_read_to_ears_group_by_group() -> None:
    stream = io.StringIO()
    speaker = Speaker(console_on(stream, 120, 50, None), replace(DARK, glyphs=WORDS))
    speaker.say(Card((("A", (("a", "one"), ("b", "two"))), ("C", (("c", "three"),))), "more"))

    assert stream.getvalue().split("\n") == [
        "A",
        "a one",
        "b two",
        "",
        "C",
        "c three",
        "",
        "more",
        "",
    ]


def test_tables_have_a_title_rows_and_a_footer() -> None:
    table = Table(
        ("name", "n"), (("a\x1b[2J", "1"), ("b", "22")), "title", "footer", frozenset({1})
    )
    assert said(table) == "title\nname    n\na^[[2J  1\nb      22\nfooter\n"


def test_excerpts_of_markdown_stand_in_tables_without_its_marks() -> None:
    rows = (
        ("2*3*4", "**Bold**\nand `x`,\n\n- [a](http://b.c)\x1b[2J"),
        ("c", "# Head\n\n```py\nx\n```"),
    )
    table = Table(("you", "reply"), rows, markdown=frozenset({1}))
    assert said(table, width=80).splitlines() == [
        "you    reply",
        "2*3*4  Bold and x, • a (http://b.c)^[[2J",
        "c      Head x",
    ]


def test_a_table_without_utf8_is_no_wider_than_the_window() -> None:
    file = io.StringIO()
    speaker = Speaker(console_on(file, 20, color=None), replace(DARK, glyphs=ASCII))
    speaker.say(Table(("heading of it", "state"), (("some words …", "is sent"),)))
    assert file.getvalue().isascii()
    assert max(map(len, file.getvalue().split("\n"))) <= 20


def test_an_error_says_what_happened_and_what_to_do() -> None:
    file = io.StringIO()
    Speaker(console_on(file, color=None)).error(ChatreplError("It\nfailed.", "Try again."))
    assert file.getvalue() == "It^Jfailed.\nTry again.\n"


@pytest.mark.parametrize(
    "outcome", [Notice("x"), Page("x"), Exactly("x"), Table(("a",), (("b",),))]
)
def test_a_row_stays_free_behind_what_was_said_and_only_one(
    outcome: Notice | Table | Page | Exactly,
) -> None:
    file = io.StringIO()
    speaker = Speaker(console_on(file, color=None))
    speaker.rest()
    assert file.getvalue() == ""
    speaker.say(outcome)
    speaker.rest()
    speaker.rest()
    assert file.getvalue().endswith("\n\n")
    assert not file.getvalue().endswith("\n\n\n")


def test_what_was_sought_stands_out_in_a_table() -> None:
    file = io.StringIO()
    table = Table(("name", "where"), (("one", "a Needle b"), ("two", "[needle]")), sought="needle")
    Speaker(console_on(file, 40)).say(table)
    assert file.getvalue().count("\x1b[1mNeedle\x1b[0m") == 1
    assert file.getvalue().count("\x1b[1mneedle\x1b[0m") == 1
    assert said(table, width=40) == "name where\none  a Needle b\ntwo  [needle]\n"
