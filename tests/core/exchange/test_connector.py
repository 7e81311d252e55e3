"""Servers of tools that the service connects to: what a request says."""

from typing import Any

import pytest

from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.connector import check_server, connected, with_tokens, without_others
from chatrepl.core.exchange.plan import Situation, plan_turn
from chatrepl.core.exchange.request import Ask, Request, build_request
from chatrepl.core.models import find
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import block_from_wire
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.tools import McpServer

MODEL = find("claude-opus-5-5")
NOTES = McpServer("notes", url="https://notes.example.com/sse", connect="service")
SECRET = McpServer(
    "mail", url="https://mail.example.com", connect="service", token_command=("pass", "mail")
)


def built(*servers: McpServer) -> Request:
    ask = Ask(servers=servers)
    return build_request(Conversation(), Settings(), MODEL, Message.user("q"), ask)


def test_each_server_is_named_with_one_set_of_its_tools() -> None:
    request = built(NOTES, SECRET)
    assert request.params["mcp_servers"] == [
        {"type": "url", "name": "notes", "url": "https://notes.example.com/sse"},
        {"type": "url", "name": "mail", "url": "https://mail.example.com"},
    ]
    assert request.params["tools"] == [
        {"type": "mcp_toolset", "mcp_server_name": "notes"},
        {"type": "mcp_toolset", "mcp_server_name": "mail"},
    ]
    assert request.betas == ("mcp-client-2025-11-20",)


@pytest.mark.parametrize(
    ("tools", "deny", "declared"),
    [
        ((), (), {}),
        (
            ("read", "find"),
            ("find",),
            {"default_config": {"enabled": False}, "configs": {"read": {"enabled": True}}},
        ),
        ((), ("write",), {"configs": {"write": {"enabled": False}}}),
    ],
)
def test_only_tools_that_are_allowed_are_used(
    tools: tuple[str, ...], deny: tuple[str, ...], declared: dict[str, Any]
) -> None:
    server = McpServer("notes", url=NOTES.url, tools=tools, deny=deny)
    (toolset,) = built(server).params["tools"]
    assert toolset == {"type": "mcp_toolset", "mcp_server_name": "notes", **declared}


def test_tokens_are_added_to_those_whose_they_are() -> None:
    request = built(NOTES, SECRET)
    notes, mail = with_tokens(request.params, {"mail": "s3cret"})["mcp_servers"]
    assert "authorization_token" not in notes
    assert mail["authorization_token"] == "s3cret"
    assert b"s3cret" not in request.encode()
    assert with_tokens(request.params, {"mail": ""}) is request.params


@pytest.mark.parametrize("servers", [None, "here", [3, "x"], {}])
def test_what_is_no_list_of_servers_names_none(servers: Any) -> None:
    assert connected({"model": "m", "mcp_servers": servers}) == []


def _called(server: object) -> Conversation:
    wires: list[dict[str, Any]] = [
        {"type": "mcp_tool_listing", "mcp_server_name": server, "tools": []},
        {"type": "mcp_tool_use", "id": "m1", "name": "echo", "server_name": server, "input": {}},
        {"type": "mcp_tool_result", "tool_use_id": "m1", "is_error": False, "content": []},
        {"type": "text", "text": "Done."},
    ]
    reply = Message("assistant", tuple(map(block_from_wire, wires)))
    first = Turn(TurnId("a"), None, (Message.user("q"), reply))
    second = Turn(TurnId("b"), TurnId("a"), (Message.user("q"), Message.user("so")))
    return Conversation().add(first).add(second)


def test_what_a_server_said_is_sent_as_long_as_it_is_there() -> None:
    talk = _called("notes")
    assert without_others(talk, [NOTES]) is talk
    kinds = {}
    for servers in ((), (NOTES,)):
        situation = Situation(talk, Settings(), MODEL, Ask(servers=servers))
        sent = plan_turn(situation, Message.user("on")).request.messages[1]
        kinds[servers] = [block.type for block in sent.content]
    assert kinds[()] == ["text"]
    assert kinds[(NOTES,)] == ["mcp_tool_listing", "mcp_tool_use", "mcp_tool_result", "text"]
    assert talk.turns[TurnId("a")].messages[1].content[1].type == "mcp_tool_use"


def test_a_call_of_a_server_without_a_name_is_left_out() -> None:
    slim = without_others(_called(3), [NOTES])
    assert [b.type for b in slim.turns[TurnId("a")].messages[1].content] == ["text"]


@pytest.mark.parametrize(
    ("name", "url", "words"),
    [
        ("a b", NOTES.url, "is no name for a server"),
        ("", NOTES.url, "is no name for a server"),
        ("n", "http://notes.example.com", "begin with https"),
        ("n", "notes.example.com", "begin with https"),
        ("n", "https://", "begin with https"),
        ("n", "https://[::1", "is no address"),
        ("n", "https://localhost/x", "cannot be reached"),
        ("n", "https://intranet", "cannot be reached"),
        ("n", "https://box.LOCAL.", "cannot be reached"),
        ("n", "https://127.0.0.1:9", "cannot be reached"),
        ("n", "https://10.2.3.4", "cannot be reached"),
        ("n", "https://[fe80::1]", "cannot be reached"),
        ("n", "https://me:word@notes.example.com", "what may be a key"),
        ("n", "https://sesame@notes.example.com", "what may be a key"),
        ("n", "https://:sesame@notes.example.com", "what may be a key"),
        ("n", "https://notes.example.com/?api_key=abc", "what may be a key"),
    ],
)
def test_a_server_that_cannot_be_connected_to_is_refused(name: str, url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_server(McpServer(name, url=url))


@pytest.mark.parametrize(
    "url", ["https://mcp.example.com/sse?v=2", "https://8.8.8.8/", "https://a.example:8443"]
)
def test_what_everybody_can_reach_is_taken(url: str) -> None:
    check_server(McpServer("n-1_x", url=url))
