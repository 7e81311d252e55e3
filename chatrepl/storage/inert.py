"""JSON lines that are inert on a terminal, always encodable, and still readable and greppable."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

# JSON escapes C0 by itself. These would still act on a terminal that shows the file, or cannot be
# encoded at all: DEL and C1, invisible and bidirectional format characters, surrogate halves,
# non-characters and tags.
_UNSAFE: Final = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufeff\ufff9-\uffff\U000e0000-\U000e0fff]"
)


def dumps(value: object) -> str:
    """Write `value` as one line of inert JSON; reading it gives back the exact text.

    Raises ValueError or RecursionError for what cannot be JSON: circles, endless nesting.
    """
    return escape(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain))


def line(value: object) -> bytes:
    """Write `value` as one line of a file."""
    return dumps(value).encode() + b"\n"


def escape(text: str) -> str:
    """Escape, inside JSON, what is not inert."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNSAFE.sub(_escaped, text)


def loads(data: bytes) -> Any:
    """Read one line. Raises ValueError or RecursionError."""
    return json.loads(data.decode())


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD7C0 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)
