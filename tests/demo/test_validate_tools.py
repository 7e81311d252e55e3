from typing import Any

import pytest

from chatrepl.demo.models import usable
from chatrepl.demo.request import WireMessage
from chatrepl.demo.validate_tools import check_calls, check_choice, check_tools, merged
from chatrepl.demo.wire import ApiFault
from tests.demo.helpers import NEW, OLD, text

TOOL = {"name": "t", "input_schema": {"type": "object"}}


def _call(name: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": "t", "input": {}}


def _result(name: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": name, "content": "x"}


def _check(*turns: tuple[str, list[Any]], tools: Any = ()) -> None:
    messages = tuple(WireMessage(role, tuple(c), n) for n, (role, c) in enumerate(turns))
    check_calls(messages, list(tools))


def test_calls_and_results_belong_together() -> None:
    hi = ("user", [text("hi")])
    _check(hi, ("assistant", [_call("a"), _call("b")]), ("user", [_result("a"), _result("b")]))
    _check(hi, ("assistant", [_call("a")]), ("user", [_result("a")]), ("user", [text("x")]))
    bad: list[tuple[list[tuple[str, list[Any]]], str]] = [
        ([hi, ("assistant", [_call("a")]), hi], "without `tool_result`"),
        ([hi, ("assistant", [_call("a"), _call("b")]), ("user", [_result("a")])], ": b."),
        ([("user", [_result("a")])], "unexpected `tool_use_id`"),
        ([hi, ("assistant", [_call("a"), _call("a")]), hi], "must be unique"),
        ([hi, ("assistant", [_call("a")]), ("user", [_result("a")] * 2)], "single result"),
    ]
    for turns, words in bad:
        with pytest.raises(ApiFault) as caught:
            _check(*turns)
        assert words in caught.value.message


def test_server_calls_need_their_tool_and_their_result() -> None:
    use = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    done = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    hi = ("user", [text("hi")])
    _check(hi, ("assistant", [use, done]), hi, tools=[{"name": "web_search"}])
    _check(hi, ("assistant", [use]), tools=[{"name": "web_search"}])
    with pytest.raises(ApiFault, match="no `web_search` tool was provided"):
        _check(hi, ("assistant", [use, done]), hi)
    with pytest.raises(ApiFault, match="without a result block"):
        _check(hi, ("assistant", [use]), hi, tools=[{"name": "web_search"}])


def test_neighbours_of_one_role_are_one_turn() -> None:
    messages = tuple(
        WireMessage(role, (text(role),), n) for n, role in enumerate(("user", "user", "assistant"))
    )
    assert [(role, len(blocks)) for role, blocks in merged(messages)] == [
        ("user", 2),
        ("assistant", 1),
    ]


@pytest.mark.parametrize(
    "kind",
    ["web_search_20250305", "web_search_20260318", "web_fetch_20260309", "code_execution_20260521"],
)
def test_known_server_tools_pass(kind: str) -> None:
    check_tools([{"type": kind, "name": kind.rpartition("_")[0]}], usable(NEW))


def test_a_forced_choice_depends_on_model_and_thinking() -> None:
    value: dict[str, Any] = {"tools": [TOOL], "tool_choice": {"type": "any"}}
    check_choice(value, usable(OLD))
    check_choice({**value, "tool_choice": {"type": "none"}}, usable(NEW))
    with pytest.raises(ApiFault, match="not supported on this model"):
        check_choice(value, usable(NEW))
    with pytest.raises(ApiFault, match="Thinking may not be enabled"):
        check_choice({**value, "thinking": {"type": "enabled"}}, usable(OLD))
