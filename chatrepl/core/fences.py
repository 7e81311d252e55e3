"""Fenced blocks of a Markdown text: one grammar for all who look for code in it."""

import re
from typing import Final

from chatrepl.core.errors import ReplyError

_FENCE: Final = (
    r"(?ms)^(?P<indent> {0,3})(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)\n"
    r"(?P<body>.*?)(?:^ {0,3}(?P=fence)[`~]*[ \t\r]*$|\Z)"
)


def extract(text: str, language: str) -> str:
    """Give the first fenced block of `language`, or of any; without one, raise ReplyError."""
    for match in re.finditer(_FENCE, text):
        named = match["info"].split(maxsplit=1)[0] if match["info"].split() else ""
        if not language or named.casefold() == language.casefold():
            body = _dedent(match["body"], len(match["indent"]))
            if not body.strip():
                raise ReplyError("The code block is empty.")
            return body
    what = f"code block of {language}" if language else "code block"
    raise ReplyError(f"The answer holds no {what}.")


def code_blocks(text: str) -> tuple[str, ...]:
    """Give what stands in all fenced blocks, in their order."""
    return tuple(
        _dedent(match["body"], len(match["indent"])) for match in re.finditer(_FENCE, text)
    )


def _dedent(body: str, width: int) -> str:
    if not width:
        return body
    return re.sub(rf"^ {{1,{width}}}", "", body, flags=re.MULTILINE)
