from typing import Any

import pytest

from chatrepl.demo.request import WireMessage
from chatrepl.demo.validate_calls import check_calls
from chatrepl.demo.wire import ApiFault
from tests.demo.helpers import text

HI = ("user", [text("hi")])
WEB = {"type": "web_search_20260318", "name": "web_search"}
DIRECT = {"type": "direct"}


def _call(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": "t", "input": {}, **more}


def _result(name: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": name, "content": "x"}


def _use(name: str, tool: str = "web_search", **more: Any) -> dict[str, Any]:
    return {"type": "server_tool_use", "id": name, "name": tool, "input": {}, **more}


def _done(name: str, tool: str = "web_search", **more: Any) -> dict[str, Any]:
    return {"type": f"{tool}_tool_result", "tool_use_id": name, "content": [], **more}


def _by(code: str) -> dict[str, Any]:
    return {"caller": {"type": "code_execution_20260120", "tool_id": code}}


CODE, CODED = _use("c", "code_execution"), _done("c", "code_execution")
INNER, FOUND = _use("s", **_by("c")), _done("s", **_by("c"))
REMOTE = {"type": "mcp_tool_use", "id": "m", "name": "echo", "server_name": "notes", "input": {}}
HEARD = {"type": "mcp_tool_result", "tool_use_id": "m", "content": [], "is_error": False}


def _check(*turns: tuple[str, list[Any]], tools: Any = (WEB,), **more: Any) -> None:
    messages = tuple(WireMessage(role, tuple(c), n) for n, (role, c) in enumerate(turns))
    check_calls(messages, {"tools": list(tools), **more})


def _reply(*blocks: Any) -> tuple[str, list[Any]]:
    return "assistant", list(blocks)


GOOD: dict[str, list[tuple[str, list[Any]]]] = {
    "two calls": [HI, _reply(_call("a"), _call("b")), ("user", [_result("b"), _result("a")])],
    "words after": [HI, _reply(_call("a")), ("user", [_result("a"), text("x")]), HI],
    "a search": [HI, _reply(_use("s"), _done("s")), HI],
    "a direct search": [HI, _reply(_use("s", caller=DIRECT), _done("s", caller=DIRECT)), HI],
    "a search by code": [HI, _reply(CODE, INNER, FOUND, CODED), HI],
    "side by side": [HI, _reply(_use("s"), _use("t"), _done("t"), _done("s")), HI],
    "excluded": [HI, _reply(CODE, CODED), HI],
    "paused": [HI, _reply(text("so"), _use("s"))],
    "paused in code": [HI, _reply(CODE, INNER)],
    "paused after the search": [HI, _reply(CODE, INNER, FOUND)],
    "resumed": [HI, _reply(CODE, INNER), _reply(FOUND, CODED, text("so")), HI],
    "a word of the system": [HI, _reply(_use("s")), ("system", [text("x")]), _reply(_done("s"))],
    "our tool by code": [
        HI, _reply(CODE, _call("a", **_by("c"))), ("user", [_result("a")]), _reply(CODED), HI,
    ],
    "our tool beside a search": [
        HI, _reply(_use("s"), _call("a")), ("user", [_result("a")]), _reply(_done("s")), HI,
    ],
    "a tool nobody knows": [HI, _reply(_use("x", "novel"), _done("x", "novel")), HI],
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
def test_calls_with_their_results_pass(case: str) -> None:
    _check(*GOOD[case])


BAD: dict[str, tuple[list[tuple[str, list[Any]]], str]] = {
    "unanswered": (
        [HI, _reply(_call("a")), HI],
        ("messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: a. "
        "Each `tool_use` block must have a corresponding `tool_result` block in the next message."),
    ),
    "half answered": ([HI, _reply(_call("a"), _call("b")), ("user", [_result("a")])], ": b."),
    "words first": ([HI, _reply(_call("a")), ("user", [text("x"), _result("a")])], "without `tool"),
    "one too late": (
        [HI, _reply(_call("a")), HI, _reply(text("x")), ("user", [_result("a")])], "without `tool",
    ),
    "no call": (
        [("user", [_result("a")])],
        ("messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: a. Each "
        "`tool_result` block must have a corresponding `tool_use` block in the previous message."),
    ),
    "twice the id": ([HI, _reply(_call("a"), _call("a")), HI], "`tool_use` ids must be unique"),
    "twice the result": (
        [HI, _reply(_call("a")), ("user", [_result("a")] * 2)], "must have a single result",
    ),
    "twice the search": ([HI, _reply(_use("s"), _done("s"), _done("s")), HI], "single result"),
    "a result alone": (
        [HI, _reply(text("x"), CODED), HI],
        ("messages.1.content.1: unexpected `tool_use_id` found in `code_execution_tool_result` "
        "blocks: c. Each `code_execution_tool_result` block must have a corresponding "
        "`server_tool_use` block before it."),
    ),
    "another tool's result": ([HI, _reply(_use("s"), _done("s", "web_fetch")), HI], "unexpected"),
    "an mcp result alone": ([HI, _reply(HEARD), HI], "`mcp_tool_use` block before it"),
    "stopped in a search": (
        [HI, _reply(_use("s", caller=DIRECT)), HI],
        ("messages.1: `web_search` tool use with id `s` was found without a corresponding "
        "`web_search_tool_result` block"),
    ),
    "stopped in code": ([HI, _reply(CODE, INNER, FOUND), HI], "`code_execution` tool use with id"),
    "the code without the search": ([HI, _reply(CODE, INNER, CODED), HI], "`web_search` tool use"),
    "the code before the search": (
        [HI, _reply(CODE, INNER, CODED, FOUND), HI], "`web_search` tool use",
    ),
    "words after an open call": ([HI, _reply(_use("s"), text("x"))], "without a corresponding"),
    "the search without the code": (
        [HI, _reply(INNER, FOUND), HI],
        "messages.1.content.0: `caller.tool_id` c does not name an open `code_execution` tool use",
    ),
    "all but the code": ([HI, _reply(INNER, FOUND, CODED), HI], "in `code_execution_tool_result`"),
    "after its code": ([HI, _reply(CODE, CODED, INNER, FOUND), HI], "does not name an open"),
    "another caller": (
        [HI, _reply(_use("s", caller=DIRECT), CODE, _done("s", **_by("c")), CODED), HI],
        "`caller` does not match",
    ),
    "words to waiting code": (
        [HI, _reply(CODE, _call("a", **_by("c"))), ("user", [_result("a"), text("x")])],
        "only `tool_result` blocks",
    ),
    "code that never comes back": (
        [HI, _reply(CODE, _call("a", **_by("c"))), ("user", [_result("a")]), _reply(text("x")), HI],
        "`code_execution` tool use with id",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_belong_together_is_refused_in_the_words_of_the_service(case: str) -> None:
    turns, words = BAD[case]
    with pytest.raises(ApiFault) as caught:
        _check(*turns)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("blocks", "tools", "missing"),
    [
        ([_use("s"), _done("s")], [], "web_search"),
        ([_use("s", caller=DIRECT), _done("s", caller=DIRECT)], [], "web_search"),
        ([CODE, CODED], [], "code_execution"),
        ([CODE, CODED], [{**WEB, "allowed_callers": ["direct"]}], "code_execution"),
        ([_use("b", "bash_code_execution"), _done("b", "bash_code_execution")], [WEB], ""),
        ([CODE, INNER, FOUND, CODED], [{"type": "x", "name": "code_execution"}], "web_search"),
    ],
)
def test_a_tool_of_the_past_has_to_be_provided(
    blocks: list[Any], tools: list[Any], missing: str
) -> None:
    if not missing:
        _check(HI, _reply(*blocks), HI, tools=tools)
        return
    with pytest.raises(ApiFault, match=f"was found but no `{missing}` tool was provided"):
        _check(HI, _reply(*blocks), HI, tools=tools)


def test_a_server_of_the_past_has_to_be_provided() -> None:
    _check(HI, _reply(REMOTE, HEARD), HI, mcp_servers=[{"name": "notes"}])
    with pytest.raises(ApiFault, match="no `notes` MCP server was provided"):
        _check(HI, _reply(REMOTE, HEARD), HI)
