"""Make a JSON value that satisfies a schema, and looks like an answer to the question."""

from typing import Any

from chatrepl.demo.validate_schema import resolve
from chatrepl.demo.wire import JSON

_FORMATS = {
    "date": "2026-11-25",
    "time": "12:00:00Z",
    "date-time": "2026-11-25T12:00:00Z",
    "duration": "PT1H",
    "email": "demo@example.com",
    "hostname": "example.com",
    "uri": "https://example.com/demo",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def instance(schema: JSON, question: str, root: JSON | None = None, name: str = "answer") -> Any:
    """Return a value for `schema`; words of `question` choose among an enum's members."""
    root = schema if root is None else root
    if "$ref" in schema:
        return instance(resolve(name, schema["$ref"], root), question, root, name)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return _choice(schema["enum"], question)
    if "allOf" in schema:
        joined: JSON = {k: v for k, v in schema.items() if k != "allOf"}
        for part in schema["allOf"]:
            joined |= resolve(name, part["$ref"], root) if "$ref" in part else part
        return instance(joined, question, root, name)
    if schema.get("anyOf"):
        return instance(schema["anyOf"][0], question, root, name)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return _of_kind(kind[0] if isinstance(kind, list) else kind, (schema, root), question, name)


def _of_kind(kind: str, schemas: tuple[JSON, JSON], question: str, name: str) -> Any:
    schema, root = schemas
    if kind == "object":
        parts = schema.get("properties") or {}
        return {key: instance(part, question, root, key) for key, part in parts.items()}
    if kind == "array":
        items = schema.get("items")
        return [instance(items, question, root, name)] if isinstance(items, dict) else []
    simple: dict[str, Any] = {"integer": 3, "number": 3.5, "boolean": True, "null": None}
    if kind in simple:
        return simple[kind]
    return _FORMATS.get(schema.get("format", ""), f"demo {name.replace('_', ' ')}")


def _choice(members: list[Any], question: str) -> Any:
    low = question.lower()
    found = [m for m in members if isinstance(m, str) and m and m.lower() in low]
    mentioned = [m for m in found if not low.count(m.lower()) > 1]
    return (mentioned or found or members)[0]
