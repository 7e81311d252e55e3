"""How the answers to many questions are written."""

import csv
import io
import json
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.exchange.reply import Reply, TextDelta
from chatrepl.core.items import Item
from chatrepl.core.rows import misfit, parse_columns
from chatrepl.shells.scores import Scores
from chatrepl.shells.sinks import ObjectSink, RowSink, RowsView, RowWriter, TextSink
from chatrepl.shells.tally import RunTally

COLUMNS = parse_columns("a, n int, m x|y?", "--rows")
CELLS = st.sampled_from(["", 'q"', "x", "y", "z,\n", 1, -2, 1.5, True, None, [1], {"b": 2}])
ROWS = st.lists(
    st.dictionaries(st.sampled_from("anmz"), CELLS)
    | st.fixed_dictionaries(
        {
            "a": st.text('ab,"\n{}[]\\é\U0001f600\0'),
            "n": st.integers(),
            "m": st.sampled_from(["x", None]),
        }
    )
)


def result(text: str = "", parsed: object = None, *, ok: bool = True) -> dict[str, Any]:
    error = None if ok else {"message": "no"}
    return {"ok": ok, "text": text, "parsed": parsed, "error": error}


@given(ROWS, st.integers(0, 400), st.lists(st.integers(1, 9)), st.text('"{}[],:n1\\', max_size=3))
def test_no_row_that_does_not_fit_is_ever_written(
    rows: list[Any], cut: int, steps: list[int], noise: str
) -> None:
    text = json.dumps({"rows": rows})
    text = text[:cut] + noise + text[cut:]
    out: list[bytes] = []
    view = RowsView(RowWriter(out.append, COLUMNS, objects=True))
    for step in [*steps, len(text)]:
        view.show(TextDelta(text[:step]), Reply())
        text = text[step:]
    written = [json.loads(line) for line in b"".join(out).splitlines()]
    assert not any(misfit(COLUMNS, row) for row in written)
    if not noise:
        assert written == [row for row in rows if not misfit(COLUMNS, row)]


def independently_fits(row: Any) -> bool:
    match row:
        case {"a": str(), "n": bool()}:
            return False
        case {"a": str(), "n": int(), "m": "x" | "y" | None}:
            return len(row) == 3
        case _:
            return False


@given(ROWS, st.data(), st.booleans(), st.integers(1, 12), st.booleans())
def test_of_a_reply_that_is_cut_anywhere_the_whole_rows_that_fit_are_written(
    rows: list[Any], data: st.DataObject, ascii_only: bool, step: int, objects: bool
) -> None:
    text, ends = '{"rows":[', []
    for row in rows:
        text += json.dumps(row, ensure_ascii=ascii_only)
        ends.append(len(text))
        text += ","
    cut = data.draw(st.integers(0, len(text)))
    out: list[bytes] = []
    view = RowsView(RowWriter(out.append, COLUMNS, objects))
    for at in range(0, cut, step):
        view.show(TextDelta(text[at : min(cut, at + step)]), Reply())
    due = [r for r, end in zip(rows, ends, strict=True) if end <= cut and independently_fits(r)]
    written = b"".join(out).decode()
    if objects:
        assert [json.loads(line) for line in written.splitlines()] == due
    else:
        cells = list(csv.reader(io.StringIO(written, newline=""), strict=True))
        table = [[r["a"], str(r["n"]), r["m"] or ""] for r in due]
        assert cells == ([["a", "n", "m"], *table] if due else [])


@given(ROWS)
def test_a_table_is_read_back_by_others(rows: list[Any]) -> None:
    out: list[bytes] = []
    writer = RowWriter(out.append, COLUMNS)
    writer.begin()
    fit = [row for row in rows if not writer.row(row)]
    header, *lines = csv.reader(io.StringIO(b"".join(out).decode(), newline=""), strict=True)
    assert header == ["a", "n", "m"]
    assert lines == [[row["a"], str(row["n"]), row["m"] or ""] for row in fit]


@given(st.lists(st.sampled_from(["a", "b\nc", ""]), min_size=1))
def test_texts_are_parted_where_one_has_several_lines(texts: list[str]) -> None:
    out: list[bytes] = []
    sink = TextSink(out.append, str)
    for number, text in enumerate(texts):
        sink(Item(number, "i"), result(f"{text}\n"))
    expected = texts[0]
    for one, other in pairwise(texts):
        expected += ("\n\n" if "\n" in one + other else "\n") + other
    assert b"".join(out).decode() == f"{expected}\n"


def test_what_failed_is_an_empty_line_or_no_row() -> None:
    out: list[bytes] = []
    TextSink(out.append, str)(Item(0, "i"), result("half", ok=False))
    RowSink(RowWriter(out.append, COLUMNS))(Item(0, "i"), result(parsed={"rows": []}, ok=False))
    assert out == [b"\n"]


def test_fields_that_an_item_lacks_leave_cells_empty() -> None:
    out: list[bytes] = []
    sink = RowSink(RowWriter(out.append, parse_columns("a", "--rows")), fields=True)
    for value in ({"x": 1, "y": [2]}, {"y": None}, {"x": "3", "z": 4}):
        sink(Item(0, value), result(parsed=[{"a": "b"}]))
    assert b"".join(out).decode() == "x,y,a\n1,[2],b\n,,b\n3,,b\n"


@pytest.mark.parametrize(
    ("objects", "written"),
    [(False, "input.a,x,a\n1,2,b\n"), (True, '{"input.a": 1, "x": 2, "a": "b"}\n')],
)
def test_a_field_that_is_called_like_a_column_is_kept_beside_it(
    objects: bool, written: str
) -> None:
    out: list[bytes] = []
    writer = RowWriter(out.append, parse_columns("a", "--rows"), objects)
    RowSink(writer, fields=True)(Item(0, {"a": 1, "x": 2}), result(parsed=[{"a": "b"}]))
    assert b"".join(out).decode() == written


