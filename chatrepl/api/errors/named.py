"""All that an answer says of what it refuses, in one text: for lessons, not for people."""

from collections.abc import Iterator
from typing import Any, Final

from chatrepl.core.foreign_json import read_json

_MOST_CHARS: Final = 4000
_SPEAKING: Final = frozenset(
    {"message", "msg", "detail", "details", "error", "errors", "title", "description", "reason"}
    | {"code", "error_code", "param", "parameter", "field", "path", "loc", "name", "fields"}
    | {"error_message", "errormessage", "error_description", "errmsg", "faultstring", "fault"}
    | {"issues", "violations", "fieldviolations", "invalid_params", "causes", "keys", "keyword"}
    | {"instancepath", "params", "additionalproperty", "property", "pointer", "source", "unknown"}
)


def refused_words(body: bytes) -> str:
    """Join what an answer's body says; what it repeats of the request is left out.

    A place, such as pydantic's `loc`, is written with dots between its parts.
    """
    text = body[: 16 * _MOST_CHARS].decode("utf-8", "replace")
    value = read_json(text)
    if value is None:
        return text[:_MOST_CHARS]
    return " ".join(_words(value))[:_MOST_CHARS]


def _words(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value and all(isinstance(part, str | int) for part in value):
        yield ".".join(map(str, value))
    elif isinstance(value, list):
        for item in value:
            yield from _words(item, depth + 1)
    elif isinstance(value, dict) and depth < 8:
        for key in sorted(value, key=lambda key: key not in {"loc", "param"}):
            if str(key).casefold() in _SPEAKING:
                yield from _words(value[key], depth + 1)
