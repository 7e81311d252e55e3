from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import ConfigError
from chatrepl.core.settings import OPTIONS, Option, Settings, check, nearest, option


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
    assert caught.value.hint == "/config lists them, and config.example.toml explains them."


def test_few_switches_are_on_unasked() -> None:
    on = {opt.key for opt in OPTIONS.values() if opt.default is True}

    assert on == {"save", "show_thinking", "head_start", "cache.enabled", "cite"}
