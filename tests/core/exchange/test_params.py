from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.exchange.params import (
    betas_of,
    fetch_tool,
    limited,
    merged,
    takes_sampling,
    thinking_param,
    unsent,
    web_tool,
)
from chatrepl.core.exchange.request import Ask, build_request, declared
from chatrepl.core.models import TABLE, Model, find
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, State
from chatrepl.core.talk.message import Message
from tests.core.making import JSON


def _params(model: str, *, official: bool = False, **settings: Any) -> dict[str, Any]:
    asked = Settings(model=model, **settings)
    ask = Ask(official=official)
    request = build_request(Conversation(), asked, find(model), Message.user("q"), ask)
    return dict(request.params)


@pytest.mark.parametrize(
    ("model", "settings", "limit"),
    [
        ("claude-opus-5-5", {}, 32_000),
        ("claude-opus-5-5", {"thinking": "off"}, 32_000),  # it thinks all the same
        ("claude-sonnet-5-5", {"thinking": "off"}, 8_192),
        ("claude-opus-5", {"show_thinking": False}, 32_000),
        ("claude-opus-5", {"thinking": "off"}, 8_192),
        ("claude-opus-4-8", {}, 8_192),
        ("claude-opus-4-8", {"thinking": "on"}, 32_000),
        ("claude-opus-4-8", {"effort": "xhigh"}, 64_000),
        ("claude-opus-4-6", {"effort": "xhigh"}, 8_192),  # it has none such
        ("claude-fable-5-2", {"effort": "max"}, 64_000),
        ("claude-haiku-4-5", {}, 8_192),
        ("claude-haiku-4-5", {"thinking": "on"}, 32_000),
        ("claude-next-9", {"effort": "max"}, 8_192),
        ("llama-4", {}, 8_192),
        ("claude-opus-5-5", {"max_tokens": 77}, 77),
        ("claude-opus-5-5", {"max_tokens": 500_000}, 128_000),
    ],
)
def test_a_reply_is_as_long_as_suits_the_model(
    model: str, settings: dict[str, Any], limit: int
) -> None:
    assert _params(model, **settings)["max_tokens"] == limit


def test_a_reply_never_has_more_than_the_model_writes_or_its_window_leaves() -> None:
    thinks = frozenset({"adaptive"})
    small = Model("x", max_output=512, thinking=thinks, thinks_by_default=True)
    assert limited(Settings(), small, None) == (512, None)
    narrow = Model("x", context_window=8_192)
    assert limited(Settings(), narrow, None)[0] == 8_192 - narrow.budget_tokens
    assert limited(Settings(), narrow, None, more=9)[0] == 8_192 - narrow.budget_tokens + 9


@pytest.mark.parametrize(
    ("model", "settings", "param"),
    [
        ("claude-haiku-4-5", {"thinking_budget": 9_000}, ("enabled", 9_000)),
        ("claude-haiku-4-5", {"thinking_budget": 9_000, "thinking": "off"}, None),
        ("claude-haiku-4-5", {"thinking_budget": 70_000}, ("enabled", 32_000)),
        ("claude-opus-4-6", {"thinking_budget": 2_000}, ("enabled", 2_000)),
        ("claude-opus-4-6", {"thinking": "on"}, ("adaptive", None)),
        ("claude-opus-5-5", {"thinking_budget": 2_000}, ("adaptive", None)),
        ("claude-opus-4-8", {"thinking_budget": 2_000}, None),
        ("claude-next-9", {"thinking": "on"}, ("adaptive", None)),
        ("claude-next-9", {"thinking": "off"}, ("disabled", None)),
        ("claude-next-9", {"thinking_budget": 5_000}, ("enabled", 5_000)),
    ],
)
def test_thinking_and_its_budget_are_asked_for_as_the_model_takes_them(
    model: str, settings: dict[str, Any], param: tuple[str, int | None] | None
) -> None:
    params = _params(model, **settings)
    thinking = params.get("thinking")
    assert (thinking and (thinking["type"], thinking.get("budget_tokens"))) == param
    assert thinking is None or thinking.get("budget_tokens", 0) < params["max_tokens"]


def test_a_native_prefill_keeps_a_new_model_as_it_is() -> None:
    assert thinking_param(Settings(), find("claude-next-9"), prefilled=True) is None


def test_what_needs_no_leave_goes_out_as_it_is_set() -> None:
    params = _params(
        "claude-opus-5-5",
        speed="fast",
        service_tier="auto",
        inference_geo="us",
        user_id="u-1",
        temperature=0.0,
        top_k=3,
    )
    assert list(params.items())[-6:] == [
        ("speed", "fast"),
        ("service_tier", "auto"),
        ("inference_geo", "us"),
        ("metadata", {"user_id": "u-1"}),
        ("temperature", 0.0),
        ("top_k", 3),
    ]


