from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.demo.schema import instance
from chatrepl.demo.validate_schema import check_schema


def _object(parts: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": parts,
        "required": sorted(parts),
        "additionalProperties": False,
    }


leaves = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "email"},
        {"type": "integer"},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "null"},
        {"type": ["string", "null"]},
        {"enum": ["red", "green"]},
        {"enum": [1, None]},
        {"const": "x"},
        {"$ref": "#/$defs/shared"},
        {"allOf": [{"$ref": "#/$defs/shared"}]},
    ]
)
schemas = st.recursive(
    leaves,
    lambda inner: (
        st.dictionaries(st.text(max_size=5), inner, max_size=3).map(_object)
        | inner.map(lambda items: {"type": "array", "items": items, "minItems": 1})
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts})
    ),
    max_leaves=8,
)


@given(schemas, st.text(max_size=30))
def test_the_value_satisfies_any_schema_the_service_takes(
    schema: dict[str, Any], question: str
) -> None:
    whole = {**schema, "$defs": {"shared": _object({"a": {"type": "integer"}})}}
    check_schema("s", whole)
    jsonschema.validate(instance(whole, question), whole)


def test_the_question_chooses_among_the_members_of_an_enum() -> None:
    schema = {"enum": ["yes", "no", "perhaps"]}
    assert instance(schema, "Say NO to it") == "no"
    assert instance(schema, "whatever") == "yes"
    assert instance(schema, "yes or no or perhaps? yes or perhaps") == "no"
