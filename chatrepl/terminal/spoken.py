"""Words for marks: what is written for who listens, and for terminals that draw few glyphs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TextIO

ASCII_FOR: Final = MappingProxyType(
    str.maketrans(
        {"▣": "*", "█": "#", "·": "|", "→": "->", "…": "...", "–": "-", "›": ">", "─": "-"}
        | {"×": "x", "≤": "<=", "≥": ">=", "↑": "up", "↓": "down", "\ufffd": "?"}
    )
)
_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {" · ": ", ", "▣ ": "attached: ", "── ": "reply ", "█": ""}  # a bar is for eyes
)


def in_words(text: str) -> str:
    """Put words where our marks stand in a text."""
    for mark, words in _WORDS.items():
        text = text.replace(mark, words)
    return text.translate(ASCII_FOR)


class SpokenStream:
    """A stream that takes words for our marks; in all else it is the one behind it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text in words."""
        return self._stream.write(in_words(text))

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)