@pytest.mark.parametrize(
    ("model", "version", "official", "taken"),
    [
        ("claude-opus-5-5", "", True, False),
        ("claude-opus-5-5", "", False, True),
        ("claude-opus-5-5", "2023-06-01", True, False),
        ("claude-opus-4-6", "2023-06-01", True, True),
        ("claude-opus-4-6", "2026-10-21", True, False),
        ("llama-4", "", False, True),
    ],
)
def test_sampling_goes_where_it_is_taken(
    model: str, version: str, *, official: bool, taken: bool
) -> None:
    headers = {"Anthropic-Version": version} if version else {}
    settings = Settings(headers=headers, top_p=0.5)
    assert takes_sampling(settings, find(model), official=official) is taken
    sent = _params(model, official=official, headers=headers, top_p=0.5)
    assert ("top_p" in sent) is taken
    lines = unsent(settings, find(model), official=official)
    assert lines == (() if taken else ("Not sent, since api.anthropic.com refuses it: top_p.",))


@pytest.mark.parametrize(
    ("model", "settings", "line"),
    [
        (
            "claude-haiku-4-5",
            {"effort": "high"},
            "effort high is not sent: claude-haiku-4-5 has no effort levels.",
        ),
        (
            "claude-sonnet-4-6",
            {"effort": "xhigh"},
            "effort xhigh is not sent: claude-sonnet-4-6 has low, medium, high, max.",
        ),
        ("llama-4", {"thinking": "on"}, "thinking is not asked for: llama-4 cannot think first."),
        (
            "claude-fable-5",
            {"thinking": "off"},
            "thinking off is not sent: claude-fable-5 always thinks first.",
        ),
        (
            "claude-opus-5-5",
            {"thinking_budget": 2_000},
            "thinking_budget is not sent: claude-opus-5-5 takes none.",
        ),
        (
            "claude-haiku-4-5",
            {"thinking_budget": 99_000},
            "thinking_budget is lowered to 32,000: a reply has at most 64,000 tokens.",
        ),
        ("llama-4", {"web": True}, "web is not sent: llama-4 has no web search."),
        ("llama-4", {"code": True}, "code is not sent: llama-4 runs no code."),
        (
            "claude-haiku-4-5",
            {"max_tokens": 64_001},
            "max_tokens is lowered to 64,000: claude-haiku-4-5 writes no more.",
        ),
    ],
)
def test_what_is_asked_for_and_not_sent_is_said(
    model: str, settings: dict[str, Any], line: str
) -> None:
    assert unsent(Settings(**settings), find(model), official=True) == (line,)


@pytest.mark.parametrize("model", [*TABLE, "claude-next-9", "llama-4"])
def test_nothing_is_said_of_what_nobody_asked_for(model: str) -> None:
    assert unsent(Settings(), find(model), official=True) == ()


def test_a_new_model_is_asked_for_everything() -> None:
    settings = Settings(effort="max", thinking="on", web=True, thinking_budget=2_000)
    assert unsent(settings, find("claude-next-9"), official=True) == ()


def test_the_search_is_declared_as_it_is_set() -> None:
    place = {"city": "Ulm", "country": "DE"}
    settings = Settings(web_max_uses=2, web_allowed_domains=("a.de", "b.org"), web_location=place)
    assert web_tool(settings, find("claude-haiku-4-5")) == {
        "type": "web_search_20250305",
        "name": "web_search",
        "max_uses": 2,
        "allowed_domains": ["a.de", "b.org"],
        "user_location": {"type": "approximate", "city": "Ulm", "country": "DE"},
    }
    blocked = web_tool(Settings(web_blocked_domains=("c.net",)), find("claude-opus-5-5"))
    assert blocked["blocked_domains"] == ["c.net"]


@pytest.mark.parametrize(
    ("extra", "changes"),
    [
        ({"top_k": 5}, {"top_k": 5}),
        ({"cache_control": None}, {"cache_control": None}),
        ({"cache_control": {"ttl": None}}, {"cache_control": {"type": "ephemeral"}}),
        ({"a": {"b": {"c": None, "d": [1]}}}, {"a": {"b": {"d": [1]}}}),
        ({"stop_sequences": []}, {"stop_sequences": []}),
        ({"max_tokens": 5, "model": "other"}, {"max_tokens": 5, "model": "other"}),
    ],
)
def test_further_parts_of_a_body_come_last_and_win(
    extra: dict[str, Any], changes: dict[str, Any]
) -> None:
    usual = _params("claude-opus-4-8", stop_sequences=("a", "b"))
    wanted = {key: value for key, value in (usual | changes).items() if value is not None}
    sent = _params("claude-opus-4-8", stop_sequences=("a", "b"), extra_body=extra)
    assert list(sent.items()) == list(wanted.items())


