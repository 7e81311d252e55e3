from typing import Any

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.models import MODELS
from chatrepl.demo.validate_changes import EFFORT, REFERENCES, TOOLS
from tests.demo.helpers import NEW, ask, assistant, body, engine, post, refusal, said, text, user

WEB: dict[str, Any] = {"type": "web_search_20260318", "name": "web_search"}
MINE: dict[str, Any] = {"name": "look", "input_schema": {"type": "object"}}
BETAS = {"anthropic-beta": f"{EFFORT},{TOOLS}"}
LIVE = [model for model in MODELS if model.lifecycle != "retired"]


def effort(level: Any = "low") -> dict[str, Any]:
    return {"role": "system", "content": [], "output_config": {"effort": level}}


def system(*blocks: Any, **more: Any) -> dict[str, Any]:
    return {"role": "system", "content": list(blocks), **more}


def adds(tool: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": tool}}


def names(name: str, kind: str = "tool_addition") -> dict[str, Any]:
    return {"type": kind, "tool": {"type": "tool_reference", "name": name}}


def removes(name: str) -> dict[str, Any]:
    return names(name, "tool_removal")


@pytest.mark.parametrize("model", LIVE, ids=lambda model: model.id)
def test_each_model_takes_the_changes_of_its_row(model: Any) -> None:
    value = body(user("hi"), effort(), model=model.id)
    assert (post(engine(), value, **BETAS).status == 200) is (
        model.system_role and model.turn_effort
    )
    if model.system_role and not model.turn_effort:
        assert "does not" in refusal(engine(), value, **BETAS)[1]
    value = body(user("hi"), system(adds(WEB), text("Be brief.")), model=model.id)
    assert (post(engine(), value, **BETAS).status == 200) is model.system_role


def test_changes_need_their_beta_headers() -> None:
    assert "Extra inputs" in refusal(engine(), body(user("hi"), effort()))[1]
    only = {"anthropic-beta": REFERENCES}
    added, named = body(user("hi"), system(adds(WEB))), body(user("hi"), system(removes("look")))
    assert "tool_addition" in refusal(engine(), added)[1]
    assert "tool_definition" in refusal(engine(), added, **only)[1]
    assert post(engine(), {**named, "tools": [MINE]}, **only).status == 200


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([{**user("hi"), "output_config": {"effort": "low"}}], "only permitted on role 'system'"),
        ([user("hi"), effort("utmost")], "Input should be 'low'"),
        ([user("hi"), effort(None)], "non-empty content"),
        ([user("hi"), system(output_config={"format": {}})], "Extra inputs"),
        ([user("hi"), system(output_config={})], "non-empty content"),
        ([user("hi"), system(names("look"))], "names no tool"),
        ([user("hi"), system(removes("web_search"))], "names no tool"),
        ([user("hi"), system({"type": "tool_addition", "tool": {"type": "odd"}})], "Input tag"),
        ([user("hi"), system(adds({"name": "x"}))], "Field required"),
        ([user("hi"), system(adds({**MINE, "name": "web_search"}), adds(WEB))], "another type"),
        ([user("hi"), system(adds({"mcp_server_name": "s", "type": "mcp_toolset"}))], "beta"),
        ([user("hi"), assistant("a"), system(adds(WEB))], "must follow a user message"),
        ([system(text("first")), user("hi")], 'first message must use the "user" role'),
        ([user("hi"), system(adds(WEB)), user("x")], "must be last"),
        ([user("hi"), effort(), system(adds(WEB)), user("x")], "must be last"),
        (
            [user("hi"), system({"type": "image", "source": {}})],
            "system messages take text blocks only",
        ),
        (
            [
                user("hi"),
                system(
                    {
                        "type": "tool_removal",
                        "tool": {"type": "mcp_toolset_reference", "server_name": "s"},
                    }
                ),
            ],
            "names no tool",
        ),
    ],
)
def test_what_is_no_change_is_refused_in_the_words_of_the_service(
    messages: list[Any], words: str
) -> None:
    status, said_ = refusal(engine(), body(*messages), **BETAS)
    assert (status, words in said_) == (400, True), said_


def test_an_effort_alone_may_stand_anywhere() -> None:
    bare = {"role": "system", "output_config": {"effort": "max"}}
    value = body(effort(), user("hi"), assistant("a"), bare, user("x"), effort("high"), effort())
    assert post(engine(), value, **BETAS).status == 200


