"""A reply in the user's own words, in the place of the model's."""

from dataclasses import replace

from chatrepl.core.talk.blocks import Block, TextBlock
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.message import Message


def rewritten(turn: Turn, text: str) -> tuple[Message, ...]:
    """Give the messages of a turn that ends in `text` instead of the reply it has.

    Of that reply only what the service looked up stays: no thinking, and no call that waits for us.
    """
    reply = turn.assistant
    if reply is None:
        return turn.messages
    at = next(n for n, message in enumerate(turn.messages) if message is reply)
    looked_up = (block for block in reply.content if _is_looked_up(block))
    written = Message("assistant", (*looked_up, TextBlock(text)))
    return (*(_thoughtless(message) for message in turn.messages[:at]), written)


def _is_looked_up(block: Block) -> bool:
    return block.type == "server_tool_use" or (
        block.type.endswith("_tool_result") and block.type != "mcp_tool_result"
    )


def _thoughtless(message: Message) -> Message:
    return message.without_thinking if message.role == "assistant" else message


def author(turn: Turn, message: Message) -> str:
    """Say whose a reply is, where it is not the model's alone; else nothing."""
    if not turn.by_hand or message is not turn.assistant:
        return ""
    return "written by you" if turn.receipt is None else "begun by you"


def by_hand(turn: Turn, text: str) -> Turn:
    """Give the turn, which is to get an id of its own, with a reply of the user's."""
    return replace(turn, messages=rewritten(turn, text), receipt=None, by_hand=True)
