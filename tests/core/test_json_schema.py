"""What is a schema, and where a value departs from it; the rest stands in tests/api."""

from typing import Any

import pytest

from chatrepl.core.json_schema import departure, schema_fault

_DEEP: dict[str, Any] = {"type": "object"}
for _ in range(600):
    _DEEP = {"properties": {"a": _DEEP}}


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "object"}, ""),
        ({"$ref": "#"}, ""),
        ({"$defs": {"a/b~": {}}, "$ref": "#/$defs/a~1b~0"}, ""),
        ({"type": "objekt"}, "x is not a JSON schema: type: 'objekt' is not valid"),
        ({"required": "a"}, "x is not a JSON schema: required: 'a' is not of type 'array'."),
        ({"$ref": "#/$defs/a"}, "The schema points to #/$defs/a, which is not in it."),
        ({"items": [{"$ref": "b.json"}], "$schema": "http://json-schema.org/draft-07/schema#"},
         "The schema points to b.json, which is not in it."),
        ({"pattern": "("}, "The schema's pattern (: missing ), unterminated subpattern"),
        ({"pattern": "a{99999999999999999999}"}, "The schema's pattern a{99999999999999999999}: "),
        (_DEEP, "x is nested too deeply."),
    ],
)  # fmt: skip
def test_what_is_no_schema_is_told_in_words(schema: dict[str, Any], why: str) -> None:
    fault = schema_fault(schema, "x")
    assert fault.startswith(why)
    assert bool(fault) == bool(why)


def test_the_first_departure_of_a_value_is_told_with_its_place() -> None:
    schema = {"properties": {"a": {"type": "string"}}, "required": ["a"]}
    assert departure(schema, {"a": "b"}) is None
    assert departure(schema, {"a": 1}) == "a: 1 is not of type 'string'."
    assert departure(schema, {}) == "'a' is a required property."
    assert len(departure(schema, {"a": list(range(1000))}) or "") < 250
    assert departure({"$ref": "#/a"}, 1) == ""
