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
        lambda server: _check(server, session),
        lambda data: pictures_of(session, data),
    )
    session.equip(servers=lambda: here)
    try:
        yield here
    finally:
        here.close()


def _check(server: McpServer, session: Session) -> None:
    """Raise ConfigError where anybody on the way could read what is said to a server."""
    from chatrepl.api.address import is_allowed, is_in_the_open

    if is_in_the_open(server.url) and not is_allowed(server.url, session.settings.allow_http):
        host = urlsplit(server.url).hostname
        raise ConfigError(
            f"{server.name} is not spoken to at {host} over plain http: anybody on the way could "
            "read it.",
            f'Use https, or a tunnel to localhost; or allow_http = ["{host}"] in config.toml.',
        )
