"""The shortest way for a cursor."""

from chatrepl.terminal.modes import ERASE_BELOW
from chatrepl.terminal.stream.pen import BEGIN, END, Pen


def test_appending_is_nothing_but_the_text() -> None:
    pen = Pen(2, 5, 80)
    pen.to(2, 5)
    pen.put("abc", 8)
    assert pen.text() == "abc"


def test_going_up_makes_a_synchronized_update() -> None:
    pen = Pen(3, 0, 80)
    pen.to(1, 4)
    pen.put("x", 5)
    pen.to(3, 0)
    assert pen.text() == f"{BEGIN}\x1b[2A\x1b[5Gx\r\n\r\n{END}"


def test_erasing_stands_within_an_update() -> None:
    pen = Pen(0, 3, 80)
    pen.to(0, 0)
    pen.erase_line()
    pen.erase_below()
    assert pen.text() == f"{BEGIN}\r\x1b[K{ERASE_BELOW}{END}"


def test_the_last_column_is_the_farthest() -> None:
    pen = Pen(1, 0, 10)
    pen.to(0, 10)
    assert "\x1b[10G" in pen.text()


def test_rows_end_where_a_fresh_one_begins() -> None:
    pen = Pen(0, 0, 10)
    pen.rows(["a", "b"])
    pen.fresh().put("c", 1)
    assert pen.text() == "a\r\nb\r\nc"
