"""The tokens of servers that the service connects to: in memory, for as long as chatrepl runs."""

import asyncio

from chatrepl.api.credentials import fetched
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.connector import NOT_KEPT, connected, with_tokens
from chatrepl.core.exchange.request import Request
from chatrepl.core.tools import McpServer
from chatrepl.core.value import replace
from chatrepl.session.session import Session
from chatrepl.session.situation import servers_of


async def granted(
    request: Request, session: Session, tokens: dict[tuple[str, ...], str]
) -> Request:
    """Add to a request the tokens of its servers; each command is run once. Raises ApiError."""
    named = {server.get("name") for server in connected(request.params)}
    servers = [each for each in servers_of(session) if each.name in named]
    for server in servers:
        if server.token_command and server.token_command not in tokens:
            tokens[server.token_command] = await _token(server)
    given = {each.name: tokens.get(each.token_command, "") for each in servers}
    return replace(request, params=with_tokens(request.params, given))


async def _token(server: McpServer) -> str:
    again = f"/mcp remove {server.name} goes on without it"
    if server.token_command == NOT_KEPT:
        raise ApiError(
            ApiErrorKind.AUTH,
            f"{server.name} wants a token, and a conversation keeps no command that prints one.",
            f"/mcp add {server.name} {server.url} --token-command CMD names it; {again}.",
        )
    name = f"The token command of {server.name}"
    return await asyncio.to_thread(fetched, server.token_command, name, f"or {again}")
