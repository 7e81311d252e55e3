"""The MCP connector: a server's tools are listed, called and answered by the service."""

from chatrepl.demo.request import WireRequest
from chatrepl.demo.tools.reply import NewId
from chatrepl.demo.wire import JSON

_TOOLS: list[JSON] = [
    {
        "name": "echo",
        "description": "Says what it is told.",
        "input_schema": {"type": "object", "properties": {"text": {"type": "string"}}},
    },
    {"name": "read", "description": "Reads a note.", "input_schema": {"type": "object"}},
]


def toolset(request: WireRequest) -> JSON | None:
    """Return the first set of tools of an MCP server that a request declares."""
    return next((t for t in request.tools if t.get("type") == "mcp_toolset"), None)


def _enabled(tools: JSON) -> list[JSON]:
    by_default = (tools.get("default_config") or {}).get("enabled", True)
    configs = tools.get("configs") or {}
    listed = tools.get("tools") or _TOOLS
    return [t for t in listed if (configs.get(t["name"]) or {}).get("enabled", by_default)]


def listing(request: WireRequest, tools: JSON) -> tuple[JSON, ...]:
    """Return the list of the server's tools, the first time; nothing where it is pinned."""
    listed = any(
        block["type"] == "mcp_tool_listing" and block["mcp_server_name"] == tools["mcp_server_name"]
        for message in request.messages
        for block in message.content
    )
    if listed or tools.get("tools"):
        return ()
    return ({
        "type": "mcp_tool_listing",
        "mcp_server_name": tools["mcp_server_name"],
        "tools": _TOOLS,
    },)  # fmt: skip


def remote_call(tools: JSON, words: str, new_id: NewId) -> JSON | None:
    """Return a call of the first tool that is enabled."""
    enabled = _enabled(tools)
    if not enabled:
        return None
    return {
        "type": "mcp_tool_use",
        "id": f"mcptoolu_{new_id()}",
        "name": enabled[0]["name"],
        "server_name": tools["mcp_server_name"],
        "input": {"text": words},
    }


def remote_content(call: JSON, error: str) -> list[JSON]:
    """Return what the server answers to a call."""
    return [{"type": "text", "text": error or str(call["input"].get("text", ""))}]
