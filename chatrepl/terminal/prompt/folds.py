"""Long pastes as one mark in the draft: shown as a few words, edited at once, whole when sent.

A mark is half a character. No keyboard sends one and no text holds one, so it is never mistaken.
"""

import re
from dataclasses import dataclass, field
from typing import Final

LONG_LINES: Final = 12
LONG_CHARACTERS: Final = 2_000
LONGEST_OPEN: Final = 200_000  # characters that can be edited here without waiting for each key
MARK: Final = re.compile("([\ud800-\udbff])")
_FIRST, _END = 0xD800, 0xDC00
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_LONE_CR: Final = re.compile(r"\r(?!\n)")


@dataclass(slots=True)
class Folds:
    """The texts behind the marks of a session; a text without marks means itself."""

    _texts: dict[str, str] = field(default_factory=dict)
    _labels: dict[str, str] = field(default_factory=dict)

    def fold(self, text: str) -> str:
        """Give a mark for a text that is long, or that no line can show; else the text."""
        is_long = len(text) >= LONG_CHARACTERS or count_lines(text) >= LONG_LINES
        if not (is_long or _LONE_CR.search(text)) or _FIRST + len(self._texts) >= _END:
            return text
        mark = chr(_FIRST + len(self._texts))
        self._put(mark, text)
        return mark

    def extend(self, mark: str, text: str) -> None:
        """Let a mark stand for more."""
        self._put(mark, self._texts[mark] + text)

    def fold_again(self, text: str) -> str:
        """Put the marks back into a text that was whole meanwhile; fold it where it is huge."""
        for mark, behind in reversed(self._texts.items()):
            text = text.replace(behind, mark)
        return self.fold(text) if len(text) > LONGEST_OPEN else text

    def whole(self, text: str) -> str:
        """Give a draft with what stands behind its marks."""
        return MARK.sub(lambda mark: self._texts.get(mark[0], mark[0]), text)

    def label(self, mark: str) -> str:
        """Give the words that are shown for a mark; none for anything else."""
        return self._labels.get(mark, "")

    def _put(self, mark: str, text: str) -> None:
        self._texts[mark] = text
        lines = count_lines(text)
        what = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
        self._labels[mark] = f"[pasted {what}]"


def count_lines(text: str) -> int:
    """Count lines, however they end; an end at the very end begins none."""
    return len(_LINE_END.findall(text)) + (text[-1:] not in {"\r", "\n", ""})


def nearest(draft: str, cursor: int) -> int | None:
    """Give where the mark is that stands at the cursor, else before it, else behind it."""
    places = [mark.start() for mark in MARK.finditer(draft)]
    before = [place for place in places if place <= cursor]
    return max(before) if before else min(places, default=None)
