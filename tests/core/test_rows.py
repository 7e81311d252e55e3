"""Columns in a few words, and rows that fit them."""

import csv
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import UsageError
from chatrepl.core.rows import (
    Column,
    RowReader,
    csv_line,
    misfit,
    object_schema,
    parse_columns,
    rows_in,
    rows_schema,
    rows_violation,
)

PARSED = [
    ("name", [Column("name")]),
    ("name, age int", [Column("name"), Column("age", "integer")]),
    (" name str ,", [Column("name")]),
    ("bio: one sentence", [Column("bio", about="one sentence")]),
    ("date: ISO date, city", [Column("date", about="ISO date"), Column("city")]),
    ("when date: the day", [Column("when", "date", about="the day")]),
    ("ok bool, x float", [Column("ok", "boolean"), Column("x", "number")]),
    ("n INTEGER, m number", [Column("n", "integer"), Column("m", "number")]),
    ("mood good|bad | so so", [Column("mood", choices=("good", "bad", "so so"))]),
    ("mood good|bad: how, roughly", [Column("mood", choices=("good", "bad"), about="how"),
                                     Column("roughly")]),
    ("who: a person (first, last), n int", [Column("who", about="a person (first, last)"),
                                            Column("n", "integer")]),
    ("n int?, m a|b?", [Column("n", "integer", may_lack=True),
                        Column("m", choices=("a", "b"), may_lack=True)]),
    ("n ?", [Column("n", may_lack=True)]),
    ("größe: a: b", [Column("größe", about="a: b")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "columns"), PARSED)
def test_columns_are_said_in_a_few_words(text: str, columns: list[Column]) -> None:
    assert list(parse_columns(text, "--rows")) == columns


@pytest.mark.parametrize("text", ["", " , ", "name nonsense", "a, a int", "a int int", ": x", "|"])
def test_what_is_no_column_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--rows"):
        parse_columns(text, "--rows")


def test_the_schema_says_what_a_cell_may_be() -> None:
    columns = parse_columns("a, n int?, d date: a day, c x|y, e x|y?", "--rows")
    properties = object_schema(columns)["properties"]
    assert properties == {
        "a": {"type": "string"},
        "n": {"type": ["integer", "null"]},
        "d": {"type": "string", "format": "date", "description": "a day"},
        "c": {"type": "string", "enum": ["x", "y"]},
        "e": {"type": ["string", "null"], "enum": ["x", "y", None]},
    }
    assert rows_schema(columns)["properties"]["rows"]["items"] == object_schema(columns)


FITS: list[tuple[str, list[object], list[object]]] = [
    ("a", ["", "x"], [1, None, True, [], {}]),
    ("a int", [0, -5, 10**30], [1.0, "1", True, None]),
    ("a float", [0, 1.5, -2], ["1", False, None, float("nan"), float("inf")]),
    ("a bool", [True, False], [0, "true", None]),
    ("a date", ["2026-02-28"], ["2026-02-30", "28.2.2026", "20260228", "2026-W01-1", 5, "", None]),
    ("a x|y z", ["x", "y z"], ["", "y", "X", None, 1]),
    ("a int?", [None, 3], ["", "x"]),
]


@pytest.mark.parametrize(("text", "good", "bad"), FITS)
def test_a_cell_fits_its_column_or_not(text: str, good: list[object], bad: list[object]) -> None:
    columns = parse_columns(text, "--rows")
    assert [misfit(columns, {"a": cell}) for cell in good] == [""] * len(good)
    assert all(misfit(columns, {"a": cell}) for cell in bad)


@pytest.mark.parametrize("row", [5, [], "a", None, {}, {"a": "x", "b": 1}, {"b": "x"}])
def test_what_is_no_row_says_why(row: object) -> None:
    assert misfit(parse_columns("a", "--rows"), row)


def test_a_whole_reply_is_held_against_the_columns() -> None:
    columns = parse_columns("a int", "--rows")
    assert rows_violation(columns, {"rows": [{"a": 1}]}) is None
    assert rows_violation(columns, [{"a": 1}, {"a": 2}]) is None
    assert "Row 2" in str(rows_violation(columns, [{"a": 1}, {"a": "2"}]))
    assert "no rows" in str(rows_violation(columns, {"row": 1}))
    assert "no rows" in str(rows_violation(columns, {"rows": 1}))


TEXTS = st.text(st.sampled_from('a,"\\{}[]\n é')) | st.text(max_size=5)
ROWS = st.lists(
    st.fixed_dictionaries({"a": TEXTS, "b": st.integers() | st.booleans() | st.lists(TEXTS)})
)
AROUND = st.sampled_from([("", ""), ("```json\n", "\n```"), ("Here they are: ", " {[}")])


@given(ROWS, AROUND, st.booleans(), st.lists(st.integers(0, 200)), st.sampled_from([None, 1]))
def test_rows_are_found_as_they_come_however_they_are_cut(
    rows: list[Any], around: tuple[str, str], bare: bool, cuts: list[int], indent: int | None
) -> None:
    inner = json.dumps(rows if bare else {"rows": rows}, indent=indent, ensure_ascii=False)
    text = around[0] + inner + around[1]
    reader, seen, at = RowReader(), [], 0
    for end in [*sorted(cut for cut in cuts if cut < len(text)), len(text)]:
        seen += reader.feed(text[at:end])
        at = end
    assert seen == rows
    assert reader.ended
    assert reader.feed('[{"a": 1}]') == []


VALUES = st.recursive(
    TEXTS | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.just("rows"), inner),
    max_leaves=5,
)


