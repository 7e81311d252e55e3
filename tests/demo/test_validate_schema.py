from typing import Any

import pytest

from chatrepl.demo.validate_schema import check_schema, resolve
from chatrepl.demo.wire import ApiFault


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


BAD: list[tuple[dict[str, Any], str]] = [
    ({"type": "object"}, "additionalProperties"),
    (_object(a={"type": "object"}), "properties.a: For 'object'"),
    (_object(a={"type": "array", "items": {"type": "object"}}), "items"),
    ({"type": "integer", "minimum": 3}, "minimum are not supported"),
    ({"type": "string", "maxLength": 3}, "maxLength"),
    ({"type": "array", "minItems": 2}, "minItems"),
    ({"type": "set"}, "Schema type 'set'"),
    ({"oneOf": []}, "oneOf"),
    ({"anyOf": [{"type": "object"}]}, "anyOf.0"),
    ({"$ref": "https://example.com/s"}, "External $ref"),
    ({"$ref": "#/$defs/none"}, "does not exist"),
    ({"$defs": {"a": _object(b={"$ref": "#/$defs/a"})}, "$ref": "#/$defs/a"}, "Recursive"),
]


@pytest.mark.parametrize(("schema", "words"), BAD)
def test_what_the_service_does_not_take_is_refused(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(ApiFault) as caught:
        check_schema("s", schema)
    assert words in caught.value.message


def test_a_plain_schema_passes() -> None:
    shared = {"$defs": {"a": {"type": ["string", "null"]}}}
    check_schema("s", {**_object(x={"$ref": "#/$defs/a"}, y={"$ref": "#/$defs/a"}), **shared})
    check_schema("s", {"enum": ["a", "b"]})
    check_schema("s", {"type": "array", "minItems": 1, "items": {"type": "number"}})
    assert resolve("s", "#/$defs/a", shared) == {"type": ["string", "null"]}
