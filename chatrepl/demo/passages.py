"""Passages of an attached text that bear on a question, by the words that they share."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_STEM: Final = 5  # letters by which attach, attached and attachment are one
_MOST: Final = 4
_READ: Final = 200_000  # characters of a text; a book is not read whole
_LONGEST: Final = 400


def passages(texts: Iterable[str], asked: str) -> list[str]:
    """Give the lines that share most with the last paragraph of what was asked, the best first.

    A word counts the more, the rarer it is.
    """
    wanted = _stems(asked.rpartition("\n\n")[2])
    lines = [line.strip() for text in texts for line in text[:_READ].splitlines() if line.strip()]
    stems = [_stems(line) for line in lines]
    often = Counter(stem for those in stems for stem in those & wanted)

    def weight(number: int) -> float:
        return sum(1 / often[stem] for stem in stems[number] & wanted)

    best = sorted(range(len(lines)), key=lambda number: (-weight(number), number))
    return [lines[number][:_LONGEST] for number in islice(best, _MOST) if weight(number)]


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(text.casefold())}
