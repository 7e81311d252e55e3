"""Servers of the configuration are at hand for a chat, and gone with it."""

import sys
from pathlib import Path

import pytest

from chatrepl.cli.assemble import new_session
from chatrepl.cli.options import Options
from chatrepl.cli.serving import _token, serving
from chatrepl.config.load import load
from chatrepl.core.errors import ConfigError, ToolError
from chatrepl.core.tools import McpServer
from chatrepl.session.session import Session

PANTRY = Path(__file__).parent.parent / "tools" / "pantry.py"
HERE = McpServer("pantry", command=(sys.executable, str(PANTRY)))


@pytest.fixture
def session() -> Session:
    return new_session(Options(), load(environ={}), interactive=True)


def test_what_servers_serve_is_there_as_long_as_the_chat(session: Session) -> None:
    with serving(session, (HERE,), print) as here:
        assert here is not None
        assert session.edges.servers() is here
        assert [prompt.name for prompt in here.prompts("pantry")] == ["recipe"]
    with pytest.raises(ToolError):
        here.resources("pantry")


def test_a_server_of_the_service_is_none_of_ours(session: Session) -> None:
    with serving(session, (McpServer("far", url="https://far", connect="service"),), print) as here:
        assert here is session.edges.servers() is None


@pytest.mark.parametrize("url", ["http://notes.example/mcp", "http://192.0.2.7:99/sse"])
def test_a_server_is_not_spoken_to_where_anybody_could_listen(session: Session, url: str) -> None:
    with serving(session, (McpServer("notes", url=url),), print) as here:
        assert here is not None
        with pytest.raises(ToolError, match=r"notes is not spoken to at .* over plain http"):
            here.prompts("notes")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("true",), "The token_command of notes printed nothing."),
        (("false",), "The token_command of notes failed with exit code 1."),
        (("printf", "sesame\\nopen"), "The token_command of notes printed what is no token."),
        (("printf", "s\u00e9same"), "The token_command of notes printed what is no token."),
        (("/no/such",), "The token_command of notes could not be run: /no/such: No such file"),
    ],
)
def test_a_server_without_its_token_is_not_spoken_to(
    session: Session, command: tuple[str, ...], why: str
) -> None:
    server = McpServer("notes", url="http://127.0.0.1:9/mcp", token_command=command)
    with serving(session, (server,), print) as here:
        assert here is not None
        with pytest.raises(ToolError, match=f"^{why}"):
            here.prompts("notes")


@pytest.mark.parametrize(
    ("url", "command", "token"),
    [
        ("http://127.0.0.1:9/mcp", ("printf", "sesame\\n"), "sesame"),
        ("https://notes.example/mcp", ("printf", "sesame"), "sesame"),
        ("https://notes.example/mcp", (), ""),
    ],
)
def test_a_server_gets_what_its_command_prints(
    session: Session, url: str, command: tuple[str, ...], token: str
) -> None:
    assert _token(McpServer("notes", url=url, token_command=command), session) == token


def test_a_host_that_the_user_allows_is_spoken_to_over_plain_http(session: Session) -> None:
    session.use(allow_http=("notes.example",))
    assert _token(McpServer("notes", url="http://notes.example/mcp"), session) == ""
    with pytest.raises(ConfigError, match="over plain http"):
        _token(McpServer("notes", url="http://other.example/mcp"), session)
