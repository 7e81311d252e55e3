import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.catalog import FRESH_SECONDS, Catalog, load
from chatrepl.core.models import TABLE
from chatrepl.demo.models import MODELS, info

ORIGIN = "https://api.example.org"
NOW = 1_780_000_000.0
NEW: dict[str, Any] = {
    "id": "claude-opus-9",
    "display_name": "Claude Opus 9",
    "max_input_tokens": 3_000_000,
    "max_tokens": 200_000,
    "capabilities": {"thinking": {"types": {"adaptive": {"supported": True}}}},
}


def fetched(*infos: dict[str, Any]) -> Catalog:
    return Catalog().merge(infos, origin=ORIGIN, now=NOW)


def test_without_the_api_the_table_is_what_there_is() -> None:
    assert dict(Catalog()) == dict(TABLE)
    assert len(Catalog()) == len(TABLE)


def test_a_model_of_today_is_known_at_once() -> None:
    found = fetched(NEW)
    assert next(iter(found)) == "claude-opus-9"
    assert found["claude-opus-9"].context_window == 3_000_000
    assert found["claude-opus-9"].prefill is False
    assert "claude-opus-5-5" in found


def test_the_api_comes_before_the_table() -> None:
    found = fetched({"id": "claude-opus-5-5", "max_input_tokens": 5})
    assert found["claude-opus-5-5"].context_window == 5
    assert found["claude-opus-5-5"].cache_minimum == TABLE["claude-opus-5-5"].cache_minimum


def test_what_the_api_says_of_a_dated_model_holds_for_its_short_name() -> None:
    found = fetched({"id": "claude-haiku-4-5-20251001", "max_input_tokens": 7})
    assert found["claude-haiku-4-5"].context_window == 7
    assert found["claude-haiku-4-5"].id == "claude-haiku-4-5"


def test_what_was_learned_comes_before_all() -> None:
    taught = fetched(NEW).learn("claude-opus-9", {"prefill": True})
    assert taught["claude-opus-9"].prefill is True
    assert taught.learn("local", {"prefill": True})["local"].prefill is True
    assert taught["claude-haiku-4-5"].prefill is True
    assert (
        Catalog().learn("claude-haiku-4-5", {"prefill": False})["claude-haiku-4-5"].prefill is False
    )


def test_all_of_the_engine_s_models_are_understood() -> None:
    infos = [info(model) for model in MODELS]
    found = fetched(*infos)
    for row in infos:
        assert found[row["id"]].context_window == row["max_input_tokens"]
        assert found[row["id"]].lifecycle == row["lifecycle"]


def test_the_file_gives_back_what_was_written() -> None:
    catalog = fetched(NEW).learn("claude-opus-9", {"prefill": True})
    assert load(catalog.dump()) == catalog


def test_a_day_later_or_elsewhere_the_api_is_asked_again() -> None:
    catalog = load(fetched(NEW).dump())
    assert FRESH_SECONDS == 24 * 60 * 60
    assert catalog.is_fresh(NOW, ORIGIN)
    assert catalog.is_fresh(NOW + FRESH_SECONDS - 1, ORIGIN)
    assert not catalog.is_fresh(NOW + FRESH_SECONDS, ORIGIN)
    assert not catalog.is_fresh(NOW, "https://other.example.org")
    assert not catalog.is_fresh(NOW - 10, ORIGIN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"format": 2}',
        '{"format": 1, "models": [1, {"id": 3}], "learned": [], "fetched": "x"}',
        '{"format": 1, "models": {}, "learned": {"a": 1}}',
    ],
)
def test_a_damaged_file_is_as_good_as_none(text: str) -> None:
    assert dict(load(text)) == dict(TABLE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["format", "models", "learned", "fetched"]), JSON))
def test_no_file_is_an_error(data: dict[str, Any]) -> None:
    load(json.dumps({"format": 1, **data}))


@given(st.lists(st.dictionaries(st.sampled_from([*NEW, "lifecycle"]), JSON), max_size=4))
def test_no_answer_of_the_api_is_an_error(infos: list[dict[str, Any]]) -> None:
    fetched(*infos)


def test_what_was_learned_of_a_model_that_nobody_lists_is_kept() -> None:
    catalog = Catalog().learn("claude-new-9", {"prefill": False})

    again = load(catalog.dump())

    assert again["claude-new-9"].prefill is False
