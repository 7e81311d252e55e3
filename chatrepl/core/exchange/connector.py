"""Servers of tools that the service itself connects to: what a request says of them.

Their tokens stand in no request that is shown, noted or exported: they are added as it goes out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from chatrepl.core.errors import UsageError
from chatrepl.core.secrets import is_secret
from chatrepl.core.talk.blocks import Block, answered_id, call_id
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.talk.message import Message, remote
from chatrepl.core.tools import McpServer
from chatrepl.core.wire import Wire

TOKEN: Final = "authorization_token"  # noqa: S105 - the name of a key
NOT_KEPT: Final = ("",)  # the command of a token, where a conversation does not tell it
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PRIVATE_ENDS: Final = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test")


def server_params(servers: Iterable[McpServer]) -> list[dict[str, Any]]:
    """Say which servers are to be connected to, without their tokens."""
    return [{"type": "url", "name": server.name, "url": server.url} for server in servers]


def toolsets(servers: Iterable[McpServer]) -> list[Wire]:
    """Declare the tools of servers: those that are named, or all but those that are denied."""
    return [_toolset(server) for server in servers]


def _toolset(server: McpServer) -> Wire:
    toolset: dict[str, Any] = {"type": "mcp_toolset", "mcp_server_name": server.name}
    if server.tools:
        used = [name for name in server.tools if name not in server.deny]
        toolset["default_config"] = {"enabled": False}
        toolset["configs"] = {name: {"enabled": True} for name in used}
    elif server.deny:
        toolset["configs"] = {name: {"enabled": False} for name in server.deny}
    return toolset


def connected(params: Wire) -> list[Wire]:
    """Give the servers that the parameters of a request name, as far as they are any."""
    servers = params.get("mcp_servers")
    return [one for one in servers if isinstance(one, Mapping)] if isinstance(servers, list) else []


def with_tokens(params: Wire, tokens: Mapping[str, str]) -> Wire:
    """Give the parameters of a request with the tokens of its servers, by their names."""
    servers = connected(params)
    if not any(tokens.get(str(server.get("name"))) for server in servers):
        return params
    given = [(server, tokens.get(str(server.get("name")))) for server in servers]
    added = [{**server, TOKEN: token} if token else server for server, token in given]
    return {**params, "mcp_servers": added}


def without_others(conversation: Conversation, servers: Iterable[McpServer]) -> Conversation:
    """Leave out what tools of other servers than these were asked and answered."""
    names = frozenset(server.name for server in servers)
    touched = {
        turn.id: replace(turn, messages=tuple(_slim(m, names) for m in turn.messages))
        for turn in conversation.path()
        if any(message.remotes - names for message in turn.messages)
    }
    return (
        replace(conversation, turns={**conversation.turns, **touched}) if touched else conversation
    )


def _slim(message: Message, names: frozenset[str]) -> Message:
    gone = {id_ for b in message.content if _is_other(b, names) and (id_ := call_id(b))}
    content = tuple(
        b for b in message.content if not _is_other(b, names) and answered_id(b) not in gone
    )
    return message if content == message.content else replace(message, content=content)


def _is_other(block: Block, names: frozenset[str]) -> bool:
    name = remote(block)
    return name is not None and name not in names


def check_server(server: McpServer) -> None:
    """Raise UsageError for a server that the service could not connect to, or a key in its place.

    It connects by https, to what everybody can reach.
    """
    if not _NAME.fullmatch(server.name):
        raise UsageError(
            f"{server.name} is no name for a server.", "It has letters, digits, - and _."
        )
    if why := unreachable(server.url):
        raise UsageError(why, f"[mcp.{server.name}] in config.toml has chatrepl connect from here.")
    parts = urlsplit(server.url)
    if parts.password or parts.username or any(_secrets_in(parts.query)):
        raise UsageError(
            "The address holds what may be a key; it would be kept with the conversation.",
            "--token-command CMD names a program that prints it.",
        )


def unreachable(url: str) -> str:
    """Say why the service would not connect to an address; empty where it may."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return f"{url} is no address."
    if parts.scheme != "https" or not host:
        return "The service connects to addresses that begin with https:// only."
    if _is_private(host):
        return f"{host} cannot be reached by the service: it connects to public addresses only."
    return ""


def _secrets_in(query: str) -> Iterator[bool]:
    return (is_secret(name, value) for name, value in parse_qsl(query))


def _is_private(host: str) -> bool:
    from ipaddress import ip_address  # seldom needed

    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_ENDS)
