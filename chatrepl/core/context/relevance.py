"""Which turns bear on a question: BM25 over turns, with an index that grows as the chat does.

Words are compared case-folded and without a plural s; scripts that write no blanks between words
(Chinese, Japanese, Korean, Thai and their neighbours) are compared by pairs of characters.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from chatrepl.core.talk.conversation import Turn, TurnId

_K1: Final = 1.2
_B: Final = 0.75

_UNSPACED: Final = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    r"\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_STOP: Final = frozenset(
    "the of for a an and to is was what that me you it in on we i this again said about be with as "
    "or are if at by from der die das und ist was von zu den le la les et est que de un une el los "
    "y es".split()
)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Give what finds a run of letters, and what tells that it has no blanks between words."""
    return re.compile(rf"[{_UNSPACED}]+|[^\W{_UNSPACED}]+"), re.compile(rf"[{_UNSPACED}]")


def terms(text: str) -> list[str]:
    """Cut `text` into what is compared."""
    cut: list[str] = []
    runs, unspaced = _patterns()
    for run in runs.findall(text.casefold()):
        if unspaced.match(run):
            cut += [run[i : i + 2] for i in range(max(1, len(run) - 1))]
        elif run not in _STOP:
            cut.append(run[:-1] if len(run) > 3 and run.endswith("s") else run)
    return cut


class Index:
    """Texts by turn. Adding one costs its own length, whatever is there already."""

    def __init__(self) -> None:
        self._postings: dict[str, dict[TurnId, int]] = {}
        self._lengths: dict[TurnId, int] = {}
        self._total = 0

    def __contains__(self, turn: TurnId) -> bool:
        return turn in self._lengths

    def add(self, turn: TurnId, text: str) -> None:
        """Take in a turn's text; one that is known already stays as it was."""
        if turn in self._lengths:
            return
        counts = Counter(terms(text))
        for term, count in counts.items():
            self._postings.setdefault(term, {})[turn] = count
        self._lengths[turn] = counts.total()
        self._total += counts.total()

    def add_turns(self, turns: Iterable[Turn]) -> None:
        """Take in the turns that are not known yet; one without a reply is left for later."""
        for turn in turns:
            if turn.id not in self._lengths and turn.assistant is not None:
                self.add(turn.id, turn_text(turn))

    def scores(self, query: str) -> Mapping[TurnId, float]:
        """Score the turns that share anything with `query`; the higher, the more."""
        size = len(self._lengths)
        mean = self._total / size if size and self._total else 1.0
        norm = _K1 * _B / mean
        scores: dict[TurnId, float] = {}
        for term in set(terms(query)):
            posting = self._postings.get(term, {})
            weight = math.log(1 + (size - len(posting) + 0.5) / (len(posting) + 0.5)) * (_K1 + 1)
            for turn, count in posting.items():
                damped = count + _K1 * (1 - _B) + norm * self._lengths[turn]
                scores[turn] = scores.get(turn, 0.0) + weight * count / damped
        return scores


def turn_text(turn: Turn) -> str:
    """Give what there is to find in a turn."""
    blocks = (block for message in turn.messages for block in message.content)
    return "\n".join(block.to_markdown() for block in blocks)
