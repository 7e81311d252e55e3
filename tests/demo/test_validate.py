from typing import Any

import pytest

from tests.demo.helpers import (
    HEADERS,
    NEW,
    OLD,
    assistant,
    body,
    document,
    engine,
    picture,
    png,
    post,
    refusal,
    text,
    user,
)

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
FORMAT = {"format": {"type": "json_schema", "schema": SCHEMA}}
TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {}}}
SEARCH = {"type": "web_search_20260318", "name": "web_search"}
HI = user("hi")


def _without(key: str) -> dict[str, Any]:
    value = body(HI)
    del value[key]
    return value


BAD: list[tuple[dict[str, Any], int, str]] = [
    (_without("model"), 400, "model: Field required"),
    (_without("max_tokens"), 400, "max_tokens: Field required"),
    (_without("messages"), 400, "messages: Field required"),
    (body(HI, model="claude-nope"), 404, "model: claude-nope"),
    (body(HI, model="claude-3-opus-20240229"), 404, "model: claude-3-opus-20240229"),
    (body(HI, max_tokens=-1), 400, "max_tokens: must be greater"),
    (body(HI, max_tokens=128_001), 400, "maximum allowed number of output tokens"),
    (body(HI, max_tokens=64_001, model=OLD), 400, "64001 > 64000"),
    (body(HI, max_tokens=True), 400, "max_tokens: Input should be a valid integer"),
    (body(HI, max_tokens=0, stream=True), 400, "max_tokens: 0 cannot be combined"),
    (body(HI, temperature=1.0), 400, "temperature"),
    (body(HI, top_p=0.9), 400, "top_p"),
    (body(HI, top_k=3), 400, "top_k"),
    (body(HI, colour="red"), 400, "colour: Extra inputs are not permitted"),
    (body(), 400, "at least one message"),
    (body(assistant("hi"), HI), 400, 'first message must use the "user" role'),
    (body({"role": "tool", "content": "x"}), 400, "messages.0.role"),
    (body({"role": "user"}), 400, "messages.0.content: Field required"),
    (body({**HI, "name": "x"}), 400, "messages.0.name: Extra inputs"),
    (body(user("")), 400, "all messages must have non-empty content"),
    (body(user([])), 400, "all messages must have non-empty content"),
    (body(user("  \n")), 400, "must contain non-whitespace text"),
    (body(user(text(""), text("x"))), 400, "text content blocks must be non-empty"),
    (
        body(user(text("", cache_control={"type": "ephemeral"}), text("x"))),
        400,
        "cache_control cannot be set for empty text blocks",
    ),
    (body(HI, assistant("Hello")), 400, "does not support assistant message prefill"),
    (body(HI, assistant("")), 400, "does not support assistant message prefill"),
    (body(HI, assistant("So "), model=OLD), 400, "cannot end with trailing whitespace"),
    (
        body(HI, assistant("So"), model=OLD, thinking={"type": "enabled", "budget_tokens": 1024}),
        400,
        "Expected `thinking`",
    ),
    (
        body(HI, assistant("{"), model=OLD, output_config=FORMAT),
        400,
        "Prefilling is not supported with structured outputs",
    ),
    (body(HI, system=[{"type": "text", "text": " "}]), 400, "system: text content blocks"),
    (body(HI, system=[picture(png())]), 400, "system.0"),
    (body(HI, system=7), 400, "system: Input should be a valid list"),
    (body(HI, {"role": "system", "content": "s"}, model=OLD), 400, "role 'system' is not supp"),
    (body({"role": "system", "content": "s"}, HI), 400, "first message"),
    (body(HI, {"role": "system", "content": "s"}, HI), 400, "must be last or followed"),
    (
        body(HI, assistant("a"), {"role": "system", "content": "s"}),
        400,
        "must follow a user message",
    ),
    (body(HI, thinking={"type": "enabled", "budget_tokens": 2000}), 400, "thinking.type.enabled"),
    (body(HI, thinking={"type": "disabled"}), 400, "thinking.type.disabled"),
    (body(HI, thinking={"type": "adaptive"}, model=OLD), 400, "adaptive thinking is not supp"),
    (
        body(HI, thinking={"type": "enabled", "budget_tokens": 10}, model=OLD),
        400,
        "greater than or equal to 1024",
    ),
    (
        body(HI, thinking={"type": "enabled", "budget_tokens": 4000}, model=OLD),
        400,
        "`max_tokens` must be greater",
    ),
    (body(HI, thinking={"type": "odd"}), 400, "thinking.type"),
    (body(HI, output_config={"effort": "low"}, model=OLD), 400, "effort parameter"),
    (body(HI, output_config={"effort": "huge"}), 400, "output_config.effort"),
    (
        body(
            HI,
            model="claude-opus-5",
            thinking={"type": "disabled"},
            output_config={"effort": "max"},
        ),
        400,
        "requires thinking",
    ),
    (body(HI, output_config={"format": {"type": "text"}}), 400, "output_config.format"),
    (
        body(HI, output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}}),
        400,
        "'additionalProperties' must be explicitly set to false",
    ),
    (body(HI, tool_choice={"type": "auto"}), 400, "Tools must be provided"),
    (body(HI, tools=[TOOL, TOOL]), 400, "Tool names must be unique"),
    (body(HI, tools=[TOOL], tool_choice={"type": "any"}), 400, "not supported on this model"),
    (
        body(HI, tools=[TOOL], tool_choice={"type": "tool", "name": "x"}, model=OLD),
        400,
        "Tool 'x' not found",
    ),
    (body(HI, tools=[{"name": "a b", "input_schema": {"type": "object"}}]), 400, "pattern"),
    (body(HI, tools=[{"name": "a", "input_schema": {}}]), 400, "input_schema.type"),
    (body(HI, tools=[{**SEARCH, "name": "x"}]), 400, "tools.0.name"),
    (body(HI, tools=[{**SEARCH, "type": "web_search_1"}]), 400, "not a known tool"),
    (body(HI, tools=[SEARCH], model=OLD), 400, "does not support programmatic tool calling"),
    (
        body(HI, tools=[{**SEARCH, "allowed_domains": ["a"], "blocked_domains": ["b"]}]),
        400,
        "Cannot use both",
    ),
    (body(HI, stop_sequences="x"), 400, "stop_sequences"),
    (body(HI, stop_sequences=[" "]), 400, "non-whitespace"),
    (body(HI, metadata={"name": "x"}), 400, "metadata.name"),
    (body(HI, metadata={"user_id": "x" * 257}), 400, "at most 256"),
    (body(HI, service_tier="fast"), 400, "service_tier"),
    (body(HI, speed="fast", model="claude-sonnet-5-5"), 400, "speed"),
    (body(HI, cache_control={"type": "ephemeral", "ttl": "2h"}), 400, "cache_control.ttl"),
    (body(HI, diagnostics={"previous": "x"}), 400, "diagnostics.previous"),
    (
        body(user(document(citations={"enabled": True}), document(), text("x"))),
        400,
        "citations must be enabled on all documents",
    ),
    (
        body(user(document(citations={"enabled": True}), text("x")), output_config=FORMAT),
        400,
        "Citations are not supported with structured",
    ),
    (body(user("x" * 4_000_000), max_tokens=1), 400, "prompt is too long: "),
]


