"""Which servers of tools the service connects to for the next request."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatrepl.core.tools import McpServer
    from chatrepl.session.session import Session


def service_servers(session: "Session") -> "tuple[McpServer, ...]":
    """Give those of the conversation, and in a chat those of the configuration.

    One of the conversation stands in the place of one of that name. What the conversation does not
    tell, the command of a token, is taken from the configuration where the address is the same.
    """
    configured = {server.name: server for server in _configured(session)}
    added = session.conversation.state.servers
    for name, server in added.items():
        same = configured.get(name)
        is_same = same is not None and same.url == server.url
        configured[name] = same if is_same and same is not None else server
    return tuple(configured.values())


def _configured(session: "Session") -> "tuple[McpServer, ...]":
    if not session.interactive or session.loaded is None:
        return ()
    return tuple(one for one in session.loaded.servers if one.connect == "service")
