"""The rules for declared tools, MCP servers, and the tool choice."""

import re
from collections.abc import Iterable
from typing import Any

from chatrepl.demo.fields import (
    Check,
    anything,
    array,
    cache_control,
    citations_config,
    flag,
    maybe,
    one_of,
    record,
    shape,
    text,
    texts,
    typed,
    whole,
)
from chatrepl.demo.models import ModelCard
from chatrepl.demo.wire import JSON, invalid

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
CODE = "code_execution_20260120"  # how every call from code is tagged
_CALLERS = ("direct", "code_execution_20250825", CODE, "code_execution_20260521")


def _callers(path: str, value: Any) -> None:
    array(path, value)
    for place, caller in enumerate(value):
        one_of(*_CALLERS)(f"{path}.{place}", caller)
    if not value:
        raise invalid(f"{path}: List should have at least 1 item after validation, not 0")


def _positive(path: str, value: Any) -> None:
    whole(path, value)
    if value < 1:
        raise invalid(f"{path}: Input should be greater than 0")


def _domains(path: str, value: Any) -> None:
    texts(path, value)
    for place, domain in enumerate(value):
        if "://" in domain or not domain.strip():
            raise invalid(f"{path}.{place}: Invalid domain `{domain}`: leave out the scheme")


def _location(path: str, value: Any) -> None:
    more: dict[str, Check] = dict.fromkeys(("city", "region", "country", "timezone"), maybe(text))
    shape(path, value, {"type": one_of("approximate")}, more)
    if len(value.get("country") or "DE") != 2:
        raise invalid(f"{path}.country: String should have 2 characters")


_COMMON: dict[str, Check] = {
    "cache_control": cache_control,
    "defer_loading": flag,
    "allowed_callers": _callers,
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
    "max_uses": maybe(_positive),
    "allowed_domains": maybe(_domains),
    "blocked_domains": maybe(_domains),
}
_INCLUSION: dict[str, Check] = {"response_inclusion": one_of("full", "excluded")}
_SEARCH: dict[str, Check] = {**_WEB, "user_location": maybe(_location)}
_FETCH: dict[str, Check] = {
    **_WEB,
    "citations": citations_config,
    "max_content_tokens": maybe(_positive),
    "url_sources": record,
    "use_cache": flag,
}
_SERVER: tuple[tuple[str, str, dict[str, Check]], ...] = (
    (r"web_search_(20250305|20260209)", "web_search", _SEARCH),
    (r"web_search_20260318", "web_search", _SEARCH | _INCLUSION),
    (r"web_fetch_(20250910|20260209|20260309)", "web_fetch", _FETCH),
    (r"web_fetch_20260318", "web_fetch", _FETCH | _INCLUSION),
    (r"code_execution_(20250522|20250825|20260120|20260521)", "code_execution", _COMMON),
    (r"memory_20250818", "memory", _COMMON),
    (r"bash_20250124", "bash", _COMMON),
    (r"text_editor_20250728", "str_replace_based_edit_tool", _COMMON | {"max_characters": whole}),
    (r"tool_search_tool_bm25_20251119", "tool_search_tool_bm25", _COMMON),
    (r"tool_search_tool_regex_20251119", "tool_search_tool_regex", _COMMON),
)
_TOOLSET: dict[str, Check] = {
    "cache_control": cache_control,
    "configs": maybe(record),
    "default_config": record,
    "tools": maybe(array),
}
_SWITCHES: dict[str, Check] = {"enabled": flag, "defer_loading": flag}
SEARCH_TOOLS = frozenset({"tool_search_tool_bm25", "tool_search_tool_regex"})
CODE_NAMES = frozenset({"code_execution", "bash_code_execution", "text_editor_code_execution"})
SERVER_NAMES = frozenset({"web_search", "web_fetch", "code_execution"}) | SEARCH_TOOLS
_DYNAMIC = re.compile(r"web_(search|fetch)_2026")  # they filter by running code: 4.6 and later


def from_code(tool: JSON) -> bool:
    """Return whether code may call a tool: the newer web tools say so where they do not say."""
    callers = tool.get("allowed_callers")
    if callers is None:
        return _DYNAMIC.match(str(tool.get("type"))) is not None
    return any(caller != "direct" for caller in callers)


def provided(tools: list[JSON]) -> set[str]:
    """Return the names that may be called; a web tool that is called by code brings the code."""
    names = {tool["name"] for tool in tools if "name" in tool}
    web = [tool for tool in tools if _DYNAMIC.match(str(tool.get("type")))]
    return names | ({"code_execution"} if any(map(from_code, web)) else set())