@pytest.mark.parametrize(("value", "status", "words"), BAD, ids=[row[2][:40] for row in BAD])
def test_a_bad_request_gets_the_words_of_the_service(
    value: dict[str, Any], status: int, words: str
) -> None:
    found, message = refusal(engine(), value)
    assert (found, words in message) == (status, True), message


GOOD: list[dict[str, Any]] = [
    body(HI),
    body(user(text("hi"))),
    body(HI, HI),
    body(HI, assistant("a"), assistant("b"), HI),
    body(HI, assistant("a"), HI, {"role": "system", "content": "s"}),
    body(HI, {"role": "system", "content": "s"}, {"role": "system", "content": "t"}),
    body(HI, {"role": "system", "content": "s"}, assistant("a"), HI),
    body(HI, assistant("So"), model=OLD),
    body(HI, assistant(""), model=OLD),
    body(HI, assistant("So"), model="claude-sonnet-4-5"),
    body(HI, assistant("So"), model="claude-opus-4-5-20251101"),
    body(HI, max_tokens=0),
    body(HI, system=""),
    body(HI, system=[text("s", cache_control={"type": "ephemeral", "ttl": "1h"})]),
    body(HI, thinking={"type": "adaptive", "display": "summarized"}),
    body(HI, thinking={"type": "between_tools"}, model="claude-sonnet-5-5"),
    body(HI, thinking={"type": "disabled"}, model="claude-opus-5"),
    body(HI, thinking={"type": "enabled", "budget_tokens": 1024}, model=OLD),
    body(HI, thinking={"type": "enabled", "budget_tokens": 1024}, model="claude-opus-4-6"),
    body(HI, output_config={"effort": "xhigh"}),
    body(HI, output_config={"effort": "high"}, model="claude-opus-4-5"),
    body(HI, output_config=FORMAT, model=OLD),
    body(HI, tools=[TOOL, SEARCH], tool_choice={"type": "auto"}),
    body(HI, tools=[TOOL], tool_choice={"type": "any"}, model="claude-opus-5"),
    body(HI, metadata={"user_id": "me"}, service_tier="auto", inference_geo="us"),
    body(HI, speed="fast", model="claude-opus-5"),
    body(HI, diagnostics={"previous_message_id": None}),
    body(HI, stop_sequences=["###"], cache_control={"type": "ephemeral"}),
    body(user(picture(png()), document(), text("what is it"))),
    body(
        user({"type": "image", "source": {"type": "url", "url": "https://e.com/a.png"}}, text("?"))
    ),
]


