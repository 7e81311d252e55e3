from dataclasses import fields
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import ConfigError
from chatrepl.core.setting_values import Option, check, parse
from chatrepl.core.settings import OPTIONS, Settings, check_together, nearest, option


@pytest.mark.parametrize("opt", OPTIONS.values(), ids=OPTIONS)
def test_every_default_is_a_value_of_its_setting(opt: Option) -> None:
    assert check(opt, opt.default) == opt.default == getattr(Settings(), opt.name)
    assert opt.about.endswith(".")
    assert option(opt.key) is opt


def test_every_field_is_a_setting_with_its_own_variable() -> None:
    assert {opt.name for opt in OPTIONS.values()} == {f.name for f in fields(Settings)}
    assert len({opt.variable for opt in OPTIONS.values()}) == len(OPTIONS)
    assert option("cache.ttl").variable == "CHATREPL_CACHE_TTL"


@given(st.text(max_size=200))
def test_an_unknown_key_is_refused(key: str) -> None:
    if key in OPTIONS:
        return
    with pytest.raises(ConfigError) as caught:
        option(key)
    assert len(caught.value.message) < 100


def test_the_nearest_key_is_named() -> None:
    assert nearest("modle", OPTIONS) == "model"
    assert nearest("ttl", OPTIONS) == "cache.ttl"
    assert nearest("context.effort", OPTIONS) == "effort"
    assert nearest("tll", OPTIONS) == "cache.ttl"
    assert nearest("MAX_TOKENS", OPTIONS) == "max_tokens"
    assert nearest("qqqq", OPTIONS) is None
    with pytest.raises(ConfigError) as caught:
        option("qqqq")
    assert caught.value.hint == "config.example.toml explains each; /config lists them."


def test_few_switches_are_on_unasked() -> None:
    on = {opt.key for opt in OPTIONS.values() if opt.default is True}

    assert on == {"save", "show_thinking", "head_start", "cache.enabled", "cite"}


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("temperature", "0.5", 0.5),
        ("temperature", " ", None),
        ("top_k", "3", 3),
        ("thinking_budget", "", None),
        ("betas", "a-1, b-2 c", ("a-1", "b-2", "c")),
        ("fallback_models", "opus, house/haiku:4", ("opus", "house/haiku:4")),
        ("fallback_models", '["opus", "haiku"]', ("opus", "haiku")),
        ("fallback_models", "default", ("default",)),
        ("fallback_models", "", ()),
        (
            "web.allowed_domains",
            "example.com, docs.python.org/3",
            ("example.com", "docs.python.org/3"),
        ),
        ("web.location", "city: Ulm, country: DE", {"city": "Ulm", "country": "DE"}),
        ("extra_body", '{"a": {"b": null}}', {"a": {"b": None}}),
        ("extra_body", "", {}),
        ("web.on", "yes", True),
    ],
)
def test_what_is_typed_for_a_request_is_read(key: str, text: str, value: object) -> None:
    assert parse(option(key), text) == value


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("temperature", "warm", "temperature takes a number, not 'warm'."),
        ("top_p", "1.5", "top_p must be at most 1, not 1.5."),
        ("thinking_budget", "1023", "thinking_budget must be at least 1024, not 1023."),
        ("speed", "slow", "speed takes one of"),
        ("betas", '["a b"]', "betas takes a list of names without spaces"),
        ("fallback_models", "[3]", "fallback_models takes a list of models, or default alone"),
        ("fallback_models", '["a b"]', "fallback_models takes a list of models, or default"),
        (
            "web.allowed_domains",
            "https://example.com",
            "web.allowed_domains takes a list of domains",
        ),
        ("web.blocked_domains", "localhost", "web.blocked_domains takes a list of domains"),
        ("web.location", "town: Ulm", "web.location takes city, region, country"),
        ("web.location", "country: Germany", "web.location takes city, region, country"),
        ("web.max_uses", "0", "web.max_uses must be at least 1, not 0."),
        ("extra_body", "[1]", "extra_body takes a JSON object such as"),
        ("extra_body", '{"a": ', "extra_body takes a JSON object such as"),
        ("extra_body", '{"a": NaN}', "extra_body takes a JSON object such as"),
        ("extra_body", '{"messages": []}', "extra_body cannot hold messages"),
        ("extra_body", '{"stream": null}', "extra_body cannot hold stream"),
        ("extra_body", '{"model": null}', "extra_body needs a name as model"),
        ("extra_body", '{"model": ""}', "extra_body needs a name as model"),
        ("extra_body", '{"model": [1]}', "extra_body needs a name as model"),
        ("max_tokens", "-1", "max_tokens must be at least 0, not -1."),
    ],
)
def test_what_cannot_be_sent_is_refused_in_one_line(key: str, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(option(key), text)
    assert caught.value.message.startswith(words)
    assert "\n" not in caught.value.message


def test_one_model_to_fall_back_on_needs_no_list_in_the_file() -> None:
    for value in ("default", ["default"]):
        assert check(option("fallback_models"), value) == ("default",)


def test_a_date_is_nothing_for_a_body() -> None:
    with pytest.raises(ConfigError, match="JSON object"):
        check(option("extra_body"), {"day": date(2026, 1, 1)})


@pytest.mark.parametrize("key", ["save.on", "web.max_uses.on", ".on"])
def test_only_a_switch_with_a_section_is_on_in_it(key: str) -> None:
    with pytest.raises(ConfigError, match="no setting"):
        option(key)


def test_domains_are_allowed_or_blocked_but_not_both() -> None:
    check_together(Settings(web_allowed_domains=("a.b",)))
    check_together(Settings(web_blocked_domains=("a.b",)))
    with pytest.raises(ConfigError, match="exclude each other"):
        check_together(Settings(web_allowed_domains=("a.b",), web_blocked_domains=("c.d",)))
