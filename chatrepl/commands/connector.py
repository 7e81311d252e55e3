"""The servers of tools that the service connects to by itself."""

import shlex
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal

from chatrepl.commands.cost import cooled
from chatrepl.commands.registry import ArgKind, command
from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Notice, Outcome, Table
from chatrepl.core.tools import McpServer
from chatrepl.session.session import Session
from chatrepl.session.situation import servers_of

_USAGE: Final = "/mcp add NAME URL [--token-command CMD]"
_OPTION: Final = "--token-command"
_BY: Final = {"here": "from here", "service": "by the service"}
_NONE: Final = f"There is no server of tools. {_USAGE} adds one."


def _names(session: Session, given: Sequence[str], text: str) -> Iterable[tuple[str, str]]:
    servers = session.conversation.state.servers if given[:1] == ["remove"] else {}
    return [(name, server.url) for name, server in servers.items() if name.startswith(text)]


@command("mcp", group="next reply")
def mcp(
    session: Session,
    how: Literal["add", "list", "remove"] = "list",
    rest: Annotated[str, ArgKind(rest=True, by_word=True, given=_names)] = "",
) -> Outcome:
    """Let the service use a server's tools: `add NAME URL`, `remove NAME`, or list them.

    The service connects to it, so its address is public and begins with https. What CMD of
    `--token-command CMD` prints goes along as its token; it is kept in memory only. The servers
    stay with the conversation, and [mcp.NAME] in config.toml has more of them for every chat.
    """
    match how:
        case "add":
            return _add(session, _server(rest))
        case "remove":
            return _remove(session, rest.strip())
        case _:
            servers = (*servers_of(session), *_here(session))
            return _listed(servers) if servers else Notice(_NONE)


def _server(typed: str) -> McpServer:
    """Read what was typed. Raises UsageError where it is no server that can be connected to."""
    from chatrepl.core.exchange.connector import check_server

    try:
        words = shlex.split(typed)
    except ValueError:
        raise UsageError("A quote is not closed.", f"usage: {_USAGE}") from None
    match words:
        case [name, url]:
            token_command: tuple[str, ...] = ()
        case [name, url, option, program, *more] if option == _OPTION:
            # In quotes it is a line of its own.
            token_command = (program, *more) if more else tuple(shlex.split(program))
        case _:
            raise UsageError(f"usage: {_USAGE}", "/help mcp tells more.")
    server = McpServer(name, url=url, connect="service", token_command=token_command)
    check_server(server)
    return server


def _add(session: Session, server: McpServer) -> Outcome:
    servers = {**session.conversation.state.servers, server.name: server}
    lost = cooled(session, lambda: session.adjust(servers=servers))
    token = ", with what its token command prints" if server.token_command else ""
    return Notice(
        f"{server.name} is added: the service connects to {server.url}{token}, sends it what the "
        f"model asks of its tools, and reads what it answers. /undo takes it off.{lost}"
    )


def _remove(session: Session, name: str) -> Outcome:
    servers = dict(session.conversation.state.servers)
    if name not in servers:
        listed = (*servers_of(session), *_here(session))
        in_file = any(server.name == name for server in listed)
        hint = f"[mcp.{name}] stands in config.toml." if in_file else "/mcp lists them."
        raise UsageError(f"This conversation has no server {name}.".replace(" .", "."), hint)
    del servers[name]
    called = any(name in m.remotes for turn in session.conversation.path() for m in turn.messages)
    lost = cooled(session, lambda: session.adjust(servers=servers))
    gone = " What its tools were asked and answered is no longer sent." if called else ""
    return Notice(f"{name} is taken off.{gone} /undo brings it back.{lost}")


def _here(session: Session) -> Iterable[McpServer]:
    """Give the servers that chatrepl itself speaks to."""
    configured = session.loaded.servers if session.loaded is not None else ()
    return (server for server in configured if server.connect == "here")


def _listed(servers: Iterable[McpServer]) -> Outcome:
    rows = (
        (server.name, server.url or server.command[0], _BY[server.connect], _tools(server),
         _token(server))
        for server in servers
    )  # fmt: skip
    return Table(("server", "address", "connected", "tools", "token"), tuple(rows))


def _tools(server: McpServer) -> str:
    but = f"all but {', '.join(server.deny)}" if server.deny else "all"
    return ", ".join(name for name in server.tools if name not in server.deny) or but


def _token(server: McpServer) -> str:
    """Tell where its token comes from: of a command no more than its program."""
    if not server.token_command:
        return "none"
    return f"by {server.token_command[0]}" if any(server.token_command) else "not kept"