@pytest.mark.parametrize("value", GOOD, ids=[str(n) for n in range(len(GOOD))])
def test_a_good_request_is_answered(value: dict[str, Any]) -> None:
    answer = post(engine(), value)
    assert answer.status == 200, answer.body
    answer = post(engine(), {**value, "stream": value["max_tokens"] > 0})
    assert answer.status == 200, answer.body


def test_a_body_that_is_no_json_object_is_refused() -> None:
    for raw in (b"{", b"", b"[]", b"\xff"):
        assert refusal(engine(), raw)[0] == 400


def test_a_body_over_32_megabytes_is_refused_as_too_large() -> None:
    answer = post(engine(), b" " * (32 * 1024 * 1024 + 1))
    assert answer.status == 413
    assert b"request_too_large" in answer.body


def test_a_malformed_beta_is_refused() -> None:
    on = engine()
    assert (
        on.handle("POST", "/v1/messages", HEADERS | {"anthropic-beta": "odd"}, b"{}").status == 400
    )
    assert refusal(on, body(HI), **{"anthropic-beta": "some thing"})[0] == 400
    answer = post(on, body(HI), **{"anthropic-beta": "context-1m-2025-08-07"})
    assert answer.status == 200


def test_counting_refuses_what_only_messages_takes() -> None:
    on = engine()
    path = "/v1/messages/count_tokens"
    value = {"model": NEW, "messages": [HI]}
    assert post(on, value, path).status == 200
    assert post(on, body(HI), path).status == 400
    assert post(on, {**value, "tools": [SEARCH]}, path).status == 400
    linked = {"type": "image", "source": {"type": "url", "url": "https://e.com/a.png"}}
    assert post(on, {**value, "messages": [user(linked, text("?"))]}, path).status == 400
