import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.config.load import load
from chatrepl.config.show import HIDDEN, describe, toml
from chatrepl.core.settings import OPTIONS, Settings

_TEXTS = st.text(st.characters(codec="utf-8"))


@given(
    _TEXTS
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(_TEXTS).map(tuple)
    | st.dictionaries(_TEXTS, _TEXTS)
)
def test_toml_reads_back_what_was_written(value: Any) -> None:
    read = tomllib.loads(f"x = {toml(value)}")["x"]
    assert (tuple(read) if isinstance(value, tuple) else read) == value


def _values(**changes: Any) -> dict[str, str]:
    return {key: value for key, value, _ in describe(load(environ={}).now(Settings(**changes)))}


def test_every_setting_is_listed_with_its_origin() -> None:
    rows = describe(load(environ={}, sets=["cache.ttl=1h"]))
    assert [key for key, _, _ in rows] == list(OPTIONS)
    assert ("cache.ttl", '"1h"', "--set") in rows
    assert ("retries", "4", "default") in rows


def test_headers_that_look_like_keys_are_hidden() -> None:
    headers = {
        "Authorization": "Bearer x",
        "X-Api-Key": "k",
        "x-other": "sk-ant-123",
        "x-gate": "Basic abc",
        "x-long": "abcdefghijklmnopqrstuvwxyz0123",
        "x-tenant": "hunter2",
        "x-team": "blue",
    }
    shown = tomllib.loads(f"x = {_values(headers=headers)['headers']}")["x"]
    assert shown == {**dict.fromkeys(headers, HIDDEN), "x-team": "blue"}


def test_a_login_in_an_address_is_hidden_and_a_command_is_shown() -> None:
    values = _values(base_url="https://me:secret@gate/v1@2", api_key_command="pass show claude")
    assert values["base_url"] == f'"https://{HIDDEN}@gate/v1@2"'
    assert values["api_key_command"] == '"pass show claude"'


def test_a_query_in_an_address_is_hidden() -> None:
    assert _values(base_url="https://gate/v1?key=abc")["base_url"] == f'"https://gate/v1?{HIDDEN}"'


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("pass show claude/work", "pass show claude/work"),
        ("/opt/vault2/bin/get --name claude", "/opt/vault2/bin/get --name claude"),
        ("echo swordfish", "echo (hidden)"),
        (" printf %s swordfish", "printf (hidden)"),
        ("sh -c 'echo CANARY0123'", "sh -c 'echo [hidden]'"),
        ("vault --token=hunter2hunter2 get", "vault [hidden] get"),
    ],
)
def test_a_command_is_shown_without_what_may_be_a_key(command: str, shown: str) -> None:
    assert _values(api_key_command=command)["api_key_command"] == toml(shown)


def test_a_long_value_is_cut_to_one_line() -> None:
    shown = _values(system="line\n" * 1000)["system"]
    assert len(shown) == 200
    assert "\n" not in shown


def test_what_looks_like_a_key_is_hidden_at_any_depth_of_a_body() -> None:
    body = {
        "top_k": 5,
        "mcp_servers": [{"url": "https://a.example", "authorization_token": "x"}],
        "options": {"seed": None, "name": "sk-ant-1"},
    }
    shown = _values(extra_body=body)["extra_body"]
    assert shown == (
        '{ "top_k" = 5, "mcp_servers" = [{ "url" = "https://a.example", '
        '"authorization_token" = "(hidden)" }], '
        '"options" = { "seed" = null, "name" = "(hidden)" } }'
    )


def test_a_number_that_is_not_set_is_an_empty_text() -> None:
    assert _values()["temperature"] == '""'
    assert _values(temperature=0.0)["temperature"] == "0.0"
