"""What is wrong with a TOML text, in words for who wrote it. A new complaint gets a row."""

import re
from typing import Final

_PLAIN: Final = (
    (r"Illegal character '\\n'|Expected \"'\"|Unterminated string", "a quote is not closed"),
    (r"Invalid value", "this is no value; a text stands in quotes"),
    (r"Unescaped '\\'", r"a backslash in double quotes is written \\; in single quotes it is not"),
    (r"Cannot overwrite a value", "a key is set twice"),
    (r"Cannot declare .* twice", "a table begins twice"),
    (r"Expected newline or end of document after a statement", "something follows the value"),
    (r"Expected '=' after a key", "a line is neither KEY = VALUE nor a [table]"),
    (r"Invalid statement", "a line is neither KEY = VALUE nor a [table]"),
    (r"Expected '\]' at the end of a table declaration", "a table's ] is missing"),
    (r"Unclosed array|Unclosed inline table", "a bracket is not closed"),
)


def plain(message: str) -> str:
    """Say what a parser's `message` means, without the place, which is said before it."""
    text = re.sub(r" \(at [^()]*\)$", "", message)
    return next((words for pattern, words in _PLAIN if re.match(pattern, text)), text)
