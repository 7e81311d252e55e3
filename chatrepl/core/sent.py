"""What of a conversation is sent: a view of the path, always valid, never a change of it.

Dropped, summarised and refused turns are left out whole. Thinking goes back only to the model
that wrote it, and only while everything before it is sent unchanged; else the service may refuse
it as bound to another conversation. Tool calls nobody answered are left out.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from chatrepl.core.blocks import Block, TextBlock, ToolResultBlock, ToolUseBlock
from chatrepl.core.conversation import Conversation, Message, Turn
from chatrepl.core.models import Model

ACKNOWLEDGED: Final = "Understood."


@dataclass(frozen=True, slots=True)
class Sent:
    """The messages of one request. `bound` names this very past, for the thinking that follows."""

    messages: tuple[Message, ...]
    system: str
    bound: str


def is_sent(turn: Turn, conversation: Conversation) -> bool:
    """Tell whether `turn` itself is part of what is sent."""
    state = conversation.state
    if state.marks.get(turn.id) == "dropped":
        return False
    if state.summary is not None and turn.id in state.summary.covers:
        return False
    return turn.receipt is None or turn.receipt.stop_reason != "refusal"


def build_sent(conversation: Conversation, model: Model, *new: Message, tools: str = "") -> Sent:
    """Put together what `model` gets to see, with the `new` messages at its end.

    `tools` is the tools as JSON: they belong to the past that thinking is bound to.
    """
    turns = conversation.path()
    system = _system(conversation, turns, model)
    messages = (*_chosen(conversation, turns), *new)
    if not model.mid_system:
        messages = tuple(m for m in messages if m.role != "system")
    merged = tuple(_merge(_answered(messages)))
    return _bind(merged, system, model, tools)


def _system(conversation: Conversation, turns: tuple[Turn, ...], model: Model) -> str:
    """Give the system prompt for the top: the newest one, where it cannot stand in between."""
    if model.mid_system:
        return conversation.state.system
    changes = [m.text for turn in turns for m in turn.messages if m.role == "system"]
    latest = conversation.state.next_system
    if latest is not None:
        return latest
    return changes[-1] if changes else conversation.state.system


def _chosen(conversation: Conversation, turns: tuple[Turn, ...]) -> Iterator[Message]:
    summary = conversation.state.summary
    told = summary is None
    for turn in turns:
        if summary is not None and not told and turn.id in summary.covers:
            told = True
            text = f"<summary>\n{summary.text}\n</summary>"
            yield Message.user(text)
            yield Message("assistant", (TextBlock(ACKNOWLEDGED),))
        if is_sent(turn, conversation):
            yield from turn.messages


def _answered(messages: tuple[Message, ...]) -> Iterator[Message]:
    """Leave out tool calls without results, results without calls, and what is empty then."""
    open_calls: frozenset[str] = frozenset()
    for i, message in enumerate(messages):
        after = messages[i + 1] if i + 1 < len(messages) else None
        kept = tuple(_paired(message, open_calls, after))
        slim = message if len(kept) == len(message.content) else replace(message, content=kept)
        slim = slim.sendable
        open_calls = _calls(slim)
        if slim.content:
            yield slim


def _paired(message: Message, open_calls: frozenset[str], after: Message | None) -> Iterator[Block]:
    own = {b.tool_use_id for b in message.content if isinstance(b, ToolResultBlock)}
    next_ = (
        {b.tool_use_id for b in after.content if isinstance(b, ToolResultBlock)} if after else set()
    )
    for block in message.content:
        match block:
            case ToolUseBlock(type="tool_use", id=id_) if id_ not in next_:
                continue
            case ToolUseBlock(type="server_tool_use", id=id_) if (
                id_ not in own and after is not None and after.role != "assistant"
            ):
                continue
            case ToolResultBlock(type="tool_result", tool_use_id=id_) if id_ not in open_calls:
                continue
        yield block


def _calls(message: Message) -> frozenset[str]:
    blocks = message.content
    return frozenset(b.id for b in blocks if isinstance(b, ToolUseBlock) and b.type == "tool_use")


def _merge(messages: Iterable[Message]) -> Iterator[Message]:
    """Join neighbours of one role, as the service would; not every server does."""
    held: Message | None = None
    for message in messages:
        if held is not None and held.role == message.role and _same_origin(held, message):
            held = replace(held, content=(*held.content, *message.content))
            continue
        if held is not None:
            yield held
        held = message
    if held is not None:
        yield held


def _same_origin(one: Message, other: Message) -> bool:
    """Tell whether two neighbours may become one: thinking keeps the past it is bound to."""
    return not (one.has_thinking or other.has_thinking)


def _bind(messages: tuple[Message, ...], system: str, model: Model, tools: str) -> Sent:
    """Strip thinking that is bound to another past or model, and name the past that results."""
    past = hashlib.sha256(f"{system}\0{tools}".encode("utf-8", "replace")).digest()
    kept: list[Message] = []
    for message in messages:
        fits = message.model == model.id and message.bound == past.hex()
        slim = message if fits or not message.has_thinking else message.without_thinking
        if slim.content:
            kept.append(slim)
            past = hashlib.sha256(past + slim.digest).digest()
    return Sent(tuple(kept), system, past.hex())
