import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from chatrepl.core.outcome import CardGroup, Table
from chatrepl.terminal.columns import card_rows, lay_out, lay_out_whole, table_text

CELL = st.text(st.sampled_from("ab 漢é\x1b\n1"), max_size=8)
CELLS = st.text(st.sampled_from("ab日🌟 é"), max_size=30)


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), max_size=6)
    ),
    st.integers(40, 120),
)
def test_lines_fit_the_width_and_have_no_trailing_blanks(rows: list[list[str]], width: int) -> None:
    lines = lay_out(rows, width)

    assert len(lines) == len(rows)
    for line in lines:
        assert cell_len(line) <= width
        assert line == line.rstrip()


def test_short_columns_keep_their_width_and_numbers_stand_flush_right() -> None:
    rows = [["#", "you"], ["1", "x" * 100], ["12", "y"]]

    lines = lay_out(rows, 30, right=frozenset({0}))

    assert lines == [" # you", f" 1 {'x' * 26}…", "12 y"]


def test_words_give_way_before_ids_and_the_last_columns_before_either_is_cut() -> None:
    rows = [["id", "title", "life"], ["claude-sonnet-5-5", "some words here", "is active"]]

    assert lay_out(rows, 36)[1] == "claude-sonnet-5-5 some wo… is acti…"
    assert lay_out(rows, 25)[1] == "claude-sonnet-5-5 some w…"


def test_a_second_column_is_cut_rather_than_left_out() -> None:
    rows = [["setting", "value", "from"], ["context.budget_tokens", '"claude-sonnet-5-5"', "file"]]

    assert lay_out(rows, 40) == [
        "setting              value",
        'context.budget_toke… "claude-sonnet-5-5"',
    ]
    assert lay_out(rows, 12) == ["setting", "context.bud…"]


SOLID = st.text(st.sampled_from("abc日"), min_size=1, max_size=6)


@given(
    st.integers(1, 9).flatmap(
        lambda n: st.lists(st.lists(SOLID, min_size=n, max_size=n), min_size=1, max_size=4)
    ),
    st.integers(30, 100),
)
def test_no_cell_is_lost_however_narrow_the_window_is(rows: list[list[str]], width: int) -> None:
    lines = lay_out_whole(rows, width)

    assert [word for line in lines for word in line.split()] == [c for row in rows for c in row]
    assert all(cell_len(line) <= width and line == line.rstrip() for line in lines)
    assert (lines == lay_out(rows, width)) or len(lines) > len(rows)


def test_what_has_no_room_goes_on_below_and_a_mark_stands_with_what_it_marks() -> None:
    rows = [["", "setting", "value", "from"], ["*", "context.budget_tokens", "x" * 18, "the file"]]

    assert lay_out_whole(rows, 30) == [
        "  setting",
        "  value              from",
        "* context.budget_tokens",
        f"  {'x' * 18} the file",
    ]
    assert lay_out_whole([["a", ""], ["b" * 28, ""], ["c", "d" * 20]], 30) == [
        "a", "b" * 28, "c", f"  {'d' * 20}",
    ]  # fmt: skip
    assert lay_out_whole(rows, None) == lay_out(rows, None)
    assert lay_out_whole([], 30) == []


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120])
@pytest.mark.parametrize(
    "before", ["", "said that ", "a rather long way before it " * 3, "漢字 " * 20]
)
def test_a_cell_that_is_cut_shows_what_is_sought(before: str, width: int) -> None:
    rows = [
        ["name", "where"],
        ["a name of some length", f"{before}Otters and more {'of it ' * 20}"],
    ]
    (_, line) = lay_out(rows, width, sought="otters")

    assert "Otters" in line
    assert cell_len(line) <= width


def test_no_rows_give_no_lines() -> None:
    assert lay_out([], 80) == []


@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=5))
def test_every_row_is_one_line_and_columns_stand_under_one_another(
    rows: list[tuple[str, str, str]],
) -> None:
    shown = table_text(Table(("", "name", "n"), tuple(rows), right=frozenset({2})), None)

    lines = shown.split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(rows) + 1
    assert all(line == line.rstrip() for line in lines)
    assert "\x1b" not in shown
    ends = {
        cell_len(line) for line, row in zip(lines[1:], rows, strict=True) if row[2].strip(" \n")
    }
    assert len(ends) <= 1 or any(row[2] != row[2].strip() for row in rows)


def test_numbers_stand_at_the_right() -> None:
    table = Table(("model", "n"), (("a", "5"), ("漢字", "10")), right=frozenset({1}))

    assert table_text(table, None) == "model   n\na       5\n漢字   10\n"


def test_a_terminal_gets_what_fits() -> None:
    table = Table(("id", "title"), (("1", "some long words"),))

    assert table_text(table, 12) == "id title\n1  some lon…\n"


GROUPS: tuple[CardGroup, ...] = (
    ("One", (("/a", "first"), ("/bb", "second"))),
    ("Two", (("/c", "third"),)),
    ("Three", (("/d", "fourth"),)),
)


@pytest.mark.parametrize("width", [22, 80])
def test_groups_stand_side_by_side_where_there_is_room(width: int) -> None:
    assert card_rows(GROUPS, width) == [
        "One        Two",
        "/a  first  /c  third",
        "/bb second",
        "",
        "Three",
        "/d  fourth",
    ]


def test_a_group_without_a_title_goes_on_below_the_one_before_it() -> None:
    groups = (("One", (("/a", "first"),)), ("", (("/b", "second"),)))
    assert card_rows(groups, 10) == ["One", "/a first", "/b second"]
    assert card_rows(groups, 80) == ["One", "/a first  /b second"]


def test_in_a_narrow_window_groups_stand_below_each_other() -> None:
    assert card_rows(GROUPS, 20) == [
        *("One", "/a  first", "/bb second", "", "Two", "/c  third", "", "Three", "/d  fourth"),
    ]
