"""The open paragraph."""

import copy

import pytest

from chatrepl.terminal.markdown.blocks.events import Where
from chatrepl.terminal.markdown.blocks.leaves import ParagraphLeaf
from chatrepl.terminal.markdown.blocks.lines import LinePart


def test_a_copied_paragraph_grows_alone() -> None:
    text = ParagraphLeaf(Where((), blank=False))
    text.add("a")
    other = copy.copy(text)
    other.add("b")
    assert (text.joined(), other.joined()) == ("a\n", "a\nb\n")
    assert (text.size, other.size) == (1, 2)


def test_open_emphasis_is_noticed_before_the_last_line() -> None:
    text = ParagraphLeaf(Where((), blank=False))
    text.add("a **b")
    text.add("c** d")
    assert not text.balanced()
    text.add("e")
    assert text.balanced()


def test_a_new_piece_begins_with_one_line() -> None:
    text = ParagraphLeaf(Where((), blank=False))
    text.add("abc")
    text.add("de")
    text.restart()
    assert (text.said, text.size, text.joined()) == (True, 2, "de\n")


def test_parts_of_a_line_are_joined_as_they_were() -> None:
    text = ParagraphLeaf(Where((), blank=False))
    for part in (LinePart("a "), LinePart("b"), "c  ", "d"):
        text.add(part)
    assert text.joined() == "a bc  \nd\n"
    assert text.whole() == "a bc  \nd"


def is_balanced(text: str) -> bool:
    leaf = ParagraphLeaf(Where((), blank=False))
    leaf.add(text)
    leaf.add("last")
    return leaf.balanced()


@pytest.mark.parametrize(
    "text",
    [
        "*a* **b** ***c*** _d_ ~~e~~", "my_var and a_b_c", "5 * 3", "`a*` ``b`*`` c",
        "\\*a \\`b \\_c", "[a](b) (c", "d) e :)", "$x$ for $5", "a < b -> c",
        "\\(x\\) \\begin{x}\\end{x}", "<http://a>",
    ],
)  # fmt: skip
def test_what_is_closed_or_opens_nothing_can_be_said(text: str) -> None:
    assert is_balanced(text)


@pytest.mark.parametrize(
    "text",
    [
        "*a", "**a", "a **b* c", "_a", "a ~~b", "`a", "``a` b", "[a", "[a](b", "$x", "$$x", "\\(x",
        "\\begin{x} y", "a\n*b", "***a**", "<http://a",
    ],
)  # fmt: skip
def test_what_is_open_waits(text: str) -> None:
    assert not is_balanced(text)
