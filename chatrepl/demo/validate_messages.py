"""The rules for the list of messages: roles and their places, content, images."""

from typing import Any

from chatrepl.demo.fields import array, record, shape
from chatrepl.demo.fields import text as is_text
from chatrepl.demo.models import ModelCard
from chatrepl.demo.request import WireMessage, as_blocks
from chatrepl.demo.validate_blocks import check_block, check_images
from chatrepl.demo.validate_changes import (
    check_effort,
    check_places,
    check_system_block,
    system_keys,
)
from chatrepl.demo.wire import JSON, invalid

MOST_MESSAGES = 100_000
_ROLES = frozenset({"user", "assistant", "system"})


def check_messages(
    body: JSON, model: ModelCard, betas: frozenset[str] = frozenset()
) -> tuple[WireMessage, ...]:
    """Return the messages in normal form; raises the service's 400."""
    raw = body["messages"]
    if not raw:
        raise invalid("messages: at least one message is required")
    if len(raw) > MOST_MESSAGES:
        raise invalid(f"messages: too many messages: {len(raw)} > {MOST_MESSAGES}")
    given = [{"content": [], **item} if _is_bare(item) else item for item in raw]
    messages = tuple(
        _message(place, item, len(raw), (model, betas)) for place, item in enumerate(given)
    )
    first = next((message for message in messages if message.content), messages[0])
    if first.role != "user" and not _begins_with_summary(messages):
        raise invalid('messages: first message must use the "user" role')
    check_places(messages)
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


def _is_bare(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") == "system" and "output_config" in item


def _message(
    place: int, item: Any, count: int, rules: tuple[ModelCard, frozenset[str]]
) -> WireMessage:
    path, (model, betas) = f"messages.{place}", rules
    record(path, item)
    needed = {"role": is_text, "content": lambda _path, _value: None}
    shape(path, item, needed, system_keys(betas))
    role, content = item["role"], item["content"]
    if role not in _ROLES:
        raise invalid(f"{path}.role: Input should be 'user', 'assistant' or 'system'")
    if role == "system" and not model.system_role:
        raise invalid(f"{path}.role: role 'system' is not supported on this model")
    if not isinstance(content, str):
        array(f"{path}.content", content)
    effort = check_effort(path, item, model)
    if not content and effort is None and not (role == "assistant" and place == count - 1):
        raise invalid(
            f"{path}: all messages must have non-empty content "
            "except for the optional final assistant message"
        )
    blocks = as_blocks(content)
    for number, block in enumerate(blocks):
        if role == "system":
            check_system_block(f"{path}.content.{number}", block, betas)
        if role != "system" or block["type"] == "text":
            check_block(f"{path}.content.{number}", block, role)
    return WireMessage(role, blocks, place, effort)
