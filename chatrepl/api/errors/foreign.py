"""What a foreign server says went wrong: its own words, in whatever form they come.

Nothing here looks at a byte more than a few times, whatever the body is made of.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from chatrepl.core.foreign_json import read_json
from chatrepl.core.value import frozen

ERROR_BYTES: Final = 262_144
_DEEPEST: Final = 8
_MOST_ITEMS: Final = 5
_READ: Final = 16_384
_BINARY_SHARE: Final = 0.3
# Where words stand, the best first; `error` comes before them all.
_KEYS: Final = (
    "message", "faultstring", "detail", "error_description", "error_message", "errormessage", "msg",
    "errors", "fault", "description", "reason", "title",
)  # fmt: skip
_HEADINGS: Final = (b"title", b"h1")
_ELEMENTS: Final = (b"message", b"faultstring", b"description")
_SILENT: Final = (b"script", b"style", b"!--")


@frozen
class Said:
    """The parts of an error answer, as far as they were there."""

    words: str = ""
    form: Literal["json", "text", "page"] = "json"
    type: str = ""
    code: str = ""
    request_id: str | None = None
    is_error: bool = False  # it says itself that it is an error


def said_in(body: bytes) -> Said:
    """Read the body of an error answer."""
    data = body[:ERROR_BYTES]
    value = read_json(data)
    if value is not None or data.strip() == b"null":
        return said_by(value)
    if data.lstrip()[:1] == b"<":
        return _marked_up(data)
    if (said := _event(data)) is not None:
        return said
    return Said(_plain(data), "text")


def _event(data: bytes) -> Said | None:
    """Read an error that comes as the event of a stream."""
    text = data.lstrip()
    if not text.startswith((b"event:", b"data:")):
        return None
    lines = text.split(b"\n", _MOST_ITEMS)[:_MOST_ITEMS]
    events = (read_json(line[5:]) for line in lines if line.startswith(b"data:"))
    return next((said_by(value) for value in events if isinstance(value, dict)), None)


def said_by(value: object) -> Said:
    """Read an error object, or whatever stands in its place."""
    if isinstance(value, list) and value:
        value = value[0]
    outer: Mapping[str, Any] = value if isinstance(value, dict) else {}
    inner = outer.get("error")
    error: Mapping[str, Any] = inner if isinstance(inner, dict) else outer
    kind, details = _text(error.get("type")), error.get("details")
    named = error is not outer or kind.endswith("_error")
    return Said(
        _words(value),
        type=kind if named else "",
        code=_text(details.get("error_code")) if isinstance(details, dict) else "",
        request_id=_text(outer.get("request_id")) or None,
        is_error=bool(inner) or kind == "error" or kind.endswith("_error"),
    )


def _words(value: object, depth: int = 0) -> str:
    if depth > _DEEPEST:
        return ""
    match value:
        case str():
            return _unwrapped(value.strip(), depth)
        case list():
            each = (_words(item, depth + 1) for item in value[:_MOST_ITEMS])
            return "; ".join(filter(None, each))
        case dict():
            return _of_object({str(key).lower(): item for key, item in value.items()}, depth + 1)
        case _:
            return ""


def _unwrapped(text: str, depth: int) -> str:
    """Take a text out of the page or the JSON that it may be itself."""
    if text[:1] == "<":
        return _marked_up(text[:ERROR_BYTES].encode("utf-8", "replace")).words or text
    if text[:1] in {"{", "["} and (value := read_json(text.encode("utf-8", "replace"))):
        return _words(value, depth + 1) or text
    return text


def _of_object(value: Mapping[str, Any], depth: int) -> str:
    error = value.get("error")
    first = _words(error, depth)
    if first and not isinstance(error, str):
        return first
    more = next((text for key in _KEYS if (text := _words(value.get(key), depth))), "")
    if isinstance(place := value.get("loc"), list) and more:
        more = f"{'.'.join(map(str, place[:_DEEPEST]))}: {more}"
    if first and more:  # `Bad Request` and what was bad of it
        return max(first, more, key=len) if first in more or more in first else f"{first}: {more}"
    if first or more:
        return first or more
    told = ((key, _words(item, depth)) for key, item in list(value.items())[:_MOST_ITEMS])
    return "; ".join(f"{key}: {text}" for key, text in told if text)


def _marked_up(data: bytes) -> Said:
    """Give the title of a page, or the message of an XML document."""
    lowered = data.lower()
    for name in _HEADINGS:
        if heading := _element(data, lowered, name):
            return Said(heading, "page")
    if b"<html" not in lowered and b"<body" not in lowered:
        words = next((w for name in _ELEMENTS if (w := _element(data, lowered, name))), "")
        return Said(words or _stripped(data), "text")
    return Said(_stripped(data), "page")


def _element(data: bytes, lowered: bytes, name: bytes) -> str:
    """Give the text of the first element of that name; what follows where it does not end."""
    at, opening = -1, b"<" + name
    while (at := lowered.find(opening, at + 1)) >= 0:
        if lowered[at + len(opening) : at + len(opening) + 1] in {b">", b" ", b"\t", b"\n", b"\r"}:
            begin = lowered.find(b">", at) + 1
            return _stripped(data[begin : begin + _READ].partition(b"</")[0]) if begin else ""
    return ""


def _stripped(data: bytes) -> str:
    """Give the text between the tags."""
    parts = data[:_READ].split(b"<")
    texts = (p.partition(b">")[2] for p in parts[1:] if not p.lower().startswith(_SILENT))
    from html import unescape  # a table of two thousand names, for pages alone

    return _plain(unescape(b" ".join((parts[0], *texts)).decode("utf-8", "replace")).encode())


def _plain(data: bytes) -> str:
    """Give the beginning of a plain text; nothing where it is none."""
    text = data[:_READ].decode("utf-8", "replace")
    odd = sum(
        character == "\ufffd" or not (character.isprintable() or character.isspace())
        for character in text
    )
    if "\0" in text or odd > _BINARY_SHARE * len(text):
        return ""
    return " ".join(text.split())


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
