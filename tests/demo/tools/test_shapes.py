"""Every shape the engine has: whole, streamed, by the SDK's types, and sent back."""

import json
from typing import Any

import pytest
from anthropic import BaseModel
from anthropic.types import beta

from chatrepl.demo.tools.code import CALLS
from chatrepl.demo.tools.shows import SHOWS
from tests.demo.helpers import (
    NEW,
    OLD,
    accumulated,
    ask,
    assistant,
    body,
    engine,
    kinds,
    post,
    refusal,
    text,
    user,
)

SEARCH = {"type": "web_search_20260318", "name": "web_search"}
FETCH = {"type": "web_fetch_20260318", "name": "web_fetch"}
CODE = {"type": "code_execution_20260521", "name": "code_execution"}
FIND = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}
ROLL = {"name": "roll", "input_schema": {"type": "object"}}
LATER = {**ROLL, "name": "later", "defer_loading": True}
SERVER = {"type": "url", "name": "notes", "url": "https://mcp.example.com/"}
TOOLSET = {"type": "mcp_toolset", "mcp_server_name": "notes"}
REMOTE = {"mcp_servers": [SERVER]}
MCP = "mcp-client-2025-11-20"

SHAPES: dict[str, tuple[str, list[Any]]] = {
    "search": ("demo: search otters", [SEARCH]),
    "search direct": ("demo: search otters", [{**SEARCH, "allowed_callers": ["direct"]}]),
    "search of 2025": ("demo: search otters", [{**SEARCH, "type": "web_search_20250305"}]),
    "search excluded": ("demo: search otters", [{**SEARCH, "response_inclusion": "excluded"}]),
    "search failed": ("demo: search otters; tool-error max_uses_exceeded", [SEARCH]),
    "nothing found": ("demo: search otters", [{**SEARCH, "allowed_domains": ["example.org"]}]),
    "fetch": ("demo: fetch https://example.com/a", [FETCH]),
    "fetch failed": ("demo: fetch", [FETCH]),
    "fetch direct": ("demo: fetch https://e.com/; caller direct", [FETCH]),
    "tool search": ("demo: tool-search dice", [FIND, LATER]),
    "tool search failed": ("demo: tool-search dice; tool-error unavailable", [FIND, LATER]),
    "mcp": ("demo: mcp hello", [TOOLSET]),
    "mcp failed": ("demo: mcp hello; tool-error lost", [TOOLSET]),
    "code failed": ("demo: code; tool-error execution_time_exceeded", [CODE]),
    **{f"code {kind}": (f"demo: code {kind}", [CODE]) for kind in CALLS},
    **{f"show {kind}": (f"demo: show {kind}", []) for kind in SHOWS},
}


def _body(words: str, tools: list[Any], *more: Any, **others: Any) -> dict[str, Any]:
    value = body(user(words), *more, **others)
    if tools:
        value["tools"] = tools
    return value | (REMOTE if TOOLSET in tools else {})


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key != "usage"}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_streams_what_it_answers_whole_and_is_taken_back(shape: str) -> None:
    words, tools = SHAPES[shape]
    betas = {"anthropic-beta": MCP}
    value = _body(words, tools)
    whole = ask(engine(), value, **betas)
    answer = post(engine(), {**value, "stream": True}, **betas)
    assert _plain(accumulated(answer)) == _plain(whole)
    on = engine()
    reply = ask(on, value, **betas)
    again = _body(words, tools, assistant(reply["content"]), user("and now?"))
    assert ask(on, again, **betas)["stop_reason"] == "end_turn"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_what_the_sdk_says_it_is(shape: str) -> None:
    words, tools = SHAPES[shape]
    message = ask(engine(), _body(words, tools), **{"anthropic-beta": MCP})
    known = [block for block in message["content"] if block["type"] != "sketch"]
    parsed = beta.BetaMessage.model_validate_json(json.dumps({**message, "content": known}))
    odd = [extra for block in parsed.content if (extra := _extra(block))]
    assert odd in ([], [{"mood": "glad"}])


def _extra(value: Any) -> dict[str, Any]:
    """Return what the SDK's classes do not know, all the way down."""
    if isinstance(value, list):
        return {k: v for part in value for k, v in _extra(part).items()}
    if not isinstance(value, BaseModel):
        return {}
    parts = (getattr(value, name) for name in type(value).model_fields)
    inner = {k: v for part in parts for k, v in _extra(part).items()}
    return dict(value.model_extra or {}) | inner


