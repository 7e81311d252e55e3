import json
from typing import Any

import pytest

from tests.demo.helpers import NEW, OLD, ask, body, engine, post, refusal, user

EARLIER = {"anthropic-version": "2023-06-01"}
FOUR_SIX = "claude-opus-4-6"
SCHEMA = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
SUMMARY = {"type": "summarize"}
EDIT = {"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 49_999}}
BETAS: dict[str, tuple[str, Any]] = {
    "mcp_servers": ("mcp-client-2025-11-20", []),
    "fallbacks": ("server-side-fallback-2026-07-01", "default"),
    "compaction": ("compact-2026-09-04", {"type": "summarize", "instructions": "Briefly."}),
    "context_management": (
        "context-management-2025-06-27",
        {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    ),
}


@pytest.mark.parametrize("name", BETAS)
def test_a_beta_parameter_needs_its_header(name: str) -> None:
    beta, value = BETAS[name]
    more: dict[str, Any] = {name: value}
    request = body(user("hi"), **more)
    assert ask(engine(), request, **{"anthropic-beta": f"other-beta-2026-01-01,{beta}"})
    assert refusal(engine(), request) == (400, f"{name}: Extra inputs are not permitted")


def test_the_earlier_name_of_a_reply_s_form_needs_its_header() -> None:
    form, beta = SCHEMA["format"], {"anthropic-beta": "structured-outputs-2025-11-13"}
    form = {**form, "schema": {"type": "object", "additionalProperties": False}}
    old = body(user("hi"), output_format=form)
    assert refusal(engine(), old) == (400, "output_format: Extra inputs are not permitted")
    (block,) = (each for each in ask(engine(), old, **beta)["content"] if each["type"] == "text")
    assert json.loads(block["text"]) == {}
    assert "cannot be combined" in refusal(engine(), old | {"output_config": SCHEMA}, **beta)[1]
    assert "output_config: Input" in refusal(engine(), old | {"output_config": 1}, **beta)[1]
    bare = old | {"output_format": None}
    assert ask(engine(), bare, **beta)


@pytest.mark.parametrize("thread", [{"type": "create"}, {"type": "continue"}])
def test_a_thread_is_refused_by_the_code_that_has_clients_send_the_whole(
    thread: dict[str, str],
) -> None:
    beta = {"anthropic-beta": "message-threads-2026-08-12"}
    answer = post(engine(), body(user("hi"), thread=thread), **beta)
    assert answer.status == 400
    details = json.loads(answer.body)["error"]["details"]
    assert details["error_code"] == "thread_unsupported_request"
    assert ask(engine(), body(user("hi"), thread=None), **beta)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"compaction": {"type": "fold"}}, "compaction.type: Input should be 'summarize'"),
    ({"compaction": SUMMARY, "stop_sequences": ["x"]}, "combined with `stop_sequences`"),
    ({"compaction": SUMMARY, "output_config": SCHEMA}, "combined with `output_config.format`"),
    ({"compaction": SUMMARY, "context_management": {"edits": []}}, "with `context_management`"),
    ({"context_management": {"edits": [EDIT]}}, "greater than or equal to 50000"),
    ({"context_management": {"edits": [{"type": "x"}]}}, "does not match any of the expected tags"),
    ({"fallbacks": "some"}, "fallbacks: Input should be 'default'"),
    ({"fallbacks": [{}]}, "fallbacks.0.model: Field required"),
    ({"fallbacks": [{"model": NEW, "tools": []}]}, "fallbacks.0.tools: Extra inputs"),
    ({"fallbacks": [{"model": "claude-none"}]}, "model: claude-none"),
]  # fmt: skip
_ALL = ",".join(beta for beta, _ in BETAS.values()) + ",compact-2026-01-12"


@pytest.mark.parametrize(("more", "words"), BAD, ids=[row[1] for row in BAD])
def test_a_bad_beta_parameter_is_refused(more: dict[str, Any], words: str) -> None:
    value = body(user("hi"), **more)
    assert words in refusal(engine(), value, **{"anthropic-beta": _ALL})[1]


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_sampling_is_for_the_earlier_version_and_earlier_models(name: str) -> None:
    value = body(user("hi"), model=FOUR_SIX) | {name: 0.5}
    assert refusal(engine(), value) == (400, f"{name}: Extra inputs are not permitted")
    ask(engine(), value, **EARLIER)
    newer = {**value, "model": "claude-opus-4-8"}
    assert refusal(engine(), newer, **EARLIER)[1] == f"`{name}` is deprecated for this model."
    ask(engine(), {**newer, name: 1}, **EARLIER)


@pytest.mark.parametrize(
    ("model", "more", "words"),
    [
        (FOUR_SIX, {"temperature": "warm"}, "temperature: Input should be a valid number"),
        (FOUR_SIX, {"temperature": True}, "temperature: Input should be a valid number"),
        (FOUR_SIX, {"temperature": 1.5}, "temperature: range: 0..1"),
        (FOUR_SIX, {"top_k": -1}, "top_k: Input should be greater than or equal to 0"),
        (OLD, {"temperature": 1, "top_p": 1}, "cannot both be specified"),
        (FOUR_SIX, {"temperature": 0, "thinking": {"type": "adaptive"}}, "when thinking is"),
        (FOUR_SIX, {"thinking": [{}]}, "thinking: Input should be"),
        (FOUR_SIX, {"thinking": {"type": []}}, "thinking"),
    ],
)
def test_sampling_has_its_rules(model: str, more: dict[str, Any], words: str) -> None:
    assert words in refusal(engine(), body(user("hi"), model=model, **more), **EARLIER)[1]