def test_an_object_is_inert_and_has_its_item() -> None:
    out: list[bytes] = []
    ObjectSink(out.append)(Item(3, {"k": "ä\x1b"}), result("half \ud800"))
    (line,) = out
    assert line.isascii()
    assert b"\x1b" not in line
    wire = json.loads(line)
    assert (wire["index"], wire["input"]) == (3, {"k": "ä\x1b"})
    assert wire["text"] == "half \ufffd"


def test_answers_are_compared_by_their_letters() -> None:
    scores = Scores("y")
    rows = [
        ("Yes.", None), ("no", None), ("", {"y": 3}), ("", {"rows": [{"y": "yes"}]}), ("no", None),
    ]  # fmt: skip
    for expected, (text, parsed) in zip(["yes", "yes", 3, "YES", "yes"], rows, strict=True):
        scores.count(Item(0, {"y": expected}), result(text, parsed))
    scores.count(Item(0, {"y": "yes"}), result("yes", ok=False))
    assert (scores.right, scores.compared) == (3, 6)
    assert scores.lines()[:2] == ["3 of 6 right (50.0%)", "  2 × 'no' for 'yes'"]
    assert Scores("y").share == 0


@pytest.mark.parametrize("length", [1, 39, 40, 41, 400])
def test_a_mistake_that_is_known_counts_on_also_where_no_more_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr("chatrepl.shells.scores._MOST_PAIRS", 2)
    scores = Scores("y")
    for letter in "abcabcaab":
        scores.count(Item(0, {"y": "z" * length}), result(letter * length))
    most = f"{'a' * min(length, 40)!r} for {'z' * min(length, 40)!r}"
    assert scores.lines()[1] == f"  4 × {most}"
    assert [line.split()[0] for line in scores.lines()[1:]] == ["4", "3"]


@pytest.mark.parametrize("value", ["a line", {}, {"x": "yes"}, ["y"]])
def test_an_item_without_what_is_expected_is_wrong_and_stops_nothing(value: object) -> None:
    scores = Scores("y")
    scores.count(Item(0, value), result("yes"))
    scores.count(Item(1, value), result(ok=False))
    assert (scores.right, scores.compared) == (0, 2)
    assert "(missing)" in scores.lines()[1]


def test_answers_that_are_cut_are_named_ten_of_them() -> None:
    tally = RunTally()
    tally.count(Item(0, "whole"), {**result("yes"), "stop_reason": "end_turn"})
    assert tally.cut_lines() == []
    for number in range(1, 13):
        tally.count(Item(number, f"x{number}"), {**result("ha"), "stop_reason": "max_tokens"})
    first, *_, tenth, more, hint = tally.cut_lines()
    assert first == "item 2 (x1): the reply reached its length limit."
    assert tenth.startswith("item 11 (x10)")
    assert (more, hint) == ("and 2 more", "-t allows longer replies.")


def test_a_run_is_summed_up_in_a_line() -> None:
    tally = RunTally(1500)
    for number in range(1200):
        tally.count(Item(number, f"i{number}"), result("a", ok=number % 100 != 0))
    tally.pay(0.5)
    assert tally.line().startswith("1,188 answered · 12 failed · 300 left · $0.50 · ")
    assert re.fullmatch(r"1,188 answered · 12 failed · 300 left · [\d.]+/s · \$0\.50", tally.now())
    tally.demo = True
    assert "$0.50 (demo) · " in tally.line()
    assert tally.now().endswith("$0.50 (demo)")
    assert len(tally.failed_lines()) == 11
    assert tally.failed_lines()[0] == "item 1 (i0): no"
    assert tally.failed_lines()[-1] == "and 2 more"


@pytest.mark.parametrize("reason", ["item 1 (tea) has no field {b}.", "Item 1 is no JSON: tea"])
def test_an_item_that_a_reason_names_is_named_once(reason: str) -> None:
    tally = RunTally()
    tally.count(Item(0, "tea"), {"ok": False, "error": {"message": reason}})
    assert tally.failed_lines() == [reason]


CONTENT = [
    {
        "type": "text",
        "text": "It rains.",
        "citations": [
            {
                "type": "web_search_result_location",
                "url": "https://a.example/",
                "title": "A",
                "cited_text": "rain",
                "encrypted_index": "x",
            }
        ],
    }
]


@pytest.mark.parametrize(
    ("text", "cite", "has_sources"),
    [
        ("It rains.", True, True),
        ("It rains.", False, False),
        ("rains", True, False),  # a part of it, as -x gives
    ],
)
def test_the_sources_of_an_answer_stand_behind_it_where_it_is_whole(
    text: str, cite: bool, has_sources: bool
) -> None:
    out: list[bytes] = []
    sink = TextSink(out.append, str, cite)
    sink(Item(0, "x"), {**result(text), "content": CONTENT, "sources": [{"n": 1}]})
    written = b"".join(out).decode()
    assert written.startswith(text if not has_sources else "It rains.")
    assert ("https://a.example/" in written) is has_sources
    assert written == f"{text}\n" or has_sources


@pytest.mark.parametrize("objects", [True, False])
def test_a_table_without_any_row_has_its_header_all_the_same(*, objects: bool) -> None:
    out: list[bytes] = []
    sink = RowSink(RowWriter(out.append, COLUMNS, objects=objects), fields=True)
    for number in range(2):
        sink(Item(number, {"id": "7", "n": "8"}), result(parsed={"rows": []}))
    assert b"".join(out) == (b"" if objects else b"id,input.n,a,n,m\n")
