"""JSON schemas: read, put into the part of them that the service takes, and held against a reply.

The service compiles a subset. What it leaves out goes to the model as words in a description, and
the whole schema is held against the reply here. Nothing is ever fetched for a schema.
"""

from collections.abc import Mapping
from typing import Any, Final

from chatrepl.core.errors import SAFE, UsageError
from chatrepl.core.foreign_json import decode
from chatrepl.core.json_schema import departure, pointed_at, schema_fault
from chatrepl.core.wire import Wire, encode

_FORMATS: Final = frozenset(
    "date-time time date duration email hostname uri ipv4 ipv6 uuid".split()
)
_DEFINITIONS: Final = ("$defs", "definitions")
_KEPT: Final = ("title", "description")
_SILENT: Final = frozenset({"$schema", "$id", "$comment", "default", "examples"})
_OPEN: Final = ("patternProperties", "propertyNames", "unevaluatedProperties")
_BEYOND: Final = "holds a number beyond all measure, or is nested too deeply."


class _BeyondError(Exception):
    """The schema says what the service cannot compile."""


def read_schema(text: str, where: str = "--schema") -> dict[str, Any]:
    """Read a JSON schema. Raises UsageError where it is none, or points outside of itself."""
    try:
        decoded = decode(text)
    except ValueError as error:
        raise UsageError(f"{where} is not valid JSON: {error}.", SAFE) from None
    if decoded.left_out:
        raise UsageError(f"{where} {_BEYOND}", SAFE)
    schema = decoded.value
    if not isinstance(schema, dict):
        raise UsageError(f"{where} is not a JSON schema: that is a JSON object.", SAFE)
    if why := schema_fault(schema, where):
        raise UsageError(why, SAFE)
    return schema


def sendable(schema: Wire) -> Wire | None:
    """Give the schema as the service takes it; None where it cannot say it, such as recursion."""
    try:
        sent = _sendable(schema)
        _check_finite(sent, sent, ())
    except (_BeyondError, RecursionError):
        return None
    return sent


def violation(schema: Wire, value: Any) -> str | None:
    """Say in words where `value` first departs from `schema`; None where it fits."""
    why = departure(schema, value)
    if why is None:
        return None
    if not why:
        return "The reply could not be checked against the schema."
    return f"The reply does not fit the schema: {why}"


def _sendable(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, Mapping):
        raise _BeyondError
    rest = {key: value for key, value in schema.items() if key not in _SILENT}
    made: dict[str, Any] = {}
    for key in _DEFINITIONS:
        if key in rest:
            made[key] = {name: _sendable(part) for name, part in rest.pop(key).items()}
    if "$ref" in rest:
        return {**made, "$ref": rest["$ref"]}
    made |= _shape(rest)
    for key in _KEPT:
        if key in rest:
            made[key] = rest.pop(key)
    if rest:  # the model may still follow what is only said
        words = ", ".join(f"{key}: {encode(value)}" for key, value in rest.items())
        made["description"] = "\n\n".join(filter(None, (made.get("description"), f"{{{words}}}")))
    return made


def _shape(rest: dict[str, Any]) -> dict[str, Any]:
    """Take from `rest` what decides about a value's shape."""
    for literal in ("enum", "const"):
        if literal in rest:
            values = rest[literal] if literal == "enum" else [rest[literal]]
            if not all(value is None or isinstance(value, str | int | float) for value in values):
                raise _BeyondError
            rest.pop("type", None)
            return {literal: rest.pop(literal)}
    for word, sent in (("anyOf", "anyOf"), ("oneOf", "anyOf"), ("allOf", "allOf")):
        if word in rest:
            if "properties" in rest:
                raise _BeyondError
            rest.pop("type", None)
            return {sent: [_sendable(part) for part in rest.pop(word)]}
    kind = rest.pop("type", None) or _implied(rest)
    if isinstance(kind, list):
        whole = dict(rest)
        rest.clear()
        return {"anyOf": [_sendable({**whole, "type": one}) for one in kind]}
    return {"type": kind, **_of_kind(kind, rest)}


def _implied(rest: Mapping[str, Any]) -> str:
    if "properties" in rest:
        return "object"
    if "items" in rest:
        return "array"
    raise _BeyondError


def _of_kind(kind: str, rest: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if kind == "object":
        if rest.pop("additionalProperties", False) or any(word in rest for word in _OPEN):
            raise _BeyondError  # closed, it could not hold what it is meant for
        if not rest.get("properties"):
            raise _BeyondError
        made["properties"] = {k: _sendable(part) for k, part in rest.pop("properties").items()}
        made["additionalProperties"] = False
        if "required" in rest:
            made["required"] = list(rest.pop("required"))
    elif kind == "array":
        if isinstance(rest.get("items"), Mapping):
            made["items"] = _sendable(rest.pop("items"))
        if rest.get("minItems") in {0, 1}:
            made["minItems"] = rest.pop("minItems")
    elif kind == "string" and rest.get("format") in _FORMATS:
        made["format"] = rest.pop("format")
    return made


def _check_finite(root: Wire, node: Any, seen: tuple[str, ...]) -> None:
    """Refuse references that lead back to where they stand."""
    for key, value in node.items() if isinstance(node, Mapping) else ():
        if key == "$ref":
            if value in seen:
                raise _BeyondError
            _check_finite(root, pointed_at(root, value), (*seen, value))
        elif key not in _DEFINITIONS:
            for part in value if isinstance(value, list) else (value,):
                _check_finite(root, part, seen)