def check_tools(body: JSON, model: ModelCard) -> None:
    """Check the list of tools and the MCP servers behind them."""
    tools, servers = body.get("tools") or [], _check_servers(body.get("mcp_servers") or [])
    names, sets = [], []
    for place, tool in enumerate(tools):
        record(f"tools.{place}", tool)
        if tool.get("type") == "mcp_toolset":
            sets.append(_check_toolset(f"tools.{place}", tool, servers, body))
            continue
        check_tool(f"tools.{place}", tool, model)
        names.append(tool["name"])
    if len(set(names)) != len(names):
        raise invalid("tools: Tool names must be unique.")
    for name in servers:
        if sets.count(name) != 1:
            raise invalid(
                f"mcp_servers: MCP server '{name}' must be referenced by exactly one mcp_toolset "
                "in tools"
            )
    if tools and all(tool.get("defer_loading") for tool in tools):
        raise invalid("tools: At least one tool must have defer_loading=false.")


def _check_servers(servers: list[JSON]) -> list[str]:
    more: dict[str, Check] = {
        "authorization_token": maybe(text), "tool_configuration": maybe(record),
    }  # fmt: skip
    for place, server in enumerate(servers):
        path = f"mcp_servers.{place}"
        shape(path, server, {"type": one_of("url"), "name": text, "url": text}, more)
        if not server["url"].startswith("https://"):
            raise invalid(f"{path}.url: MCP server URL must start with https://")
    names = [server["name"] for server in servers]
    if len(set(names)) != len(names):
        raise invalid("mcp_servers: MCP server names must be unique.")
    return names


def _check_toolset(path: str, tool: JSON, servers: list[str], body: JSON) -> str:
    if "mcp_servers" not in body:
        raise invalid(f"{path}: mcp_toolset needs `mcp_servers`")
    shape(path, tool, {"type": anything, "mcp_server_name": text}, _TOOLSET)
    name = str(tool["mcp_server_name"])
    if name not in servers:
        raise invalid(f"{path}.mcp_server_name: MCP server '{name}' not found in mcp_servers")
    shape(f"{path}.default_config", tool.get("default_config") or {}, {}, _SWITCHES)
    for key, config in (tool.get("configs") or {}).items():
        shape(f"{path}.configs.{key}", config, {}, _SWITCHES)
    return name


def check_tool(path: str, tool: JSON, model: ModelCard) -> None:
    """Check one declared tool."""
    kind = str(tool.get("type") or "custom")
    if kind == "custom":
        shape(path, tool, {"name": text, "input_schema": record}, _CUSTOM)
        if not _NAME.fullmatch(tool["name"]):
            raise invalid(
                f"{path}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            )
        if tool["input_schema"].get("type") != "object":
            raise invalid(f"{path}.custom.input_schema.type: Input should be 'object'")
    else:
        _check_server_tool(path, tool, kind)
    if model.prefill and from_code(tool):
        raise invalid(
            f"'{model.id}' does not support programmatic tool calling. Set `allowed_callers` to "
            '["direct"] or use an earlier version of the tool.'
        )


def _check_server_tool(path: str, tool: JSON, kind: str) -> None:
    for pattern, name, optional in _SERVER:
        if re.fullmatch(pattern, kind):
            shape(path, tool, {"type": anything, "name": one_of(name)}, optional)
            break
    else:
        raise invalid(f"{path}: Input tag '{kind}' found using 'type' is not a known tool")
    if tool.get("allowed_domains") and tool.get("blocked_domains"):
        raise invalid(f"{path}: Cannot use both `allowed_domains` and `blocked_domains`")


def check_choice(body: JSON, model: ModelCard, later: Iterable[JSON] = ()) -> None:
    """Check `tool_choice` against the tools, also `later` ones, the thinking and the model."""
    choice, tools = body.get("tool_choice"), [*(body.get("tools") or []), *later]
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
    if kind == "tool" and choice["name"] not in {tool.get("name") for tool in tools}:
        raise invalid(f"Tool '{choice['name']}' not found in provided tools")
    if kind in {"any", "tool"}:
        if (body.get("thinking") or {}).get("type") == "enabled":
            raise invalid("Thinking may not be enabled when tool_choice forces tool use.")
        if not model.forced_tools:
            raise invalid(f"tool_choice: type '{kind}' is not supported on this model")
