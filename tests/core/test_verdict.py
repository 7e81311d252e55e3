import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.blocks import TextBlock
from chatrepl.core.conversation import Message, Receipt, Turn, TurnId
from chatrepl.core.errors import ReplyError
from chatrepl.core.verdict import extract, judge

CODE = st.text(st.characters(exclude_characters="`~\r", codec="utf-8"), max_size=40)


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
