"""A whole reply as one Markdown text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.talk.blocks import (
    Block,
    TextBlock,
    ThinkingBlock,
    UnknownBlock,
    block_from_wire,
)
from chatrepl.core.talk.markdown import Weaver, passages, to_markdown
from chatrepl.core.talk.sources import Sources
from chatrepl.core.wire import Wire

A: Wire = {"url": "https://a.example", "title": "A"}
B: Wire = {"url": "https://b.example"}
PAGE = {"document_title": "R", "start_page_number": 2}
NOTE = "[^1]: A <https://a.example>\n"
NOTE_B = "[^2]: <https://b.example>\n"
SEARCH = UnknownBlock({"type": "odd_tool_result"})


def text(said: str, *cited: Wire) -> TextBlock:
    return TextBlock(said, cited)


@pytest.mark.parametrize(
    ("blocks", "whole"),
    [
        ([text("One "), text("sentence", A), text(".")], f"One sentence[^1].\n\n{NOTE}"),
        ([text("- a\n", A), text("- b\n")], f"- a[^1]\n- b\n\n{NOTE}"),
        ([text("| a |\n|---|\n"), text("| b |\n", A)], f"| a |\n|---|\n| b[^1] |\n\n{NOTE}"),
        ([text("Wait."), SEARCH, text("So.")], "Wait.\n\nSo."),
        ([text("Wait.\n"), SEARCH, SEARCH, text("\n\nSo.")], "Wait.\n\nSo."),
        ([SEARCH, text("So."), SEARCH], "So."),
        ([text("a", A, B), text("b", B, A)], f"a[^1][^2]b[^2][^1]\n\n{NOTE}{NOTE_B}"),
        ([text("a", PAGE)], "a[^1]\n\n[^1]: R, page 2\n"),
        ([text("```\nx\n```", A)], f"```\nx\n```\n\n[^1]\n\n{NOTE}"),
        ([text("```\nx\n```\n", A), text("y")], f"```\nx\n```\n\n[^1]\ny\n\n{NOTE}"),
        ([text("```\nx", A), text("y\n```\n\nz")], f"```\nxy\n```\n\nz[^1]\n\n{NOTE}"),
        ([text("```\nx", A), SEARCH, text("\ny")], f"```\nx\ny\n```\n\n[^1]\n\n{NOTE}"),
        ([text("> ```\n> x", A)], f"> ```\n> x\n> ```\n\n[^1]\n\n{NOTE}"),
        ([text("> ```\n> x\n\ny", A)], f"> ```\n> x\n\ny[^1]\n\n{NOTE}"),
        ([text("a", A), text("~~~\nx\n")], f"a[^1]~~~\nx\n\n{NOTE}"),
        ([text("1. ~~~~ py\n   ~~~\n", A)], f"1. ~~~~ py\n   ~~~\n   ~~~~\n\n[^1]\n\n{NOTE}"),
        ([text("``` a`b", A)], f"``` a`b[^1]\n\n{NOTE}"),
        ([], ""),
    ],
)  # fmt: skip
def test_pieces_are_joined_and_sources_stand_at_the_end(blocks: list[Block], whole: str) -> None:
    assert to_markdown(blocks) == whole


def test_without_sources_the_text_stands_as_it_came() -> None:
    blocks: list[Block] = [text("One "), text("sentence \n", A), SEARCH, text("```\nx")]

    assert to_markdown(blocks, cite=False) == "One sentence \n\n```\nx"


SAID = st.lists(st.sampled_from(["a", " ", "\n", "|", "```", "~~~", "> ", "- ", "x y"]), max_size=9)
BLOCKS = st.lists(st.tuples(SAID, st.sampled_from([(), (A,), (A, B)])) | st.none(), max_size=6)


@given(BLOCKS, st.booleans())
def test_a_text_that_comes_in_pieces_becomes_the_same(
    parts: "list[tuple[list[str], tuple[Wire, ...]] | None]", cite: bool
) -> None:
    weaver, written = Weaver(cite), ""
    blocks: list[Block] = []
    for part in parts:
        block: Block = SEARCH if part is None else text("".join(part[0]), *part[1])
        for piece in part[0] if part is not None else ():
            written += weaver.feed(piece, waits=bool(part and part[1]))
        blocks.append(block)
        written += weaver.close(block)
    written += weaver.end()

    assert written == to_markdown(blocks, cite=cite)
    assert cite or "[^" not in written


def test_a_text_begun_before_the_reply_goes_on_behind_its_thinking() -> None:
    weaver = Weaver()
    written = weaver.begin("Sure") + weaver.close(SEARCH) + weaver.feed(", why not")

    assert written == "Sure, why not"


def test_passages_hold_all_that_came_in_its_order() -> None:
    code = {"type": "server_tool_use", "id": "t", "name": "code_execution"}
    blocks: list[Block] = [
        ThinkingBlock("hm\nyes", "s"), text("One "), text("two", A), SEARCH, text("\nThree"),
        block_from_wire({**code, "input": {"code": "a\n```"}}),
    ]  # fmt: skip
    assert [part.to_markdown() for part in passages(blocks)] == [
        "**Thinking**\n\n> hm\n> yes", "One two[^1]", "`result: nothing`", "\nThree",
        "````text\nrunning: a\n  ```\n````", NOTE,
    ]  # fmt: skip
    (only,) = passages([block_from_wire({"type": "`", "text": ""})])
    assert only.to_markdown() == "`` a block this version does not know: ` ``"
    assert [part.text for part in passages([text("a", A)], cite=False)] == ["a"]


@pytest.mark.parametrize(
    ("blocks", "written"),
    [
        ([text("```py\nx = 1"), SEARCH, text("\ny = 2\n```\n\nSo.")],
         ["```py\nx = 1\n```", "`result: nothing`", "```py\ny = 2\n```\n\nSo."]),
        ([text("- ```\n  x\n"), SEARCH, SEARCH, text("  y")],
         ["- ```\n  x\n  ```", "`result: nothing`", "`result: nothing`", "  ```\n  y\n  ```"]),
        ([text("~~~\nx", A)], [f"~~~\nx\n~~~\n\n[^1]\n\n{NOTE}"]),
        ([text("~~~\nx"), SEARCH, text("\n")], ["~~~\nx\n~~~", "`result: nothing`"]),
        ([text("```\nx\n```"), SEARCH, text("\n\ny")],
         ["```\nx\n```", "`result: nothing`", "y"]),
    ],
)  # fmt: skip
def test_a_passage_leaves_no_block_of_code_open(blocks: list[Block], written: list[str]) -> None:
    assert [part.to_markdown() for part in passages(blocks)] == written


def test_replies_of_one_document_share_their_numbers() -> None:
    sources = Sources()
    assert to_markdown([text("a", A)], sources) == f"a[^1]\n\n{NOTE}"
    assert to_markdown([text("b", B, A)], sources) == f"b[^2][^1]\n\n{NOTE_B}"
