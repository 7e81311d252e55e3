import pytest

from chatrepl.core.errors import ReplyError
from chatrepl.core.exchange.form import Form
from chatrepl.core.result import Wanted, accept, judge
from chatrepl.core.talk.blocks import TextBlock, ThinkingBlock, block_from_wire
from chatrepl.core.talk.conversation import Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message


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
        ("model_context_window_exceeded", "", False, 5),
        ("pause_turn", "", False, 7),
        ("compaction", "x", False, None),
        ("compaction", "", False, 7),
        (None, "", False, 7),
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
    words = {"tool_use": "tool", "pause_turn": "paused", "compaction": "compaction", "new": "new"}
    cut = judge(turn("max_tokens"), "", whole=False)

    assert cut is not None
    assert "-t" in cut.hint
    for reason, word in words.items():
        empty = judge(turn(reason), "", whole=False)
        assert empty is not None
        assert word in empty.message


def test_an_answer_without_text_names_what_came_in_its_place() -> None:
    came = (ThinkingBlock("hm", "s"), block_from_wire({"type": "hologram"}))
    made = Turn(TurnId("a"), None, (Message("assistant", came),), Receipt(stop_reason="end_turn"))
    found = judge(made, "", whole=False)

    assert found is not None
    assert found.exit_code == 7
    assert found.message.endswith("no text: a block this version does not know: hologram.")


def test_a_refusal_says_why_where_the_service_does() -> None:
    found = judge(turn("refusal", category="cyber", explanation="No malware."), "", whole=False)

    assert found is not None
    assert found.hint == "cyber: No malware."


CHOICE = Form.choose(("yes", "no"))


@pytest.mark.parametrize(
    ("text", "wanted", "written"),
    [
        ("x", Wanted(), ("x", None)),
        ("```py\n1\n```", Wanted(extract=""), ("1\n", None)),
        ('{"choice": "yes"}', Wanted(CHOICE), ("yes", "yes")),
        ("[1]", Wanted(Form(None), check=lambda _value: None), ("[1]", [1])),
    ],
)
def test_a_reply_as_it_was_wanted_is_accepted(
    text: str, wanted: Wanted, written: tuple[str, object]
) -> None:
    assert accept(turn("end_turn"), text, wanted) == written


@pytest.mark.parametrize(
    ("reason", "text", "wanted", "code"),
    [
        ("end_turn", "", Wanted(), 7),
        ("max_tokens", "yes", Wanted(CHOICE), 6),
        ("max_tokens", "x", Wanted(extract=""), 6),
        ("end_turn", "maybe", Wanted(CHOICE), 8),
        ("end_turn", "maybe", Wanted(Form(None)), 8),
        ("end_turn", "[1]", Wanted(Form(None), check=lambda _value: "not so"), 8),
    ],
)
def test_any_other_reply_is_refused(reason: str, text: str, wanted: Wanted, code: int) -> None:
    with pytest.raises(ReplyError) as error:
        accept(turn(reason), text, wanted)
    assert error.value.exit_code == code
