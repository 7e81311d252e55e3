"""JSON as it goes over the wire: one way to write it, so that equal values give equal bytes."""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from chatrepl.core.foreign_json import tame

Wire: TypeAlias = Mapping[str, Any]
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def encode(value: object) -> str:
    """Write `value` as compact JSON; keys keep their order, text stays as it is.

    What cannot be written is left out: no single value stops a request.
    """
    # The prompt cache compares what is sent from the front (tools, system, messages), and thinking
    # is bound to it: the same value in another order of keys is another past, and is paid for anew
    # (platform.claude.com/docs/en/build-with-claude/prompt-caching).
    try:
        return _ENCODER.encode(value)
    except (ValueError, RecursionError):
        return _ENCODER.encode(tame(value, halves=True).value)


def scrub(text: str) -> str:
    """Make `text` sendable: surrogate halves are joined or replaced, NUL becomes U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", "\ufffd")


def scrubbed(value: Any) -> Any:
    """Make every text inside a JSON value sendable."""
    match value:
        case str():
            return scrub(value)
        case dict():
            return {scrub(key): scrubbed(item) for key, item in value.items()}
        case list():
            return [scrubbed(item) for item in value]
        case _:
            return value