def test_an_effort_cannot_change_where_the_thinking_forbids_it() -> None:
    between = body(
        user("hi"), effort(), model="claude-sonnet-5-5", thinking={"type": "between_tools"}
    )
    assert "between_tools" in refusal(engine(), between, **BETAS)[1]
    assert (
        post(engine(), {**between, "messages": [user("hi"), effort("high")]}, **BETAS).status == 200
    )
    off = body(user("hi"), effort("max"), model="claude-opus-5", thinking={"type": "disabled"})
    assert "requires thinking" in refusal(engine(), off, **BETAS)[1]
    off["messages"].append(effort())
    assert post(engine(), off, **BETAS).status == 200


def _answer(on: Engine, *messages: Any, **more: Any) -> str:
    blocks = ask(on, body(*messages, **more), **BETAS)["content"]
    return " ".join(block.get("name") or block["type"] for block in blocks)


def test_a_tool_is_used_from_where_it_comes_to_where_it_goes() -> None:
    question, on = user("Search the news, please."), engine()
    on.caller = "direct"
    assert "web_search" not in _answer(on, question)
    assert "web_search" in _answer(on, question, system(adds(WEB)))
    known = [
        user("hi"),
        system(adds(WEB)),
        assistant("a"),
        user("b"),
        system(removes("web_search")),
    ]
    assert "web_search" not in _answer(on, *known, assistant("c"), question)
    again = system(names("web_search"))
    assert "web_search" in _answer(on, *known, assistant("c"), question, again)
    assert "web_search" not in _answer(on, question, system(removes("web_search")), tools=[WEB])
    assert "look" in _answer(on, user("Have a look."), system(adds(MINE)))


def test_a_call_needs_a_tool_that_was_there_before_it() -> None:
    use = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    result = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    called = assistant(use, result, text("found"))
    value = body(user("hi"), system(adds(WEB)), called, user("x"), system(removes("web_search")))
    assert post(engine(), value, **BETAS).status == 200
    late = body(user("hi"), called, user("x"), system(adds(WEB)))
    assert "no `web_search` tool was provided" in refusal(engine(), late, **BETAS)[1]


def test_the_effort_in_force_shows_in_the_thinking() -> None:
    def thought(*messages: Any, **more: Any) -> str:
        value = body(*messages, thinking={"type": "adaptive", "display": "summarized"}, **more)
        blocks = ask(engine(), value, **BETAS)["content"]
        return str(blocks[0]["thinking"])

    top: dict[str, Any] = {"output_config": {"effort": "max"}}
    assert "max effort" in thought(user("hi"), **top)
    assert "xhigh effort" in thought(user("hi"), effort("xhigh"), **top)
    assert "\n" not in thought(
        user("hi"), effort("xhigh"), assistant("a"), user("b"), effort(), **top
    )


LONG = "what the cache keeps of a long chat is read again " * 60


@pytest.mark.parametrize(
    "change", [effort(), system(adds(WEB)), system(text("Be brief."), adds(MINE))]
)
def test_a_change_keeps_what_the_cache_has_before_it(change: Any) -> None:
    on = engine()
    mark: dict[str, Any] = {"cache_control": {"type": "ephemeral"}}
    first = ask(on, body(user(LONG), **mark), **BETAS)["usage"]
    written = first["cache_creation_input_tokens"]
    assert written > 512
    second = ask(on, body(user(LONG), assistant("a"), user("b"), change, **mark), **BETAS)
    assert second["usage"]["cache_read_input_tokens"] == written
    third = body(user(LONG), assistant("a"), user("b"), change, assistant("c"), user("d"), **mark)
    total = written + second["usage"]["cache_creation_input_tokens"]
    usage = ask(on, third, **BETAS)["usage"]
    assert usage["cache_read_input_tokens"] == total
    total += usage["cache_creation_input_tokens"]
    assert ask(on, third, **BETAS)["usage"]["cache_read_input_tokens"] == total
    third["messages"].pop(3)
    assert ask(on, third, **BETAS)["usage"]["cache_read_input_tokens"] < total


def test_thinking_is_bound_to_the_changes_before_it() -> None:
    on = engine()
    shown: dict[str, Any] = {"thinking": {"type": "adaptive"}}
    asked = [user("hi"), effort("high")]
    thought = ask(on, body(*asked, **shown), **BETAS)["content"]
    kept = body(*asked, assistant(*thought), user("x"), effort(), **shown)
    assert said(ask(on, kept, **BETAS))
    kept["messages"].pop(1)
    assert "bound to a different" in refusal(on, kept, **BETAS)[1]


def test_tokens_of_the_service_s_tools_are_counted_no_more_in_a_message_than_at_the_top() -> None:
    path = "/v1/messages/count_tokens"
    value = {"model": NEW, "messages": [user("hi"), system(adds(WEB))]}
    assert b"Server tools" in post(engine(), value, path, **BETAS).body
    value["messages"] = [user("hi"), system(adds(MINE))]
    assert post(engine(), value, path, **BETAS).status == 200
