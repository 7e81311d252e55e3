import json
from typing import Any

import anthropic
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.api.json_schema import read_schema, sendable, violation
from chatrepl.core.errors import UsageError
from chatrepl.demo.schema import instance
from chatrepl.demo.validate_schema import check_schema

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "mail": {"type": "string", "format": "email"},
    },
    "required": ["name", "age"],
}
TREE: dict[str, Any] = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
        }
    },
    "$ref": "#/$defs/node",
}

_leaves: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"type": "string", "maxLength": 5},
        {"type": "string", "format": "date"},
        {"type": "string", "format": "odd", "title": "Odd"},
        {"type": "number", "multipleOf": 2},
        {"type": "boolean"},
        {"enum": ["a", 1, None], "type": "string"},
        {"const": 3},
        {"$ref": "#/$defs/leaf"},
        {"type": "null", "description": "nothing"},
    ]
)


def _branches(parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    objects = st.dictionaries(st.sampled_from("abcd"), parts, min_size=1).map(
        lambda p: {"type": "object", "properties": p, "required": sorted(p)[:1]}
    )
    arrays = parts.map(lambda p: {"type": "array", "items": p, "minItems": 2, "maxItems": 9})
    either = st.lists(parts, min_size=1, max_size=3).flatmap(
        lambda p: st.sampled_from([{"anyOf": p}, {"oneOf": p}, {"allOf": p}])
    )
    return objects | arrays | either


SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.recursive(_leaves, _branches, max_leaves=12).map(
    lambda schema: schema | {"$defs": {"leaf": {"type": "integer", "minimum": 1}}}
)


@settings(max_examples=60, deadline=None)
@given(SCHEMAS)
def test_what_is_sent_is_what_the_service_takes_and_what_the_sdk_would_send(
    schema: dict[str, Any],
) -> None:
    before = json.dumps(schema)

    sent = sendable(schema)

    assert sent is not None
    check_schema("schema", sent)
    assert _bare(sent) == _bare(anthropic.transform_schema(schema))
    assert json.dumps(schema) == before


def _bare(schema: Any) -> Any:
    """Leave out descriptions: they hold the same words in other clothes."""
    if isinstance(schema, dict):
        return {k: _bare(v) for k, v in schema.items() if not (k == "description" and "{" in v)}
    return [_bare(part) for part in schema] if isinstance(schema, list) else schema


@settings(max_examples=60, deadline=None)
@given(SCHEMAS, st.recursive(st.none() | st.integers() | st.text("ab"), st.lists, max_leaves=5))
def test_a_value_fits_exactly_where_the_library_says_so(schema: dict[str, Any], value: Any) -> None:
    fits = jsonschema.Draft202012Validator(schema).is_valid(value)

    assert (violation(schema, value) is None) >= fits
    assert fits or violation(schema, value)


def test_what_the_service_cannot_check_is_said_to_the_model_and_checked_here() -> None:
    sent = sendable(PERSON)

    assert sent is not None
    assert sent["additionalProperties"] is False
    assert sent["properties"]["age"] == {
        "type": "integer",
        "description": "{minimum: 0, maximum: 150}",
    }
    assert violation(PERSON, instance(dict(sent), "who?")) is None
    assert violation(PERSON, {"name": "Al", "age": 200}) == (
        "The reply does not fit the schema: age: 200 is greater than the maximum of 150."
    )
    assert violation(PERSON, {"name": "Al", "age": 2, "mail": "nowhere"}) is not None
    assert violation(PERSON, []) == (
        "The reply does not fit the schema: [] is not of type 'object'."
    )


def test_types_may_be_implied_or_several() -> None:
    assert sendable({"properties": {"a": {"type": ["string", "null"]}}}) == {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "additionalProperties": False,
    }
    assert sendable({"items": {"type": "string"}}) == {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    "schema",
    [
        TREE,
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {"a": True}},
        {"type": "object", "properties": {"a": {"type": "null"}}, "anyOf": [{"type": "object"}]},
        {"enum": [{"a": 1}]},
        {"description": "anything"},
        {"type": "object", "properties": {"a": {"$ref": "#"}}},
    ],
    ids=lambda schema: json.dumps(schema)[:40],
)
def test_a_schema_the_service_cannot_compile_is_not_sent(schema: dict[str, Any]) -> None:
    read_schema(json.dumps(schema))

    assert sendable(schema) is None


def test_a_recursive_schema_is_still_checked() -> None:
    assert violation(TREE, {"next": {"next": None}}) is None
    assert violation(TREE, {"next": {"next": 3}}) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "true",
        '{"type": "banana"}',
        '{"$ref": "https://example.com/schema.json"}',
        '{"$ref": "#/$defs/nowhere"}',
        '{"type": "string", "pattern": "("}',
        '{"a":' * 50_000,
    ],
    ids=lambda text: text[:30],
)
def test_what_is_no_schema_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_schema(text)

    assert len(caught.value.message) < 400
    assert caught.value.hint
