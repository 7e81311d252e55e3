"""The MCP servers that the configuration names, at hand for a chat; none is started for that."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chatrepl.core.errors import ConfigError
from chatrepl.core.tools import McpServer
from chatrepl.session.session import Session

if TYPE_CHECKING:  # most chats have no server
    from chatrepl.tools.mcp_servers import McpServers


@contextmanager
def serving(
    session: Session, servers: Sequence[McpServer], tell: Callable[[str], None]
) -> "Iterator[McpServers | None]":
    """Let a session have the prompts and resources of servers as long as this lasts; end them then.

    `tell` gets remarks on them, in the thread that asked. None where there are no servers here.
    """
    if not any(server.connect == "here" for server in servers):
        yield None
        return
    from chatrepl.cli.toolbox import pictures_of
    from chatrepl.tools.mcp_servers import McpServers

    here = McpServers(
        servers,
        tell,
        lambda server: _token(server, session),
        lambda data: pictures_of(session, data),
    )
    session.equip(servers=lambda: here)
    try:
        yield here
    finally:
        here.close()


def _token(server: McpServer, session: Session) -> str:
    """Give the token for a server, or nothing; its command is asked each time that it is reached.

    Raises ConfigError where anybody on the way could read what is said to it, ApiError where its
    command gives no token.
    """
    from chatrepl.api.address import is_allowed, is_in_the_open
    from chatrepl.api.credentials import fetched

    if is_in_the_open(server.url) and not is_allowed(server.url, session.settings.allow_http):
        host = urlsplit(server.url).hostname
        raise ConfigError(
            f"{server.name} is not spoken to at {host} over plain http: anybody on the way could "
            "read it.",
            f'Use https, or a tunnel to localhost; or allow_http = ["{host}"] in config.toml.',
        )
    if not server.token_command:
        return ""
    name = f"The token_command of {server.name}"
    token = fetched(server.token_command, name, "or take it out of config.toml")
    if not (token.isascii() and token.isprintable()):  # what would refuse it repeats it
        raise ConfigError(f"{name} printed what is no token.", "A token is one line of ASCII.")
    return token
