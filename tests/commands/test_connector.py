"""Servers of tools that the service connects to, added and taken off in a chat."""

from dataclasses import replace
from typing import Any, cast

import pytest

from chatrepl.commands.slash import complete_line
from chatrepl.core.errors import UsageError
from chatrepl.core.models import TABLE
from chatrepl.core.settings import Settings
from chatrepl.core.tools import McpServer
from chatrepl.session.situation import servers_of
from tests.commands.playing import Player

URL = "https://mcp.example.com/sse"


@pytest.mark.parametrize("model", TABLE)
def test_a_server_is_used_until_it_is_taken_off(model: str) -> None:
    player = Player(Settings(model=model))
    player.do("/mcp")
    assert player.heard.startswith("There is no server of tools.")
    player.do(f"/mcp add notes {URL}")
    assert f"the service connects to {URL}, sends it" in player.heard
    player.say("demo: mcp hello")
    kinds = [b.type for b in player.session.conversation.path()[-1].messages[1].content]
    assert {"mcp_tool_use", "mcp_tool_result"} <= {*kinds}
    player.say("And now?")
    player.do("/mcp remove notes")
    assert "What its tools were asked and answered is no longer sent." in player.heard
    player.say("And now?")
    player.do("/undo 2")
    player.say("And now?")
    assert player.statuses == [200] * 4
    assert [("mcp_servers" in r.params) for r in player.requests] == [True, True, False, True]


def test_servers_are_listed_without_more_of_a_command_than_its_program() -> None:
    player = Player()
    player.do(f"/mcp add notes {URL}")
    player.do(f"/mcp add mail {URL} --token-command pass show 'my mail'")
    assert "with what its token command prints" in player.heard
    player.do(f"/mcp add other {URL} --token-command 'echo s3cret'")
    servers = player.session.conversation.state.servers
    assert servers["mail"].token_command == ("pass", "show", "my mail")
    assert servers["other"].token_command == ("echo", "s3cret")
    lost = replace(servers["mail"], token_command=("",), deny=("write",))
    player.session.adjust(servers={**servers, "mail": lost})
    player.do("/mcp list")
    assert player.tables[-1].rows == (
        ("notes", URL, "by the service", "all", "none"),
        ("mail", URL, "by the service", "all but write", "not kept"),
        ("other", URL, "by the service", "all", "by echo"),
    )


def test_a_server_of_the_configuration_is_there_in_every_chat() -> None:
    player = Player()
    filed = McpServer(
        "filed", url=URL, connect="service", token_command=("pass",), tools=("read", "find")
    )
    here = McpServer("here", command=("npx", "notes"))
    player.session.loaded = cast("Any", type("Loaded", (), {"servers": (filed, here)})())
    player.do("/mcp")
    assert player.tables[-1].rows == (
        ("filed", URL, "by the service", "read, find", "by pass"),
        ("here", "npx", "from here", "all", "none"),
    )
    with pytest.raises(UsageError) as caught:
        player.do("/mcp remove filed")
    assert caught.value.hint == "[mcp.filed] stands in config.toml."
    # What a conversation brought back without its command has it again.
    kept = McpServer("filed", url=URL, connect="service", token_command=("",))
    player.session.adjust(servers={"filed": kept})
    assert servers_of(player.session) == (filed,)
    elsewhere = McpServer("filed", url=f"{URL}/other", connect="service")
    player.session.adjust(servers={"filed": elsewhere})
    assert servers_of(player.session) == (elsewhere,)
    player.session.interactive = False
    player.session.adjust(servers={})
    assert [*servers_of(player.session)] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/mcp add notes", "usage: /mcp add NAME URL"),
        (f"/mcp add notes {URL} --token pass", "usage: /mcp add NAME URL"),
        (f"/mcp add notes {URL} --token-command", "usage: /mcp add NAME URL"),
        ("/mcp add notes 'x", "A quote is not closed"),
        ("/mcp add notes http://a.example", "begin with https"),
        ("/mcp remove", "has no server"),
        ("/mcp remove notes", "has no server notes"),
    ],
)
def test_what_cannot_be_added_or_taken_off_is_said(line: str, words: str) -> None:
    player = Player()
    with pytest.raises(UsageError, match=words):
        player.do(line)
    assert player.session.conversation.state.servers == {}


def test_servers_are_offered_where_one_is_taken_off() -> None:
    player = Player()
    player.do(f"/mcp add notes {URL}")
    assert [text for text, _ in complete_line(player.session, "/mcp ")[1]] == [
        "add", "list", "remove",
    ]  # fmt: skip
    assert complete_line(player.session, "/mcp remove n")[1] == [("notes", URL)]
    assert complete_line(player.session, "/mcp add n")[1] == []
