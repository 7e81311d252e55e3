"""The rules for tools, tool choice, and calls with their results."""

import re
from typing import Any

from chatrepl.demo.fields import (
    Check,
    anything,
    array,
    cache_control,
    flag,
    maybe,
    one_of,
    record,
    shape,
    text,
    typed,
    whole,
)
from chatrepl.demo.models import ModelCard
from chatrepl.demo.request import WireMessage
from chatrepl.demo.wire import JSON, invalid

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_COMMON: dict[str, Check] = {
    "cache_control": cache_control,
    "defer_loading": flag,
    "allowed_callers": array,
    "strict": flag,
}
_CUSTOM: dict[str, Check] = {
    **_COMMON,
    "type": one_of("custom"),
    "description": text,
    "eager_input_streaming": maybe(flag),
    "input_examples": array,
}
_WEB: dict[str, Check] = {
    **_COMMON,
    "max_uses": maybe(whole),
    "allowed_domains": maybe(array),
    "blocked_domains": maybe(array),
}
_SEARCH: dict[str, Check] = {
    **_WEB, "user_location": maybe(record), "response_inclusion": anything,
}  # fmt: skip
_FETCH: dict[str, Check] = {
    **_WEB,
    "citations": maybe(record),
    "max_content_tokens": maybe(whole),
    "url_sources": anything,
    "use_cache": anything,
    "response_inclusion": anything,
}
_SERVER: tuple[tuple[str, str, dict[str, Check]], ...] = (
    (r"web_search_(20250305|20260209|20260318)", "web_search", _SEARCH),
    (r"web_fetch_(20250910|20260209|20260309|20260318)", "web_fetch", _FETCH),
    (r"code_execution_(20250522|20250825|20260120|20260521)", "code_execution", _COMMON),
    (r"memory_20250818", "memory", _COMMON),
    (r"bash_20250124", "bash", _COMMON),
    (r"text_editor_20250728", "str_replace_based_edit_tool", _COMMON | {"max_characters": whole}),
    (r"tool_search_tool_bm25_20251119", "tool_search_tool_bm25", _COMMON),
    (r"tool_search_tool_regex_20251119", "tool_search_tool_regex", _COMMON),
)
SERVER_NAMES = frozenset({"web_search", "web_fetch", "code_execution"})
_DYNAMIC = re.compile(r"web_(search|fetch)_2026")  # they filter by running code: 4.6 and later


def check_tools(tools: Any, model: ModelCard) -> None:
    """Check the list of tools."""
    array("tools", tools)
    names = []
    for place, tool in enumerate(tools):
        _check_tool(f"tools.{place}", tool, model)
        names.append(tool["name"])
    if len(set(names)) != len(names):
        raise invalid("tools: Tool names must be unique.")


