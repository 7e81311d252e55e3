"""The rules for a schema that a reply has to satisfy: the part of JSON Schema the service takes."""

from typing import Any

from chatrepl.demo.fields import record
from chatrepl.demo.wire import JSON, invalid

_TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
_REFUSED: dict[str, tuple[str, ...]] = {
    "integer": ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"),
    "number": ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"),
    "string": ("minLength", "maxLength"),
    "array": ("maxItems", "uniqueItems"),
    "object": ("minProperties", "maxProperties", "patternProperties"),
}
_DEPTH = 64


def check_schema(
    path: str, schema: Any, root: JSON | None = None, seen: tuple[str, ...] = ()
) -> None:
    """Check a schema; raises the service's 400."""
    record(path, schema)
    root = schema if root is None else root
    if len(seen) > _DEPTH:
        raise invalid(f"{path}: Schema is too deep")
    if "$ref" in schema:
        name = schema["$ref"]
        if name in seen:
            raise invalid(f"{path}: Recursive schemas are not supported")
        check_schema(path, resolve(path, name, root), root, (*seen, name))
        return
    for word in ("anyOf", "allOf"):
        for place, part in enumerate(schema.get(word, [])):
            check_schema(f"{path}.{word}.{place}", part, root, seen)
    if "oneOf" in schema:
        raise invalid(f"{path}: Schema type 'oneOf' is not supported")
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        _check_kind(path, kind, schema)
    for name, part in (schema.get("properties") or {}).items():
        check_schema(f"{path}.properties.{name}", part, root, seen)
    if isinstance(schema.get("items"), dict):
        check_schema(f"{path}.items", schema["items"], root, seen)


def _check_kind(path: str, kind: Any, schema: JSON) -> None:
    if kind not in _TYPES:
        raise invalid(f"{path}: Schema type '{kind}' is not supported")
    if kind == "object" and schema.get("additionalProperties", True) is not False:
        raise invalid(
            f"{path}: For 'object' type, 'additionalProperties' must be explicitly set to false"
        )
    refused = [word for word in _REFUSED.get(kind, ()) if word in schema]
    if refused:
        raise invalid(
            f"{path}: For '{kind}' type, properties {', '.join(refused)} are not supported"
        )
    if kind == "array" and schema.get("minItems", 0) not in {0, 1}:
        raise invalid(
            f"{path}: For 'array' type, 'minItems' values other than 0 or 1 are not supported"
        )


def resolve(path: str, name: Any, root: JSON) -> JSON:
    """Return the definition a `$ref` names."""
    if not isinstance(name, str) or not name.startswith("#/"):
        raise invalid(f"{path}: External $ref is not supported")
    here: Any = root
    for part in name[2:].split("/"):
        here = here.get(part) if isinstance(here, dict) else None
    if not isinstance(here, dict):
        raise invalid(f"{path}: $ref '{name}' does not exist")
    return here
