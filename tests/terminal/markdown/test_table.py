"""Tables fit their window."""

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from chatrepl.terminal.markdown.blocks.events import Align
from chatrepl.terminal.markdown.look import DARK
from chatrepl.terminal.markdown.table import HELD, Cell, TableRows
from chatrepl.terminal.markdown.wrap import Row, width_of_row
from tests.terminal.markdown.rows import texts

WORDS = st.lists(
    st.sampled_from(["a", "word", "longer", "河の水", "x" * 30, "http://" + "y" * 40]), max_size=6
)


def cell(text: str) -> Cell:
    return [(text, Style.null())] if text else []


def rows_of(head: list[str], body: list[list[str]], width: int, *aligns: Align) -> list[Row]:
    table = TableRows(DARK, [cell(text) for text in head], aligns or ["left"] * len(head))
    rows = [row for line in body for row in table.add([cell(text) for text in line], width)]
    return rows + table.end(width)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2 * HELD), st.integers(2, 100), st.data())
def test_no_row_is_wider_than_the_window(
    columns: int, count: int, width: int, data: st.DataObject
) -> None:
    words = [" ".join(data.draw(WORDS)) for _ in range(columns)]
    for row in rows_of(words, [words[::-1]] * count, width):
        assert width_of_row(row) <= width or " " not in texts([row])[0].partition(": ")[2]


def test_a_table_that_would_tear_an_address_gives_fields() -> None:
    address = "https://a.example/" + "b" * 60
    rows = texts(rows_of(["name", "where"], [["one", f"see ({address})"], ["two", "x"]], 60))
    assert rows == ["name: one", "where: see", f"({address})", "─" * 10, "name: two", "where: x"]
    assert texts(rows_of(["a", "b"], [[address, "c"]], 90))[2] == f"{address} │ c"


def test_columns_are_aligned() -> None:
    rows = rows_of(["a", "bb", "c"], [["xxx", "1", "yyy"]], 80, "left", "right", "center")
    assert texts(rows) == ["a   │ bb │  c", "────┼────┼────", "xxx │  1 │ yyy"]


def test_cells_wrap_where_the_window_is_narrow() -> None:
    rows = rows_of(["name", "text"], [["a", "some longer text here"], ["b", "c"]], 24)
    assert texts(rows) == [
        "name │ text",
        "─────┼──────────────────",
        "a    │ some longer text",
        "     │ here",
        "─────┼──────────────────",
        "b    │ c",
    ]


def test_a_window_that_is_too_narrow_gets_fields() -> None:
    rows = rows_of(["one", "two", "three"], [["aaaaaaaa", "bbbbbbbb", "cccccccc"]] * 2, 20)
    assert texts(rows) == [
        "one: aaaaaaaa", "two: bbbbbbbb", "three: cccccccc",
        "──────────",
        "one: aaaaaaaa", "two: bbbbbbbb", "three: cccccccc",
    ]  # fmt: skip


def test_a_long_table_is_printed_before_its_end() -> None:
    table = TableRows(DARK, [cell("a")], ["left"])
    early = [len(table.add([cell("b")], 40)) for _ in range(HELD + 5)]
    assert early == [0] * (HELD - 1) + [HELD + 2] + [1] * 5
    assert table.end(40) == []


def test_a_copy_is_read_on_alone() -> None:
    table = TableRows(DARK, [cell("a")], ["left"])
    table.add([cell("b")], 40)
    table.copy().end(40)
    assert texts(table.end(40)) == ["a", "─", "b"]


def test_the_widths_of_a_large_table_are_decided_by_fewer_rows() -> None:
    for columns, size in ((2, 900), (400, 1)):
        table = TableRows(DARK, [cell("a")] * columns, ["left"] * columns)
        early = [bool(table.add([cell("b" * size)] * columns, 40)) for _ in range(HELD)]
        assert 0 < early.index(True) < 8
        assert all(early[early.index(True) :])
