"""On which line of a TOML text each key stands: the parser does not tell."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

Keys: TypeAlias = tuple[str, ...]

_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED: Final = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER: Final = rf"\s*\[\[?\s*({_DOTTED})\s*\]"
_KEY: Final = rf"\s*({_DOTTED})\s*="
_TRIPLE: Final = r'"""|\'\'\''


def find_lines(text: str) -> dict[Keys, int]:
    """Map each table and key of a TOML text, as the parts of its name, to its line."""
    found: dict[Keys, int] = {}
    table: Keys = ()
    for number, line in _outside_long_strings(text):
        header = re.match(_HEADER, line)
        key = re.match(_KEY, line)
        if header is not None:
            table = _parts(header[1])
            found.setdefault(table, number)
        elif key is not None:
            found.setdefault(table + _parts(key[1]), number)
    return found


def line_of(keys: Keys, lines: Mapping[Keys, int]) -> int:
    """Give the line of a key, or of the inline table that holds it; 0 if it is not found."""
    while keys and keys not in lines:
        keys = keys[:-1]
    return lines.get(keys, 0)


def _parts(dotted: str) -> Keys:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))


def _outside_long_strings(text: str) -> Iterator[tuple[int, str]]:
    """Leave out the lines that begin within a string of several lines."""
    closing = ""
    for number, line in enumerate(text.split("\n"), 1):
        if not closing:
            yield number, line
        for quotes in re.findall(_TRIPLE, line):
            if not closing:
                closing = quotes
            elif quotes == closing:
                closing = ""
