"""The rules for what a system message changes in mid-conversation: effort and tools."""

import re
from typing import Any

from chatrepl.demo.fields import Check, cache_control, maybe, one_of, record, shape, text, typed
from chatrepl.demo.models import ModelCard
from chatrepl.demo.request import WireMessage, WireRequest, paused
from chatrepl.demo.validate_tools import check_tool
from chatrepl.demo.wire import JSON, invalid

EFFORT = "mid-conversation-output-config-2026-07-01"
TOOLS = "inline-tools-2026-09-15"
REFERENCES = "mid-conversation-tool-changes-2026-07-01"
_TEXT: dict[str, tuple[dict[str, Check], dict[str, Check]]] = {
    "text": ({"text": text}, {"cache_control": cache_control, "citations": maybe(record)}),
}
_CHANGE: tuple[dict[str, Check], dict[str, Check]] = (
    {"tool": record}, {"cache_control": cache_control},
)  # fmt: skip
_REFERENCE: dict[str, tuple[dict[str, Check], dict[str, Check]]] = {
    "tool_reference": ({"name": text}, {}),
    "mcp_tool_reference": ({"name": text, "server_name": text}, {}),
    "mcp_toolset_reference": ({"server_name": text}, {}),
}
_DEFINITION: tuple[dict[str, Check], dict[str, Check]] = ({"definition": record}, {})


def system_keys(betas: frozenset[str]) -> dict[str, Check]:
    """Return the keys that a message may have beside role and content."""
    return {"output_config": maybe(record)} if EFFORT in betas else {}


def check_effort(path: str, item: JSON, model: ModelCard) -> str | None:
    """Return the effort that a message changes to, None where it changes none."""
    config = item.get("output_config")
    if config is None:
        return None
    path = f"{path}.output_config"
    if item["role"] != "system":
        raise invalid(f"{path}: output_config is only permitted on role 'system' messages")
    shape(path, config, {}, {"effort": maybe(text)})
    effort = config.get("effort")
    if effort is None:
        return None
    if not model.turn_effort:
        raise invalid(
            "output_config.effort requires a model that supports per-turn effort; "
            "this model does not"
        )
    one_of(*model.effort)(f"{path}.effort", effort)
    return str(effort)


def check_system_block(path: str, block: Any, betas: frozenset[str]) -> None:
    """Check a block of a system message, by its shape."""
    kinds = dict(_TEXT)
    if betas & {TOOLS, REFERENCES}:
        kinds |= {"tool_addition": _CHANGE, "tool_removal": _CHANGE}
    record(path, block)
    if block.get("type") not in {*kinds, "tool_addition", "tool_removal"}:
        raise invalid(f"{path}: system messages take text blocks only")
    typed(path, block, kinds)
    if block["type"] == "text":
        return
    tools = dict(_REFERENCE)
    if block["type"] == "tool_addition" and TOOLS in betas:
        tools["tool_definition"] = _DEFINITION
    typed(f"{path}.{block['type']}.tool", block["tool"], tools)


def check_changes(request: WireRequest) -> None:
    """Check what the system messages of a request change, each after those before it."""
    _check_efforts(request)
    families = {tool["name"]: _family(tool) for tool in request.tools if "name" in tool}
    servers = {tool.get("mcp_server_name") for tool in request.tools}
    for message in request.messages:
        for number, block in enumerate(message.content if message.role == "system" else ()):
            if block["type"] != "text":
                path = f"messages.{message.place}.content.{number}.{block['type']}.tool"
                _check_tool_change(path, block["tool"], (families, servers), request.model)


def _check_efforts(request: WireRequest) -> None:
    effort, path = (request.body.get("output_config") or {}).get("effort") or "high", ""
    for message in request.messages:
        if message.effort is None:
            continue
        path = f"messages.{message.place}.output_config.effort"
        if request.thinking == "between_tools" and message.effort != effort:
            raise invalid(f"{path}: cannot change with thinking.type 'between_tools'")
        effort = message.effort
    if path and request.thinking == "disabled" and effort in {"xhigh", "max"}:
        raise invalid(
            f'{path}: "{effort}" requires thinking; '
            '"thinking.type.disabled" is not supported with it'
        )


def _check_tool_change(
    path: str, tool: JSON, known: tuple[dict[str, str], set[Any]], model: ModelCard
) -> None:
    families, servers = known
    if tool["type"] != "tool_definition":
        if "server_name" in tool:
            name, declared = tool["server_name"], tool["server_name"] in servers
        else:
            name, declared = tool["name"], tool["name"] in families
        if not declared:
            raise invalid(
                f"{path}: tool reference '{name}' names no tool that is declared in `tools` or "
                "defined earlier in `messages`"
            )
        return
    definition = tool["definition"]
    if "mcp_server_name" in definition:
        raise invalid(f"{path}.definition: an mcp_toolset needs the mcp-client-2026-09-15 beta")
    check_tool(f"{path}.definition", definition, model)
    name, family = definition["name"], _family(definition)
    if families.setdefault(name, family) != family:
        raise invalid(f"{path}.definition: '{name}' is the name of a tool of another type")


def _family(tool: JSON) -> str:
    return re.sub(r"_\d{8}$", "", str(tool.get("type") or "custom"))


def check_places(messages: tuple[WireMessage, ...]) -> None:
    """Check that system messages follow a user turn and end the list or precede a reply.

    Those that stand side by side are judged together; what has no content may stand anywhere.
    """
    place = 0
    while place < len(messages):
        end = place
        while end < len(messages) and messages[end].role == "system":
            end += 1
        group = messages[place:end]
        if any(message.content for message in group):
            _check_group(messages, place, end)
        place = max(end, place + 1)


def _check_group(messages: tuple[WireMessage, ...], place: int, end: int) -> None:
    before = messages[place - 1] if place else None
    is_paused = before is not None and before.role == "assistant" and paused(before)
    changes = any(b["type"] != "text" for m in messages[place:end] for b in m.content)
    if before is None or (before.role == "assistant" and (changes or not is_paused)):
        raise invalid(
            f"messages.{place}: a system message must follow a user message or an assistant "
            "message that ends with a server tool result"
        )
    if end < len(messages) and messages[end].role == "user":
        raise invalid(
            f"messages.{end - 1}: a system message must be last or followed by an assistant message"
        )
