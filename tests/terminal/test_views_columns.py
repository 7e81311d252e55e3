from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from chatrepl.terminal.columns import columns

CELL = st.text(st.sampled_from("ab 漢é\x1b\n1"), max_size=8)


@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=5))
def test_every_row_is_one_line_and_columns_stand_under_one_another(
    rows: list[tuple[str, str, str]],
) -> None:
    shown = columns(("", "name", "n"), rows, right=frozenset({2}))

    lines = shown.split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(rows) + 1
    assert all(line == line.rstrip() for line in lines)
    assert "\x1b" not in shown
    ends = {
        wcswidth(line) for line, row in zip(lines[1:], rows, strict=True) if row[2].strip(" \n")
    }
    assert len(ends) <= 1 or any(row[2] != row[2].strip() for row in rows)


def test_numbers_stand_at_the_right() -> None:
    assert columns(("model", "n"), [("a", "5"), ("漢字", "10")], right=frozenset({1})) == (
        "model   n\na       5\n漢字   10\n"
    )