PAIR = ["server_tool_use", "web_search_tool_result"]
NESTED = ["text", "server_tool_use", *PAIR, "code_execution_tool_result"]


def test_a_search_is_done_by_code_where_the_tool_does_not_say() -> None:
    message = ask(engine(), _body("demo: search otters", [SEARCH]))
    blocks = [block for block in message["content"] if block["type"] != "thinking"]
    assert kinds(message)[:5] == NESTED
    _, code, call, result, done = blocks[:5]
    caller = {"type": "code_execution_20260120", "tool_id": code["id"]}
    assert code["name"] == "code_execution"
    assert "web_search" in code["input"]["code"]
    assert call["caller"] == result["caller"] == caller
    assert done["content"]["type"] == "encrypted_code_execution_result"
    assert any(block.get("citations") for block in blocks)
    assert message["container"]["id"].startswith("container_")
    assert message["usage"]["server_tool_use"]["web_search_requests"] == 1


@pytest.mark.parametrize(
    ("tool", "words", "begin"),
    [
        ({"allowed_callers": ["direct"]}, "", ["text", *PAIR, "text"]),
        ({"type": "web_search_20250305"}, "", ["text", *PAIR, "text"]),
        ({"response_inclusion": "excluded"}, "",
         ["text", "server_tool_use", "code_execution_tool_result", "text"]),
        ({}, "; caller none", ["text", *PAIR, "text"]),
        ({"type": "web_search_20260209"}, "", NESTED),
    ],
)  # fmt: skip
def test_who_calls_depends_on_the_declaration(
    tool: dict[str, Any], words: str, begin: list[str]
) -> None:
    message = ask(engine(), _body(f"demo: search otters{words}", [SEARCH | tool]))
    assert kinds(message)[: len(begin)] == begin
    callers = {json.dumps(b.get("caller")) for b in message["content"] if "_tool" in b["type"]}
    if "allowed_callers" in tool:
        assert callers == {'{"type": "direct"}'}
    if "2025" in str(tool) or words:
        assert callers == {"null"}


def test_a_model_that_cannot_call_from_code_wants_direct_calls() -> None:
    value = _body("demo: search otters", [SEARCH], model=OLD)
    status, words = refusal(engine(), value)
    assert (status, "does not support programmatic tool calling" in words) == (400, True)
    for tool in ({"allowed_callers": ["direct"]}, {"type": "web_search_20250305"}):
        ask(engine(), {**value, "tools": [SEARCH | tool]})


def test_a_failed_search_is_not_billed() -> None:
    value = _body("demo: search otters; tool-error query_too_long", [SEARCH])
    assert "server_tool_use" not in ask(engine(), value)["usage"]


def test_a_page_has_to_stand_in_the_chat_and_within_the_domains() -> None:
    far = {**FETCH, "blocked_domains": ["e.com"]}
    for words, tool, error in (
        ("demo: fetch", FETCH, "url_not_in_prior_context"),
        (f"demo: fetch https://e.com/{'x' * 250}", FETCH, "url_too_long"),
        ("demo: fetch https://www.e.com/", far, "url_not_allowed"),
    ):
        message = ask(engine(), _body(words, [tool]))
        codes = [b["content"].get("error_code") for b in message["content"] if "content" in b]
        assert error in codes


def test_code_makes_files() -> None:
    message = ask(engine(), _body("demo: code file", [CODE]))
    (result,) = [b for b in message["content"] if b["type"].endswith("_tool_result")]
    (made,) = result["content"]["content"]
    assert made["type"] == "bash_code_execution_output"
    assert made["file_id"].startswith("file_")


@pytest.mark.parametrize("tools", [[SEARCH], [CODE], [FETCH]])
@pytest.mark.parametrize("pauses", [1, 2])
def test_a_paused_reply_ends_in_open_calls_and_goes_on(tools: list[Any], pauses: int) -> None:
    on, words = engine(), f"demo: stop pause_turn x{pauses}"
    messages: list[Any] = []
    for _ in range(pauses):
        reply = ask(on, _body(words, tools, *messages))
        assert (reply["stop_reason"], kinds(reply)[-1]) == ("pause_turn", "server_tool_use")
        messages.append(assistant(reply["content"]))
    done = ask(on, _body(words, tools, *messages))
    assert done["stop_reason"] == "end_turn"
    assert kinds(done)[0].endswith("_tool_result")
    assert ask(on, _body(words, tools, *messages, assistant(done["content"]), user("so?")))


