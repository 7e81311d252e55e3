"""Calls that nobody answered are answered with what is known of them."""

import pytest

from chatrepl.core.talk.answers import with_answers
from chatrepl.core.talk.blocks import TextBlock, ToolResultBlock, ToolUseBlock
from chatrepl.core.talk.conversation import Turn, TurnId
from chatrepl.core.talk.message import Message


def calls(*ids: str) -> Message:
    return Message("assistant", tuple(ToolUseBlock("tool_use", id_, "t") for id_ in ids))


def answers(*ids: str) -> Message:
    return Message("user", tuple(ToolResultBlock("tool_result", id_, "ok") for id_ in ids))


ASKED = Message.user("hi")


@pytest.mark.parametrize(
    ("messages", "given"),
    [
        ((), None),
        ((ASKED,), None),
        ((ASKED, Message("assistant", (TextBlock("yes"),))), None),
        ((ASKED, calls("a", "b"), answers("a", "b")), None),
        ((ASKED, calls("a", "b")), ["a", "b"]),
        ((ASKED, calls("a", "b"), answers("a")), ["a", "b"]),
        ((ASKED, calls("a"), answers("a"), calls("b")), ["b"]),
    ],
)
def test_what_nobody_answered_is_answered(
    messages: tuple[Message, ...], given: list[str] | None
) -> None:
    told = with_answers(messages)
    if given is None:
        assert told == messages
        return
    last = told[-1]
    assert [b.tool_use_id for b in last.content if isinstance(b, ToolResultBlock)] == given
    assert with_answers(told) == told


@pytest.mark.parametrize(
    ("messages", "rounds", "calls_answered", "waits"),
    [
        ((), 1, 0, False),
        ((ASKED,), 1, 0, False),
        ((answers("a"),), 1, 0, False),
        ((ASKED, calls("a"), answers("a")), 2, 1, True),
        ((ASKED, calls("a", "b"), answers("a", "b"), calls("c"), answers("c"), ASKED), 3, 3, False),
    ],
)
def test_a_turn_knows_its_rounds(
    messages: tuple[Message, ...], rounds: int, calls_answered: int, waits: bool
) -> None:
    turn = Turn(TurnId("t"), None, messages)
    assert (turn.rounds, turn.calls, turn.waits) == (rounds, calls_answered, waits)
