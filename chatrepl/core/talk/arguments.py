"""What a tool is called with, in a line that nothing in it can make look like ours.

Short words stand as they are; all else is quoted as JSON does, and of other scripts only letters
and digits stay: no blank, bracket or mark of another kind that could end the quotes by its looks.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from chatrepl.core.wire import encode

LONGEST: Final = 60  # characters of one value
_LONGEST_LINE: Final = 160
_MOST: Final = 12
_BARE: Final = re.compile(r"[\w./:@%+,~-]+")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LONGEST_NAME: Final = 20
_LETTER: Final = re.compile(
    r"\[(?=\s{0,2}[^\W\d_]\s{0,2}\])"
)  # as answers to a question are written


def tool_name(name: str) -> str:
    """Write the name of a tool; one that no tool can have is quoted, and cut."""
    return name if _NAME.fullmatch(name) else safe(encode(name[:_LONGEST_NAME]))


def arguments(given: object) -> str:
    """Write the arguments of a call shortly: `path=notes.txt lines=3`."""
    if not isinstance(given, Mapping):
        return _shortened(given)
    parts = [f"{_shortened(str(key))}={_shortened(value)}" for key, value in _first(given)]
    line = " ".join(parts)
    cut = len(given) > _MOST or len(line) > _LONGEST_LINE
    return f"{line[:_LONGEST_LINE]} …" if cut else line


def _first(given: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [pair for pair, _ in zip(given.items(), range(_MOST), strict=False)]


def _shortened(value: Any) -> str:
    """Write a value; what is long is cut."""
    if isinstance(value, str):
        text = value[:LONGEST] + ("…" if len(value) > LONGEST else "")
        return text if _BARE.fullmatch(text) and text.isprintable() else safe(encode(text))
    written = encode(_cut(value))
    return safe(written if len(written) <= LONGEST else f"{written[:LONGEST]}…")


def _cut(value: Any) -> Any:
    """Take of a large value no more than is written."""
    match value:
        case str():
            return value[: LONGEST + 1]
        case Mapping():
            return {str(key)[:LONGEST]: _cut(item) for key, item in _first(value)}
        case list() | tuple():
            return [_cut(item) for item in value[:LONGEST]]
        case _:
            return value


def safe(quoted: str) -> str:
    """Spell out, in JSON, what could be taken for something else."""
    plain = "".join(char if _is_plain(char) else f"\\u{ord(char):04x}" for char in quoted)
    return _LETTER.sub(r"\\u005b", plain)


def _is_plain(char: str) -> bool:
    return char == "…" or char.isalnum() or " " <= char <= "~"
