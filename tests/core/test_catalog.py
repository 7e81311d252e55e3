from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.catalog import (
    ALL_MODELS,
    FRESH_SECONDS,
    OFFICIAL,
    Catalog,
    of_origin,
    of_server,
    origin_of,
)
from chatrepl.core.model_names import resolve
from chatrepl.core.models import TABLE
from chatrepl.demo.models import MODELS, info

NOW = 1_780_000_000.0
OTHER = "http://127.0.0.1:8080"
NEW: dict[str, Any] = {
    "id": "claude-opus-9",
    "display_name": "Claude Opus 9",
    "max_input_tokens": 3_000_000,
    "max_tokens": 200_000,
    "capabilities": {"thinking": {"types": {"adaptive": {"supported": True}}}},
}


def fetched(*infos: dict[str, Any], origin: str = OFFICIAL) -> Catalog:
    return Catalog(origin=origin).merge(infos, now=NOW)


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


def test_the_list_of_another_server_is_all_that_it_has() -> None:
    found = fetched({"id": "local/opus-mini"}, {"id": "llama"}, origin=OTHER)
    assert list(found) == ["local/opus-mini", "llama"]
    assert resolve("opus", found) == "local/opus-mini"
    assert resolve("sonnet", found, liberty="any") == "sonnet"
    assert found.describe("claude-opus-5-5") == TABLE["claude-opus-5-5"]
    assert dict(fetched(origin=OTHER)) == dict(TABLE)  # it told nothing


def test_what_was_learned_comes_before_all() -> None:
    taught = fetched(NEW).learn("claude-opus-9", {"prefill": True})
    assert taught["claude-opus-9"].prefill is True
    assert taught.learn("local", {"prefill": True})["local"].prefill is True
    assert taught["claude-haiku-4-5"].prefill is True
    assert (
        Catalog().learn("claude-haiku-4-5", {"prefill": False})["claude-haiku-4-5"].prefill is False
    )


def test_what_the_server_does_not_take_no_model_of_it_is_asked_for() -> None:
    taught = fetched(NEW).learn(ALL_MODELS, {"thinking": False, "max_output": 900})
    for id_ in ("claude-opus-9", "claude-opus-5", "never-heard-of"):
        model = taught.describe(id_)
        assert model.refused == {"thinking"}
        assert (model.thinking, model.max_output) == (frozenset(), 900)
    assert ALL_MODELS not in taught


def test_all_of_the_engine_s_models_are_understood() -> None:
    infos = [info(model) for model in MODELS]
    found = fetched(*infos)
    for row in infos:
        assert found[row["id"]].context_window == row["max_input_tokens"]
        assert found[row["id"]].lifecycle == row["lifecycle"]


def test_a_day_later_the_api_is_asked_again() -> None:
    catalog = fetched(NEW)
    assert catalog.is_fresh(NOW + FRESH_SECONDS - 1)
    assert not catalog.is_fresh(NOW + FRESH_SECONDS)
    assert not catalog.is_fresh(NOW - 10)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.anthropic.com/", OFFICIAL),
        ("HTTPS://API.Anthropic.com:443", OFFICIAL),
        ("", OFFICIAL),
        ("no address", OFFICIAL),
        ("http://host:port", OFFICIAL),
        ("http://me:secret@Host:80/a/?key=b#c", "http://host/a"),
        ("http://[::1]:8080/x/v1//", "http://[::1]:8080/x/v1"),
        ("https://host:80", "https://host:80"),
    ],
)
def test_a_server_has_one_name_and_no_secret_in_it(url: str, origin: str) -> None:
    assert origin_of(url) == origin
    assert origin_of(origin) == origin


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_NAMES = st.sampled_from(["a", "b.example", "127.0.0.1", "localhost"])
ORIGINS = st.one_of(
    st.just(OFFICIAL),
    st.builds(
        "{}://{}:{}{}".format,
        st.sampled_from(["http", "https"]),
        _NAMES,
        st.sampled_from([80, 443, 8080]),
        st.sampled_from(["", "/v1", "/x"]),
    ).map(origin_of),
)
_IDS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=200)
_FACTS = st.dictionaries(
    st.sampled_from([ALL_MODELS, "claude-opus-5", "llama"]),
    st.dictionaries(st.sampled_from(["prefill", "cache_control"]), st.just(value=False)),
    min_size=1,
)


@given(st.dictionaries(ORIGINS, st.tuples(_IDS, _FACTS), max_size=4), ORIGINS)
def test_of_any_servers_facts_one_is_told_only_its_own(
    servers: dict[str, tuple[str, dict[str, Any]]], asked: str
) -> None:
    lists: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for origin, (id_, learned) in servers.items():
        lists |= Catalog(origin=origin).merge([{"id": id_}], now=NOW).to_wire()
        facts[origin] = learned
    read = of_server(asked, lists, of_origin(asked, facts))

    mine = servers.get(asked)
    assert [info["id"] for info in read.infos] == ([] if mine is None else [mine[0]])
    assert read.learned == ({} if mine is None else mine[1])
    assert read.is_fresh(NOW) == (mine is not None)
    assert read.origin == asked


def test_a_list_of_one_server_only_belongs_to_the_one_that_it_names() -> None:
    old = {"format": 1, "origin": f"{OTHER}/", "fetched": NOW, "models": [NEW]}
    assert [dict(info) for info in of_server(OTHER, old, {}).infos] == [NEW]
    assert not of_server(OFFICIAL, old, {}).infos
    unnamed = {**old, "origin": ""}
    assert not of_server(OTHER, unnamed, {}).infos
    assert of_server(OFFICIAL, unnamed, {}).infos


def test_facts_of_one_server_only_are_the_official_one_s() -> None:
    facts = {"m": {"prefill": False}, OTHER: {"n": {"prefill": True}}}
    assert of_origin(OFFICIAL, facts) == {"m": {"prefill": False}}
    assert of_origin(OTHER, facts) == {"n": {"prefill": True}}
    assert of_origin(OFFICIAL, {**facts, OFFICIAL: {"m": {"mid_system": True}}}) == {
        "m": {"prefill": False, "mid_system": True}
    }
    assert of_origin(OFFICIAL, {"m": [1, 2], OFFICIAL: {"m": [3, 4]}}) == {"m": [3, 4]}


@given(
    st.dictionaries(st.sampled_from(["format", "models", "origin", "fetched", OTHER]), JSON),
    st.dictionaries(st.sampled_from(["m", OTHER, OFFICIAL]), JSON),
    st.sampled_from([OFFICIAL, OTHER]),
)
def test_no_file_is_an_error(lists: dict[str, Any], facts: dict[str, Any], origin: str) -> None:
    read = of_server(origin, {"format": 1, **lists}, of_origin(origin, facts))
    assert urlsplit(read.origin).hostname


@given(st.lists(st.dictionaries(st.sampled_from([*NEW, "lifecycle"]), JSON), max_size=4))
def test_no_answer_of_the_api_is_an_error(infos: list[dict[str, Any]]) -> None:
    fetched(*infos)


def test_what_was_learned_of_a_model_that_nobody_lists_is_kept() -> None:
    assert of_server(OFFICIAL, {}, {"claude-new-9": {"prefill": False}})[
        "claude-new-9"
    ].prefill is (False)
