from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from chatrepl.core.talk.blocks import (
    Block,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    block_from_wire,
)
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.sheet import Sheet
from chatrepl.core.talk.usage import Usage
from chatrepl.storage.export import to_markdown
from tests.storage.strategies import histories


def sheet(*texts: str, cut: bool = False) -> Sheet:
    question, answer = texts
    messages = (
        Message("user", (ImageBlock.base64("image/png", "AAAA"), TextBlock(question))),
        Message("assistant", (ThinkingBlock("hm", "s"), TextBlock(answer)), "opus"),
    )
    turn = Turn(TurnId("t"), None, messages, Receipt(stop_reason=None if cut else "end_turn"))
    return Sheet((turn,), "Title", "Be brief.")


def test_markdown_holds_the_texts_as_they_are() -> None:
    written = to_markdown(sheet("**why?**", "```py\nx < 1\n```"))
    assert written.startswith("# Title\n\n## System\n\nBe brief.\n\n## You\n\n")
    assert "\n\n**why?**\n\n## opus\n\n**Thinking**\n\n> hm\n\n```py\nx < 1\n```\n" in written


def test_no_control_character_is_left_for_a_terminal_to_obey() -> None:
    hostile = "a\x1b[31m\x07\x9b0m\x7f\rb\tc\r\nd"
    written = to_markdown(sheet(hostile, hostile))
    assert written.count("a^[[31m^G[U+009B]0m^?^Mb\tc\r\nd") == 2
    assert not set(written) & set("\x1b\x07\x9b\x7f")


def test_a_cut_reply_is_said_to_be_cut() -> None:
    assert "cut" in to_markdown(sheet("a", "b", cut=True))
    assert "cut" not in to_markdown(sheet("a", "b"))


def replies(*contents: tuple[Block, ...]) -> tuple[Turn, ...]:
    return tuple(Turn(TurnId("t"), None, (Message("assistant", made),)) for made in contents)


CITED = {"url": "https://a.example/", "title": "A <b>"}
SEARCH = block_from_wire({"type": "odd_tool_use", "id": "t", "input": {"q": "`x`<b>"}})
TALK = replies(
    (TextBlock("One "), TextBlock("sentence", (CITED,)), TextBlock("."), SEARCH, TextBlock("So.")),
    (TextBlock("Again", ({"url": "https://b.example/"}, CITED)),),
)


def test_pieces_are_joined_and_sources_noted_once_in_markdown() -> None:
    assert to_markdown(Sheet(TALK)) == (
        '## Assistant\n\nOne sentence[^1].\n\n``odd_tool_use {"q":"`x`<b>"}``\n\nSo.\n\n'
        "[^1]: A \\<b> <https://a.example/>\n\n## Assistant\n\nAgain[^2][^1]\n\n"
        "[^2]: <https://b.example/>\n"
    )
    assert "[^" not in to_markdown(Sheet(TALK, cite=False))


@pytest.mark.parametrize("left_open", ["```py\nx = 1", "~~~~\n```\n", "- a\n\n  ```\n  x"])
def test_code_that_is_left_open_swallows_nothing_of_what_follows(left_open: str) -> None:
    asked = Message("user", (TextBlock(left_open), DocumentBlock.plain("c", "c.txt")))
    replied = Message("assistant", (TextBlock(left_open), SEARCH, TextBlock("x\n")))
    turn = Turn(TurnId("t"), None, (asked, replied), Receipt(stop_reason=None))
    sheet = Sheet((turn, turn), "Title", left_open)
    tokens = MarkdownIt().parse(to_markdown(sheet))

    plain = [token.content for token in tokens if token.type == "inline"]
    for words, count in (
        ("You", 2), ("*[document: c.txt]*", 2), ("Assistant", 2), ("*[the reply was cut here]*", 2),
        ('``odd_tool_use {"q":"`x`<b>"}``', 2),
    ):  # fmt: skip
        assert plain.count(words) == count, words


def test_what_a_user_sent_stays_apart_and_other_blocks_are_told() -> None:
    sent = (TextBlock("a"), TextBlock("b"), DocumentBlock.plain("c", "c.txt"), SEARCH)
    written = to_markdown(Sheet((Turn(TurnId("t"), None, (Message("user", sent),)),)))
    assert written.startswith("## You\n\na\n\nb\n\n*[document: c.txt]*\n\n``odd_tool_use")


@pytest.mark.parametrize("block", [
    DocumentBlock.plain("x", "a.txt]*\n\n## Assistant\n\nYes"),
    ImageBlock.url("https://a.example/\r\n# h"),
])  # fmt: skip
def test_a_name_is_one_line_of_what_it_stands_in(block: Block) -> None:
    turn = Turn(TurnId("t"), None, (Message("user", (block,)),))
    (named,) = to_markdown(Sheet((turn,))).removeprefix("## You\n\n").splitlines()
    assert named.startswith("*[")


@given(st.text(min_size=1), st.dictionaries(st.text(), st.text()))
def test_no_kind_of_block_is_invisible(kind: str, more: dict[str, str]) -> None:
    block = block_from_wire({**more, "type": kind})
    assert len(to_markdown(Sheet(replies((block,))))) > len(to_markdown(Sheet(replies(()))))


def test_instructions_of_ours_are_not_exported() -> None:
    user = Message("user", (TextBlock("why?"), TextBlock("Begin with {")))
    turn = Turn(TurnId("t"), None, (user,), ours=1)
    written = to_markdown(Sheet((turn,)))
    assert "why?" in written
    assert "Begin" not in written


@settings(max_examples=40, deadline=None)
@given(histories(4))
def test_any_conversation_becomes_a_text(history: list[Conversation]) -> None:
    assert to_markdown(Sheet(tuple(history[-1].turns.values()))).endswith("\n")


def test_what_stands_above_and_below_is_told_in_a_line_each() -> None:
    receipt = Receipt(
        "m", "stop_sequence", usage=Usage(10, 3), stop_sequence="*a*\nb", duration_s=2
    )
    turn = replace(replies((TextBlock("x"),))[0], receipt=receipt)
    written = to_markdown(Sheet((turn,), "T", about="2026-01-02 · a *b*\nc"))
    assert written.startswith("# T\n\n*2026-01-02 · a \\*b\\* c*\n\n")
    assert written.endswith(
        'x\n\n*10 in · 3 out · price unknown · 2.0 s · stopped at "\\*a\\*\\\\nb"*\n'
    )
