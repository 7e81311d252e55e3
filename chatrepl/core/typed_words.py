"""Words as they are typed: a blank behind a backslash belongs to the word."""

import re
from typing import Final

NEVER_LAST: Final = ".,;:!?)]}>'\"`…"  # of a path or an address in a text: it ends a sentence
_BETWEEN: Final = re.compile(r"(?<!\\)\s")
_SPECIAL: Final = re.compile(r"""([\s\\'"])""")
_ESCAPED: Final = re.compile(r"""\\([\s\\'"])""")


def words_of(text: str) -> list[str]:
    """Take a text apart at its blanks; the last word is the one that is being typed."""
    return _BETWEEN.split(text)


def escaped(word: str) -> str:
    """Write a word so that it stays one where it is typed."""
    return _SPECIAL.sub(r"\\\1", word)


def unescaped(word: str) -> str:
    """Read a word that was typed."""
    return _ESCAPED.sub(r"\1", word)
