"""How what is open is closed."""

from chatrepl.terminal.markdown.blocks import events as says
from chatrepl.terminal.markdown.blocks.parser import Blocks


def test_finishing_twice_says_nothing_new() -> None:
    blocks = Blocks()
    blocks.line("a")
    assert len(blocks.finish()) == 1
    assert blocks.finish() == []


def test_closing_says_whether_a_blank_line_went_before() -> None:
    blocks = Blocks()
    found = [e for line in ("- a", "", "- b", "- c") for e in blocks.line(line)] + blocks.finish()
    assert [e.where.blank for e in found if isinstance(e, says.Paragraph)] == [False, True, False]


def test_blank_lines_at_the_end_of_code_are_not_said() -> None:
    blocks = Blocks()
    found = [event for line in ("```", "", "a", "", "", "```") for event in blocks.line(line)]
    assert found[1:] == [says.CodeLine(""), says.CodeLine("a")]
