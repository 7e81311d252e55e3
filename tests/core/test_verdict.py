import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import ReplyError
from chatrepl.core.fences import extract
from chatrepl.core.result import judge
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Message, Receipt, Turn, TurnId

CODE = st.text(st.characters(exclude_characters="`~\r", codec="utf-8"), max_size=40).filter(
    str.strip
)


def turn(reason: str | None, **details: str) -> Turn:
    return Turn(
        TurnId("a"), None, (Message("assistant", (TextBlock("x"),)),),
        Receipt(stop_reason=reason, stop_details=details or None),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "text", "whole", "code"),
    [
        ("end_turn", "x", True, None),
        ("stop_sequence", "x", True, None),
        ("max_tokens", "x", False, None),
        ("max_tokens", "x", True, 6),
        ("end_turn", " \n", False, 7),
        ("max_tokens", "", False, 7),
        ("max_tokens", "", True, 6),
        ("tool_use", "", False, 7),
        ("refusal", "x", False, 7),
        ("model_context_window_exceeded", "x", False, 5),
        ("tool_use", "x", False, 1),
        ("pause_turn", "x", False, 1),
    ],
)
def test_a_reply_is_judged_by_why_it_ended(
    reason: str, text: str, whole: bool, code: int | None
) -> None:
    found = judge(turn(reason), text, whole=whole)

    assert (found.exit_code if found else None) == code


def test_an_empty_answer_says_what_stood_in_its_way() -> None:
    cut, tool = (judge(turn(reason), "", whole=False) for reason in ("max_tokens", "tool_use"))

    assert cut is not None
    assert "-t" in cut.hint
    assert tool is not None
    assert "tool" in tool.message


def test_a_refusal_says_why_where_the_service_does() -> None:
    found = judge(turn("refusal", category="cyber", explanation="No malware."), "", whole=False)

    assert found is not None
    assert found.hint == "No malware."


@given(CODE, st.sampled_from(["```", "~~~~"]), st.sampled_from(["", "   "]))
def test_the_first_block_comes_out_as_it_was_written(code: str, fence: str, indent: str) -> None:
    body = f"{code}\n"
    shown = "".join(f"{indent}{line}\n" for line in body.split("\n")[:-1])
    text = f"Look:\n\n{indent}{fence}Python\n{shown}{indent}{fence}\n\n```\nother\n```\n"

    assert extract(text, "python") == body
    assert extract(text, "") == body


def test_a_language_is_looked_for_and_an_open_block_counts() -> None:
    text = "```\nplain\n```\n~~~sh title=x\nls\n"

    assert extract(text, "") == "plain\n"
    assert extract(text, "SH") == "ls\n"
    with pytest.raises(ReplyError) as caught:
        extract(text, "rust")
    assert caught.value.exit_code == 8


@pytest.mark.parametrize("text", ["```\n```", "```py\n\n \n```\nmore", "```\n"])
def test_an_empty_block_is_nothing_to_extract(text: str) -> None:
    with pytest.raises(ReplyError) as caught:
        extract(text, "")
    assert caught.value.exit_code == 8


def test_a_block_ends_where_its_lines_end_in_crlf() -> None:
    assert extract("```py\r\nx\r\n```\r\nmore\r\n", "py") == "x\r\n"
