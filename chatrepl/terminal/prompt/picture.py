"""What stands in the line editor: fences highlighted, what is invisible or dangerous made visible.

The text itself stays as it is; only its picture changes, and the cursor finds its way between both.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.lexers import Lexer

from chatrepl.core.characters import plain
from chatrepl.core.fences import line_states
from chatrepl.terminal.prompt.folds import MARK, Folds
from chatrepl.terminal.sanitize.text import Sanitizer

_TAB = "    "


class VisibleProcessor(Processor):
    """Shows a line as the sanitiser does, tabs as spaces, and what is folded as a few words."""

    def __init__(self, folds: Folds) -> None:
        self._folds = folds

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Give the line's picture and the ways from text to picture and back."""
        fragments = transformation_input.fragments
        text = fragment_list_to_text(fragments)
        if "\t" not in text and plain().fullmatch(text):
            return Transformation(fragments)
        drawn, offsets = draw(text, self._folds)
        pieces: StyleAndTextTuples = []
        start = 0
        for style, part, *_ in fragments:
            end = start + len(part)
            pieces.append((style, drawn[offsets[start] : offsets[end]]))
            start = end

        def to_picture(position: int) -> int:
            past = max(0, position - len(text))
            return offsets[min(position, len(text))] + past

        def to_text(position: int) -> int:
            past = max(0, position - len(drawn))
            return max(0, bisect_right(offsets, min(position, len(drawn))) - 1) + past

        return Transformation(pieces, to_picture, to_text)


def draw(text: str, folds: Folds) -> tuple[str, list[int]]:
    """Give what `picture` does, for a line in which pastes may be folded."""
    drawn, offsets = "", []
    line = text.removesuffix("\r")  # of CR LF
    for part in MARK.split(line):
        label = folds.label(part)
        piece, starts = (label, [0, len(label)]) if label else picture(part)
        offsets += [len(drawn) + start for start in starts[:-1]]
        drawn += piece
    return drawn, [*offsets, *[len(drawn)] * (len(text) - len(line) + 1)]


@lru_cache(maxsize=256)
def picture(text: str) -> tuple[str, list[int]]:
    """Give what is drawn for a line, and where in it each character of the line begins."""
    sanitizer = Sanitizer()
    drawn = ""
    offsets: list[int] = []
    while len(offsets) < len(text):
        position = len(offsets)
        common = plain().match(text, position)
        if common and common[0]:
            drawn += sanitizer.feed(common[0])
            offsets.extend(range(len(drawn) - len(common[0]), len(drawn)))
        else:
            offsets.append(len(drawn))
            drawn += sanitizer.feed(text[position])
    drawn += sanitizer.flush()
    return _with_tabs(drawn, [*offsets, len(drawn)])


def _with_tabs(drawn: str, offsets: list[int]) -> tuple[str, list[int]]:
    if "\t" not in drawn:
        return drawn, offsets
    starts = [0]
    for char in drawn:
        starts.append(starts[-1] + (len(_TAB) if char == "\t" else 1))
    return drawn.replace("\t", _TAB), [starts[offset] for offset in offsets]


_states = lru_cache(maxsize=4)(line_states)
_COMMAND = re.compile(r"/(?!/)\S*")


class FenceLexer(Lexer):
    """Styles code in fences, inline code and the command at the start."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Give the function that styles a line by its number."""
        text = document.text
        states = _states(text) if "```" in text or "~~~" in text else []

        def styled(number: int) -> StyleAndTextTuples:
            line = document.lines[number] if number < len(document.lines) else ""
            state = states[number] if number < len(states) else ""
            if state:
                return [(f"class:{state}", line)]
            if number == 0 and (command := _COMMAND.match(line)):
                return [("class:command", command[0]), ("", line[command.end() :])]
            return _inline(line)

        return styled


def _inline(line: str) -> StyleAndTextTuples:
    if "`" not in line:
        return [("", line)]
    parts = re.split(r"(`[^`]+`)", line)
    return [("class:code" if number % 2 else "", part) for number, part in enumerate(parts) if part]
