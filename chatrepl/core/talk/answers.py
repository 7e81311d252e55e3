"""Answers to calls that nobody answered: a chat ended while they ran, or before.

Nothing runs twice by itself: what became of such a call is told the model as far as it is known.
"""

from typing import Final

from chatrepl.core.talk.blocks import ToolResultBlock, ToolUseBlock, answered_id
from chatrepl.core.talk.message import Message

UNKNOWN: Final = "The chat ended before this call was answered: it is not known whether it ran."


def with_answers(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Answer the calls of ours that a turn ends with, where they have no answer."""
    at = len(messages) - 1
    while at > 0 and messages[at].role != "assistant":
        at -= 1
    if at < 0 or messages[at].role != "assistant":
        return messages
    rest = messages[at + 1 :]
    given = {answered_id(block) for message in rest for block in message.content}
    lost = tuple(
        ToolResultBlock("tool_result", block.id, [{"type": "text", "text": UNKNOWN}], is_error=True)
        for block in messages[at].content
        if isinstance(block, ToolUseBlock) and block.type == "tool_use" and block.id not in given
    )
    if not lost:
        return messages
    told = rest[-1].content if rest and rest[-1].answers_calls else ()
    return (*messages[: at + 1], Message("user", (*told, *lost)))
