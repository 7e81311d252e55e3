"""JSON schemas: whether something is one, and where a value departs from it.

Nothing is ever fetched for a schema. The library is loaded when it is first needed.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chatrepl.core.wire import Wire


def schema_fault(schema: Wire, where: str) -> str:
    """Say why what stands at `where` is no schema, or points outside of itself; empty if fine."""
    import jsonschema

    try:
        if fault := _fault_of_words(schema):  # first: a pattern may be too large to be checked
            return fault
        _kind(schema).check_schema(schema)
    except jsonschema.SchemaError as error:
        return f"{where} is not a JSON schema: {_sentence(error)}"
    except RecursionError:
        return f"{where} is nested too deeply."
    return ""


def departure(schema: Wire, value: Any) -> str | None:
    """Say in words where `value` first departs from `schema`; None where it fits.

    It is an empty text where that cannot be told.
    """
    from jsonschema.exceptions import best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    registry: Registry[Any] = Registry()
    kind = _kind(schema)
    checker = kind(schema, registry=registry, format_checker=kind.FORMAT_CHECKER)
    try:
        error = best_match(checker.iter_errors(value))
    except (Unresolvable, RecursionError):
        return ""
    return None if error is None else _sentence(error)


def pointed_at(root: Wire, pointer: str) -> Mapping[str, Any] | None:
    """Give the part of a schema that a `$ref` leads to; None where it leads nowhere in it."""
    if pointer == "#":
        return root
    here: Any = root
    if not pointer.startswith("#/"):
        return None
    for step in pointer[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        here = here.get(name) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else None


def _kind(schema: Wire) -> Any:
    import jsonschema

    return jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)


def _sentence(error: Any) -> str:
    path = re.sub(r"^\$\.?", "", str(error.json_path))
    words = " ".join(str(error.message).split())
    words = words if len(words) <= 200 else f"{words[:199]}…"
    return f"{path}: {words}." if path else f"{words}."


def _parts(node: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every JSON object in a schema."""
    if isinstance(node, Mapping):
        yield node
        for part in node.values():
            yield from _parts(part)
    elif isinstance(node, list):
        for part in node:
            yield from _parts(part)


def _fault_of_words(schema: Wire) -> str:
    for part in _parts(schema):
        target, pattern = part.get("$ref"), part.get("pattern")
        if isinstance(target, str) and pointed_at(schema, target) is None:
            return f"The schema points to {target[:80]}, which is not in it."
        if isinstance(pattern, str):
            try:
                re.compile(pattern)
            except (re.error, OverflowError) as error:
                return f"The schema's pattern {pattern[:80]}: {error}."
    return ""