def test_no_mark_stays_where_the_cache_is_taken_away() -> None:
    settings = Settings(extra_body={"cache_control": None})
    talk = Conversation(state=State(system="word " * 9_000))
    request = build_request(talk, settings, TABLE["claude-opus-4-8"], Message.user("q"), Ask("So"))
    assert b"cache_control" not in request.encode()


def test_thinking_is_bound_to_tools_and_system_that_come_by_the_body() -> None:
    def bound(extra: dict[str, Any]) -> str:
        settings, model = Settings(extra_body=extra), TABLE["claude-opus-5-5"]
        return build_request(Conversation(), settings, model, Message.user("q"), Ask()).bound

    assert len({bound(e) for e in ({}, {"tools": [{"name": "a"}]}, {"system": "s"})}) == 3
    assert bound({"top_k": 1}) == bound({})


@given(st.dictionaries(st.text(max_size=3), JSON), st.dictionaries(st.text(max_size=3), JSON))
def test_a_merge_twice_is_a_merge_once(params: dict[str, Any], extra: dict[str, Any]) -> None:
    once = merged(params, extra)
    assert merged(once, extra) == once
    assert merged(params, {}) == params


def test_beta_features_are_those_that_are_set_and_needed_once_each() -> None:
    assert betas_of(Settings(betas=("a", "b", "a")), {}) == ("a", "b")
    assert betas_of(Settings(betas=("a",)), {"speed": "fast"}) == ("a", "fast-mode-2026-02-01")


def test_a_new_model_is_not_asked_to_think_in_a_way_that_was_refused() -> None:
    new = find("claude-next-9")
    asked = Settings(thinking="on")

    assert thinking_param(asked, new) == {"type": "adaptive", "display": "summarized"}
    without_adaptive = thinking_param(asked, new.without(frozenset({"thinking.type.adaptive"})))
    assert without_adaptive is not None
    assert without_adaptive["type"] == "enabled"
    assert thinking_param(asked, new.without(frozenset({"thinking"}))) is None
    shown = thinking_param(asked, new.without(frozenset({"thinking.display"})))
    assert shown == {"type": "adaptive"}


@pytest.mark.parametrize(
    ("models", "sent"),
    [
        (("default",), "default"),
        (("claude-opus-5", "claude-haiku-4-5"),
         [{"model": "claude-opus-5"}, {"model": "claude-haiku-4-5"}]),
    ],
)  # fmt: skip
def test_models_to_fall_back_on_go_out_with_their_beta(models: Any, sent: Any) -> None:
    params = _params("claude-opus-5-5", fallback_models=models)
    assert params["fallbacks"] == sent
    assert betas_of(Settings(), params) == ("server-side-fallback-2026-07-01",)
    assert "fallbacks" not in _params("claude-opus-5-5")


@pytest.mark.parametrize(
    ("model", "sent"), [("claude-opus-5-5", True), ("claude-haiku-4-5", False), ("llama-4", True)]
)
def test_speed_is_asked_of_what_may_have_it_and_said_where_not(model: str, *, sent: bool) -> None:
    assert ("speed" in _params(model, speed="fast")) is sent
    words = unsent(Settings(speed="fast"), find(model), official=True)
    assert any("no fast mode" in line for line in words) is not sent


def test_who_calls_the_web_tools_and_what_comes_back_is_set_where_code_may_call_them() -> None:
    settings = Settings(web_direct=True, web_inclusion="excluded", web_blocked_domains=("c.net",))
    options = {"allowed_callers": ["direct"], "response_inclusion": "excluded"}
    for tool in (web_tool, fetch_tool):
        assert options.items() <= tool(settings, find("claude-opus-5-5")).items()
        old = tool(settings, find("claude-haiku-4-5"))
        assert not old.keys() & options.keys()
        assert old["blocked_domains"] == ["c.net"]
    near = Settings(web_location={"city": "Ulm"})
    assert "user_location" not in fetch_tool(near, find("claude-opus-5-5"))


def test_tools_that_are_declared_are_the_user_s_or_ours() -> None:
    model = find("claude-opus-5-5")
    assert declared(Conversation(), Settings(), model, Ask()) == ""
    assert "web_search" in declared(Conversation(), Settings(web=True), model, Ask())
    settings = Settings(web=True, extra_body={"tools": [{"name": "look"}]})
    assert declared(Conversation(), settings, model, Ask()) == '[{"name":"look"}]'