def test_code_may_call_one_of_our_tools_and_waits_for_it() -> None:
    on, tools = engine(), [CODE, {**ROLL, "allowed_callers": ["code_execution_20260120"]}]
    reply = ask(on, _body("demo: code tool", tools))
    code, call = reply["content"][-2:]
    assert (reply["stop_reason"], call["caller"]["tool_id"]) == ("tool_use", code["id"])
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "six"}
    said = assistant(reply["content"])
    done = ask(on, _body("demo: code tool", tools, said, user(result)))
    assert kinds(done) == ["code_execution_tool_result", "text"]
    whole = (said, user(result), assistant(done["content"]), user("thanks"))
    assert ask(on, _body("demo: code tool", tools, *whole))
    chatty = _body("demo: code tool", tools, said, user(result, text("here")))
    assert "only `tool_result` blocks" in refusal(on, chatty)[1]


def test_the_tools_of_a_server_are_listed_once_and_only_enabled_ones_are_called() -> None:
    on, betas = engine(), {"anthropic-beta": MCP}
    first = ask(on, _body("demo: mcp hello", [TOOLSET]), **betas)
    assert kinds(first)[:3] == ["mcp_tool_listing", "mcp_tool_use", "mcp_tool_result"]
    more = (assistant(first["content"]), user("demo: mcp again"))
    value = {**_body("demo: mcp hello", [TOOLSET], *more)}
    assert "mcp_tool_listing" not in kinds(ask(on, value, **betas))
    only = {**TOOLSET, "default_config": {"enabled": False}, "configs": {"read": {"enabled": True}}}
    message = ask(on, {**_body("demo: mcp x", [TOOLSET]), "tools": [only]}, **betas)
    assert [b["name"] for b in message["content"] if b["type"] == "mcp_tool_use"] == ["read"]
    none = {**TOOLSET, "default_config": {"enabled": False}}
    assert kinds(ask(on, {**_body("demo: mcp x", []), **REMOTE, "tools": [none]}, **betas)) == [
        "text"
    ]


FALLBACK = "server-side-fallback-2026-07-01"


def test_another_model_answers_where_the_first_refuses() -> None:
    value = _body("demo: stop refusal bio", [], fallbacks=[{"model": "claude-opus-4-8"}])
    message = ask(engine(), value, **{"anthropic-beta": FALLBACK})
    block = next(b for b in message["content"] if b["type"] == "fallback")
    assert (block["from"], block["to"]) == ({"model": NEW}, {"model": "claude-opus-4-8"})
    assert block["trigger"] == {"type": "refusal", "category": "bio"}
    assert (message["model"], message["stop_reason"]) == ("claude-opus-4-8", "end_turn")
    steps = [step["type"] for step in message["usage"]["iterations"]]
    assert steps == ["message", "fallback_message"]


SUMMARY = {"anthropic-beta": "compact-2026-09-04"}
BY_ITSELF = {"anthropic-beta": "compact-2026-01-12"}


def test_a_summary_on_demand_comes_alone_and_stands_first_from_then_on() -> None:
    on = engine()
    message = ask(on, _body("hello", [], compaction={"type": "summarize"}), **SUMMARY)
    assert (message["stop_reason"], kinds(message)) == ("compaction", ["compaction"])
    assert [s["type"] for s in message["usage"]["iterations"]] == ["compaction"]
    assert message["usage"]["output_tokens"] == 0
    (block,) = message["content"]
    assert ask(on, body(assistant(block), user("and?")))["stop_reason"] == "end_turn"
    changed = {**block, "content": "Something else."}
    words = refusal(on, body(assistant(changed), user("and?")))[1]
    assert "Invalid `encrypted_content` in `compaction` block" in words
    assert "first message" in refusal(on, body(assistant(block)))[1]


def test_a_long_prompt_is_summed_up_where_that_is_asked_for() -> None:
    edit: dict[str, Any] = {
        "type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 50_000},
    }  # fmt: skip
    for pause, stop in ((False, "end_turn"), (True, "compaction")):
        edits = {"edits": [{**edit, "pause_after_compaction": pause}]}
        value = _body("long " * 40_000, [], context_management=edits)
        message = ask(engine(), value, **BY_ITSELF)
        assert (kinds(message)[0], message["stop_reason"]) == ("compaction", stop)
    short = _body("short", [], context_management={"edits": [edit]})
    assert kinds(ask(engine(), short, **BY_ITSELF)) == ["text"]