@given(
    ROWS, st.dictionaries(TEXTS, VALUES, max_size=2), st.dictionaries(TEXTS, VALUES, max_size=2),
    st.booleans(), st.sampled_from([None, 1]), st.integers(1, 9),
)  # fmt: skip
def test_what_stands_beside_the_rows_is_no_row(
    rows: list[Any],
    before: dict[str, Any],
    after: dict[str, Any],
    ascii_only: bool,
    indent: int | None,
    step: int,
) -> None:
    reply = {**before, "rows": rows, **{key: after[key] for key in after.keys() - {"rows"}}}
    text = json.dumps(reply, ensure_ascii=ascii_only, indent=indent)
    reader = RowReader()
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    assert [row for piece in pieces for row in reader.feed(piece)] == rows_in(reply)


@pytest.mark.parametrize(
    "text", ['{"rows": {"a": [{"a": 1}]}}', '{"a": {"rows": [{"a": 1}]}}', '{"a": 1}', "{", "}}]"]
)
def test_a_reply_that_names_no_list_has_no_rows(text: str) -> None:
    assert RowReader().feed(text) == []


@given(ROWS, st.data(), st.booleans())
def test_a_reply_that_is_cut_gives_the_rows_that_were_whole(
    rows: list[Any],
    data: st.DataObject,
    ascii_only: bool,
) -> None:
    text, ends = '{"rows": [', []
    for row in rows:
        text += json.dumps(row, ensure_ascii=ascii_only)
        ends.append(len(text))
        text += ", "
    text = text.removesuffix(", ") + "]}"
    cut = data.draw(st.integers(0, len(text)))
    whole = sum(end <= cut for end in ends)
    assert RowReader().feed(text[:cut]) == rows[:whole]


@pytest.mark.parametrize("row", ["[" * 99_999 + "]" * 99_999, '{"a":' * 9_999 + "1" + "}" * 9_999])
def test_a_row_without_end_is_no_json(row: str) -> None:
    with pytest.raises(ValueError, match="too deep"):
        RowReader().feed(f'[{{"a": {row}}}]')


def test_what_is_no_json_is_said() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        RowReader().feed("[{a: 1}]")


def test_memory_is_for_one_row() -> None:
    reader = RowReader()
    reader.feed("[")
    for _ in range(100):
        reader.feed('{"a": "x"}, ')
        assert len(reader._text) < 20


@given(st.lists(TEXTS | st.integers() | st.booleans() | st.none(), min_size=1))
def test_a_line_of_csv_is_read_back_by_others(cells: Sequence[object]) -> None:
    line = csv_line(cells)
    (row,) = csv.reader(line.splitlines(keepends=True), strict=True) if "\n" in line else ([],)
    words = [c if isinstance(c, str) else "" if c is None else json.dumps(c) for c in cells]
    assert row == words
