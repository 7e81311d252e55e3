"""Conversations from elsewhere: our own JSON export, or a plain list of messages.

A fresh user message begins a turn; what answers it, and the loops through tools, stay in it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from chatrepl.core.errors import StorageError
from chatrepl.core.exchange.terms import CHANGES
from chatrepl.core.foreign_json import decode
from chatrepl.core.talk.blocks import Block, TextBlock, answered_id
from chatrepl.core.talk.conversation import Conversation, State, Turn, TurnId
from chatrepl.core.talk.message import ROLES, Message
from chatrepl.core.value import frozen
from chatrepl.core.wire import scrubbed
from chatrepl.storage.records import DamagedError, block_as_it_came, block_from_record, one_of

_USERS: Final = frozenset({"image", "document", "tool_result"})
_MODELS: Final = ("tool_use", "_tool_result", "thinking")  # how the types of its blocks end
_FORM: Final = 'A file holds {"messages": [...]}, or only the list of messages.'


@frozen
class Imported:
    """A conversation from elsewhere, and how many values of it were left out."""

    conversation: Conversation
    left_out: int = 0


def read_messages(text: str, what: str = "The file", created: float = 0.0) -> Imported:
    """Read a conversation from JSON; `what` names it in errors. Raises StorageError, in words."""
    try:
        decoded = decode(text)
    except ValueError as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise StorageError(f"{what} is no JSON{where}.", _FORM) from None
    value = scrubbed(decoded.value)
    system = value.get("system") if isinstance(value, dict) else None
    messages = value.get("messages") if isinstance(value, dict) else value
    if not isinstance(messages, list) or not messages:
        raise StorageError(f"{what} holds no messages.", _FORM)
    read = [_message(message, i, what) for i, message in enumerate(messages, 1)]
    read = [message for message in read if message.content or message.role != "system"]
    return Imported(to_conversation(read, _system(system, what), created), decoded.left_out)


def to_conversation(
    messages: Sequence[Message], system: str = "", created: float = 0.0
) -> Conversation:
    """Group messages into turns."""
    if messages and messages[0].role == "system" and not system:
        system, messages = messages[0].text, messages[1:]
    turns: dict[TurnId, Turn] = {}
    head: TurnId | None = None
    for message in messages:
        if head is not None and not _is_fresh(message):
            turn = turns[head]
            turns[head] = replace(turn, messages=(*turn.messages, message))
            continue
        id_ = TurnId(uuid4().hex[:12])
        turns[id_] = Turn(id_, head, (message,), created=created)
        head = id_
    return Conversation(turns, State(head=head, system=system))


def uncited(conversation: Conversation) -> Conversation:
    """Take the citations off the user's own texts: the service takes none there.

    Without any the conversation stays the same value.
    """
    turns = {id_: _uncited(turn) for id_, turn in conversation.turns.items()}
    if all(turns[id_] is turn for id_, turn in conversation.turns.items()):
        return conversation
    return replace(conversation, turns=turns)


def _uncited(turn: Turn) -> Turn:
    messages = tuple(
        replace(message, content=tuple(map(_plain_text, message.content)))
        if message.role == "user" and any(_plain_text(b) is not b for b in message.content)
        else message
        for message in turn.messages
    )
    return turn if messages == turn.messages else replace(turn, messages=messages)


def _plain_text(block: Block) -> Block:
    if isinstance(block, TextBlock) and (block.citations or "citations" in block.more):
        more = {key: value for key, value in block.more.items() if key != "citations"}
        return TextBlock(block.text, more=more)
    return block


def _is_fresh(message: Message) -> bool:
    """Tell whether a message begins a turn: the user's own, not a tool's answer."""
    answers = any(answered_id(block) is not None for block in message.content)
    return message.role == "user" and not answers


def _message(value: Any, number: int, what: str) -> Message:
    if not isinstance(value, dict) or not one_of(ROLES, value.get("role")):
        raise StorageError(f"{what}: message {number} has no role (user or assistant).", _FORM)
    content = value.get("content")
    if value["role"] == "system" and "output_config" in value:
        content = content or []
    if isinstance(content, str):
        return Message(value["role"], (TextBlock(content),))
    if not isinstance(content, list):
        raise StorageError(f"{what}: message {number} has no content.", _FORM)
    try:
        read = block_as_it_came if value["role"] == "assistant" else block_from_record
        blocks = tuple(map(read, _plain(content)))
    except DamagedError as error:
        why = f"{what}: message {number} holds something that is no content block."
        raise StorageError(why, _FORM) from error
    if strange := next((b.type for b in blocks if not _fits(value["role"], b.type)), ""):
        whose = f"{what}: message {number} ({value['role']})"
        raise StorageError(f"{whose} holds {strange}, which the service does not take there.")
    return Message(value["role"], blocks)


def _fits(role: str, type_: str) -> bool:
    """Tell whether a message of this role may hold such a block; types nobody knows may."""
    if role == "system":
        return type_ == "text"
    if role == "assistant":
        return type_ not in _USERS
    return not type_.endswith(_MODELS)


def _plain(content: Iterable[Any]) -> Iterable[Any]:
    """Take off what belongs to a request and not to the conversation: cache marks, tools."""
    for block in content:
        if isinstance(block, dict) and block.get("type") in CHANGES:
            continue  # which tools there are, we say anew
        if isinstance(block, dict):
            yield {key: value for key, value in block.items() if key != "cache_control"}
        else:
            yield block


def _system(value: Any, what: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    blocks = value if isinstance(value, list) else [None]
    texts = [block.get("text") if isinstance(block, dict) else None for block in blocks]
    if not all(isinstance(text, str) for text in texts):
        raise StorageError(f"{what}: the system prompt is no text.", _FORM)
    return "\n\n".join(map(str, texts))
