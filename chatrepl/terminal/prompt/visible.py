"""What stands in the line editor, with everything invisible or dangerous made visible.

The text itself stays as it is; only its picture changes, and the cursor finds its way between both.
"""

from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout.processors import (
    Processor,
    Transformation,
    TransformationInput,
)

from chatrepl.terminal.sanitize import Sanitizer
from chatrepl.terminal.sanitize.tables import plain

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples

_TAB = "    "


class VisibleProcessor(Processor):
    """Shows a line as the sanitiser does, and tabs as spaces."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Give the line's picture and the ways from text to picture and back."""
        fragments = transformation_input.fragments
        text = fragment_list_to_text(fragments)
        if "\t" not in text and plain().fullmatch(text):
            return Transformation(fragments)
        shown, offsets = picture(text)
        pieces: StyleAndTextTuples = []
        start = 0
        for style, part, *_ in fragments:
            end = start + len(part)
            pieces.append((style, shown[offsets[start] : offsets[end]]))
            start = end

        def to_picture(position: int) -> int:
            past = max(0, position - len(text))
            return offsets[min(position, len(text))] + past

        def to_text(position: int) -> int:
            past = max(0, position - len(shown))
            return max(0, bisect_right(offsets, min(position, len(shown))) - 1) + past

        return Transformation(pieces, to_picture, to_text)


@lru_cache(maxsize=256)
def picture(text: str) -> tuple[str, list[int]]:
    """Give what is shown for a line, and where in it each character of the line begins."""
    sanitizer = Sanitizer()
    shown = ""
    offsets: list[int] = []
    while len(offsets) < len(text):
        position = len(offsets)
        common = plain().match(text, position)
        if common and common[0]:
            shown += sanitizer.feed(common[0])
            offsets.extend(range(len(shown) - len(common[0]), len(shown)))
        else:
            offsets.append(len(shown))
            shown += sanitizer.feed(text[position])
    shown += sanitizer.flush()
    return _with_tabs(shown, [*offsets, len(shown)])


def _with_tabs(shown: str, offsets: list[int]) -> tuple[str, list[int]]:
    if "\t" not in shown:
        return shown, offsets
    starts = [0]
    for char in shown:
        starts.append(starts[-1] + (len(_TAB) if char == "\t" else 1))
    return shown.replace("\t", _TAB), [starts[offset] for offset in offsets]
