"""Markdown fences and slash commands, highlighted while they are typed."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")
_COMMAND = re.compile(r"/(?!/)\S*")


class FenceLexer(Lexer):
    """Styles code in fences, inline code and the command at the start."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Give the function that styles a line by its number."""
        text = document.text
        states = line_states(text) if "```" in text or "~~~" in text else ()

        def styled(number: int) -> StyleAndTextTuples:
            line = document.lines[number] if number < len(document.lines) else ""
            state = states[number] if number < len(states) else ""
            if state:
                return [(f"class:{state}", line)]
            if number == 0 and (command := _COMMAND.match(line)):
                return [("class:command", command[0]), ("", line[command.end() :])]
            return _inline(line)

        return styled


@lru_cache(maxsize=4)
def line_states(text: str) -> Sequence[str]:
    """Say of each line whether it is a `fence`, `code` inside one, or neither."""
    states: list[str] = []
    mark = ""
    for line in text.split("\n"):
        fence = _FENCE.fullmatch(line)
        if not mark:
            mark = fence[1] if fence else ""
            states.append("fence" if fence else "")
        elif fence and fence[1].startswith(mark) and not fence[2].strip():
            mark = ""
            states.append("fence")
        else:
            states.append("code")
    return states


def _inline(line: str) -> StyleAndTextTuples:
    if "`" not in line:
        return [("", line)]
    parts = re.split(r"(`[^`]+`)", line)
    return [("class:code" if number % 2 else "", part) for number, part in enumerate(parts) if part]
