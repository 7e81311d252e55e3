"""The rules for the list of messages: roles and their places, content, images."""

from typing import Any

from chatrepl.demo.fields import array, record, shape
from chatrepl.demo.fields import text as is_text
from chatrepl.demo.models import ModelCard
from chatrepl.demo.request import WireMessage, as_blocks, paused
from chatrepl.demo.validate_blocks import check_block, check_images
from chatrepl.demo.wire import JSON, invalid

MOST_MESSAGES = 100_000
_ROLES = frozenset({"user", "assistant", "system"})


def check_messages(body: JSON, model: ModelCard) -> tuple[WireMessage, ...]:
    """Return the messages in normal form; raises the service's 400."""
    raw = body["messages"]
    if not raw:
        raise invalid("messages: at least one message is required")
    if len(raw) > MOST_MESSAGES:
        raise invalid(f"messages: too many messages: {len(raw)} > {MOST_MESSAGES}")
    messages = tuple(_message(place, item, len(raw), model) for place, item in enumerate(raw))
    if messages[0].role != "user" and not _begins_with_summary(messages):
        raise invalid('messages: first message must use the "user" role')
    _check_system_places(messages)
    blocks = [
        (f"messages.{message.place}.content.{number}", block)
        for message in messages
        for number, block in enumerate(_with_results(message.content))
    ]
    check_images(blocks, model.window)
    return messages


def _begins_with_summary(messages: tuple[WireMessage, ...]) -> bool:
    first = messages[0]
    summary = bool(first.content) and first.content[0]["type"] == "compaction"
    return summary and any(message.role == "user" for message in messages)


def _with_results(content: tuple[JSON, ...]) -> list[JSON]:
    found: list[JSON] = []
    for block in content:
        found.append(block)
        inner = block.get("content")
        if block["type"] == "tool_result" and isinstance(inner, list):
            found.extend(inner)
    return found


def _message(place: int, item: Any, count: int, model: ModelCard) -> WireMessage:
    path = f"messages.{place}"
    record(path, item)
    shape(path, item, {"role": is_text, "content": lambda _path, _value: None}, {})
    role, content = item["role"], item["content"]
    if role not in _ROLES:
        raise invalid(f"{path}.role: Input should be 'user', 'assistant' or 'system'")
    if role == "system" and not model.system_role:
        raise invalid(f"{path}.role: role 'system' is not supported on this model")
    if not isinstance(content, str):
        array(f"{path}.content", content)
    if not content and not (role == "assistant" and place == count - 1):
        raise invalid(
            f"{path}: all messages must have non-empty content "
            "except for the optional final assistant message"
        )
    blocks = as_blocks(content)
    for number, block in enumerate(blocks):
        if role == "system" and isinstance(block, dict) and block.get("type") != "text":
            raise invalid(f"{path}.content.{number}: system messages take text blocks only")
        check_block(f"{path}.content.{number}", block, role)
    return WireMessage(role, blocks, place)


def _check_system_places(messages: tuple[WireMessage, ...]) -> None:
    """Check that system messages follow a user turn and end the list or precede a reply."""
    for place, message in enumerate(messages):
        if message.role != "system":
            continue
        before = messages[place - 1]
        if before.role == "assistant" and not paused(before):
            raise invalid(
                f"messages.{place}: a system message must follow a user message or an assistant "
                "message that ends with a server tool result"
            )
        following = messages[place + 1].role if place + 1 < len(messages) else "assistant"
        if following == "user":
            raise invalid(
                f"messages.{place}: a system message must be last "
                "or followed by an assistant message"
            )
