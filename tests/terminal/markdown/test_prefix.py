"""What stands before a row."""

from chatrepl.terminal.markdown.blocks.events import Container
from chatrepl.terminal.markdown.layout import prefix_of
from chatrepl.terminal.markdown.look import ASCII, DARK, Look
from tests.terminal.markdown.rows import texts

PATH = [
    Container(1, "quote"), Container(2, "list"), Container(3, "item", "•"),
    Container(4, "list"), Container(5, "item", "10."),
]  # fmt: skip


def test_marks_stand_before_the_first_row_only() -> None:
    prefix = prefix_of(PATH, 0, 80, DARK)
    assert texts([prefix.first, prefix.rest]) == ["▎ • 10. ", "▎       "]
    assert prefix.room == 72


def test_marks_that_are_printed_already_are_left_free() -> None:
    assert texts([prefix_of(PATH, 4, 80, DARK).first]) == ["▎   10. "]


def test_a_narrow_window_leaves_out_the_outermost() -> None:
    prefix = prefix_of(PATH, 0, 16, DARK)
    assert texts([prefix.first]) == ["10. "]
    assert prefix.room == 12
    assert prefix_of(PATH, 0, 1, DARK) == ([], [], 1)


def test_terminals_without_unicode_get_other_glyphs() -> None:
    look = Look(glyphs=ASCII)
    path = [PATH[0], Container(9, "item", "☑"), Container(8, "note", "n")]
    assert texts([prefix_of(path, 0, 80, look).first]) == ["| [x] [n] "]