def _check_tool(path: str, tool: Any, model: ModelCard) -> None:
    record(path, tool)
    kind = str(tool.get("type") or "custom")
    if kind == "custom":
        shape(path, tool, {"name": text, "input_schema": record}, _CUSTOM)
        if not _NAME.fullmatch(tool["name"]):
            raise invalid(
                f"{path}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            )
        if tool["input_schema"].get("type") != "object":
            raise invalid(f"{path}.custom.input_schema.type: Input should be 'object'")
        return
    for pattern, name, optional in _SERVER:
        if re.fullmatch(pattern, kind):
            shape(path, tool, {"type": anything, "name": one_of(name)}, optional)
            break
    else:
        raise invalid(f"{path}: Input tag '{kind}' found using 'type' is not a known tool")
    if tool.get("allowed_domains") and tool.get("blocked_domains"):
        raise invalid(f"{path}: Cannot use both `allowed_domains` and `blocked_domains`")
    if model.prefill and _DYNAMIC.match(kind):
        raise invalid(f"'{model.id}' does not support tool types: {kind}.")


def check_choice(body: JSON, model: ModelCard) -> None:
    """Check `tool_choice` against the tools, the thinking and the model."""
    choice, tools = body.get("tool_choice"), body.get("tools") or []
    if choice is None:
        return
    more: dict[str, Check] = {"disable_parallel_tool_use": flag}
    kinds: dict[str, tuple[dict[str, Check], dict[str, Check]]] = {
        "auto": ({}, more), "any": ({}, more), "none": ({}, {}), "tool": ({"name": text}, more),
    }  # fmt: skip
    typed("tool_choice", choice, kinds)
    kind = choice["type"]
    if not tools:
        raise invalid("tool_choice: Tools must be provided when `tool_choice` is specified.")
    if kind == "tool" and choice["name"] not in {tool["name"] for tool in tools}:
        raise invalid(f"Tool '{choice['name']}' not found in provided tools")
    if kind in {"any", "tool"}:
        if (body.get("thinking") or {}).get("type") == "enabled":
            raise invalid("Thinking may not be enabled when tool_choice forces tool use.")
        if not model.forced_tools:
            raise invalid(f"tool_choice: type '{kind}' is not supported on this model")


def check_calls(messages: tuple[WireMessage, ...], tools: list[JSON]) -> None:
    """Check that every call is answered at once, and every answer has its call."""
    declared = {tool["name"] for tool in tools}
    turns = merged(messages)
    for place, (role, blocks) in enumerate(turns):
        here = turns[place + 1][1] if place + 1 < len(turns) else None
        before = turns[place - 1][1] if place else []
        if role == "assistant":
            _answered(f"messages.{place}", blocks, here)
            _declared(blocks, declared)
        elif role == "user":
            _called(f"messages.{place}", blocks, before)


def merged(messages: tuple[WireMessage, ...]) -> list[tuple[str, list[JSON]]]:
    """Return the messages with neighbours of one role joined."""
    turns: list[tuple[str, list[JSON]]] = []
    for message in messages:
        if turns and turns[-1][0] == message.role:
            turns[-1][1].extend(message.content)
        else:
            turns.append((message.role, list(message.content)))
    return turns


def _ids(blocks: list[JSON], kind: str, key: str) -> list[str]:
    return [block[key] for block in blocks if block["type"] == kind]


def _answered(path: str, blocks: list[JSON], following: list[JSON] | None) -> None:
    calls = _ids(blocks, "tool_use", "id")
    if len(set(calls)) != len(calls):
        raise invalid(f"{path}: `tool_use` ids must be unique")
    given = set(_ids(following or [], "tool_result", "tool_use_id"))
    missing = [call for call in calls if call not in given]
    if missing:
        raise invalid(
            f"{path}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(missing)}. Each `tool_use` block must have a corresponding "
            "`tool_result` block in the next message."
        )
    results = {b["tool_use_id"] for b in blocks if b["type"].endswith("_tool_result")}
    open_calls = [c for c in _ids(blocks, "server_tool_use", "id") if c not in results]
    if open_calls and following is not None and not calls:
        raise invalid(
            f"{path}: `server_tool_use` ids were found without a result block: "
            f"{', '.join(open_calls)}"
        )


def _called(path: str, blocks: list[JSON], before: list[JSON]) -> None:
    calls = set(_ids(before, "tool_use", "id"))
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        if block["type"] != "tool_result":
            continue
        name = block["tool_use_id"]
        if name not in calls:
            raise invalid(
                f"{path}.content.{place}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{name}. Each `tool_result` block must have a corresponding `tool_use` block "
                "in the previous message."
            )
        if name in seen:
            raise invalid(f"{path}.content.{place}: each tool_use must have a single result")
        seen.add(name)


def _declared(blocks: list[JSON], declared: set[str]) -> None:
    for block in blocks:
        kind = block["type"]
        name = block.get("name") if kind == "server_tool_use" else None
        if kind in {"web_search_tool_result", "web_fetch_tool_result"}:
            name = kind.removesuffix("_tool_result")
        if name in SERVER_NAMES and name not in declared:
            raise invalid(f"messages: a `{kind}` block was found but no `{name}` tool was provided")
