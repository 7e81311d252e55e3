"""What two texts have in common, and in which words they differ, in about linear time.

Lines are compared first, words only where lines differ. In both, what stands once in each text
anchors the comparison (a patience diff); a short stretch without anchors is compared in full.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["same", "gone", "new"]
WordChange: TypeAlias = tuple[Kind, str]
_Span: TypeAlias = tuple[int, int, int, int]  # begin and end in the old text, then in the new
_SameRun: TypeAlias = tuple[
    int, int, int
]  # where it begins in either text, and how many tokens it has

# Scripts that are written without blanks are compared by the letter.
_WORD: Final = re.compile(r"\s+|[\u2e80-\u9fff\uf900-\ufaff]|[^\s\u2e80-\u9fff\uf900-\ufaff]+")
_SMALL: Final = 20_000  # pairs of tokens that are compared in full
_SHINGLE: Final = 4  # tokens in a row that may anchor where no single one does
_A_CALL: Final = 40  # steps that one more comparison takes, however short
_EFFORT: Final = 3_000_000  # steps; what would take more is told as replaced


def word_diff(old: str, new: str) -> tuple[WordChange, ...]:
    """Give the pieces that `old` becomes `new` by; those that are gone stand before new ones."""
    differ = _Differ()
    lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    return tuple(_joined(differ.compared(*lines, differ.by_words)))


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[WordChange]:
    yield "gone", "".join(old)
    yield "new", "".join(new)


@dataclass(slots=True)
class _Differ:
    """Compares two texts with no more than so much effort."""

    left: int = _EFFORT

    def by_words(self, old: Sequence[str], new: Sequence[str]) -> Iterator[WordChange]:
        """Compare lines by their words; as many old as new ones, each with its own."""
        if not old or not new or not self._may(_A_CALL * min(len(old), len(new))):
            yield from _replaced(old, new)
        elif len(old) == len(new):
            for one, other in zip(old, new, strict=True):
                yield from self.compared(_WORD.findall(one), _WORD.findall(other), _replaced)
        else:
            words = _WORD.findall("".join(old)), _WORD.findall("".join(new))
            yield from self.compared(*words, _replaced)

    def compared(
        self,
        old: Sequence[str],
        new: Sequence[str],
        differ: Callable[[Sequence[str], Sequence[str]], Iterator[WordChange]],
    ) -> Iterator[WordChange]:
        """Give the tokens that are the same, and what `differ` makes of those between them."""
        at_old = at_new = 0
        for i, j, size in chain(self._same(old, new), [(len(old), len(new), 0)]):
            if i > at_old or j > at_new:
                yield from differ(old[at_old:i], new[at_new:j])
            yield "same", "".join(old[i : i + size])
            at_old, at_new = i + size, j + size

    def _same(self, old: Sequence[str], new: Sequence[str]) -> Iterator[_SameRun]:
        """Give the runs that both have, in their order."""
        waiting: list[_Span | _SameRun] = [(0, len(old), 0, len(new))]
        while waiting:
            task = waiting.pop()
            if len(task) == 3:
                yield task
                continue
            a, a_end, b, b_end = task
            head = _shared(old, new, a, b, min(a_end - a, b_end - b))
            if head:
                yield a, b, head
            tail = _shared_end(old, new, a_end, b_end, min(a_end - a, b_end - b) - head)
            inner = a + head, a_end - tail, b + head, b_end - tail
            if tail:
                waiting.append((inner[1], inner[3], tail))
            if inner[0] < inner[1] and inner[2] < inner[3]:
                waiting += self._parts(old, new, inner)[::-1]

    def _parts(
        self, old: Sequence[str], new: Sequence[str], span: _Span
    ) -> "Sequence[_Span | _SameRun]":
        """Part a stretch at its anchors, or find at once what is the same in it."""
        a, a_end, b, b_end = span
        mine, other = old[a:a_end], new[b:b_end]
        if not self._may(len(mine) + len(other) + _A_CALL):
            return ()
        anchors = _anchors(mine, other)
        if not anchors:
            if len(mine) * len(other) <= _SMALL:
                self._may(len(mine) * len(other))
                blocks = SequenceMatcher(None, mine, other, autojunk=False).get_matching_blocks()
                return [(a + i, b + j, size) for i, j, size in blocks if size]
            if not self._may(8 * (len(mine) + len(other))):
                return ()
            anchors = _anchors(_shingles(mine), _shingles(other))
        if not anchors:
            return ()
        parts: list[_Span | _SameRun] = []
        for i, j in anchors:
            parts += [(a, span[0] + i, b, span[2] + j), (span[0] + i, span[2] + j, 1)]
            a, b = span[0] + i + 1, span[2] + j + 1
        return [*parts, (a, a_end, b, b_end)]

    def _may(self, effort: int) -> bool:
        self.left -= effort
        return self.left >= 0


def _shingles(tokens: Sequence[str]) -> Sequence[tuple[str, ...]]:
    return list(zip(*(tokens[at:] for at in range(_SHINGLE)), strict=False))


def _shared(old: Sequence[str], new: Sequence[str], a: int, b: int, most: int) -> int:
    """Count the tokens that are the same from there on."""
    count = 0
    while count < most and old[a + count] == new[b + count]:
        count += 1
    return count


def _shared_end(old: Sequence[str], new: Sequence[str], a: int, b: int, most: int) -> int:
    """Count the tokens that are the same up to there."""
    count = 0
    while count < most and old[a - count - 1] == new[b - count - 1]:
        count += 1
    return count


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Give where tokens stand that are once in each, as many as stand in the same order."""
    once_old = {token for token, n in Counter(old).items() if n == 1}
    once = {token for token, n in Counter(new).items() if n == 1 and token in once_old}
    if not once:
        return []
    places = {token: at for at, token in enumerate(new) if token in once}
    return _rising([(at, places[token]) for at, token in enumerate(old) if token in once])


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give the longest rise in the second numbers of pairs that rise in the first."""
    ends: list[int] = []
    last: list[int] = []  # which pair ends the best rise of each length
    before: list[int] = []
    for at, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [at]
    rise = []
    at = last[-1]
    while at >= 0:
        rise.append(pairs[at])
        at = before[at]
    return rise[::-1]


def _joined(pieces: Iterator[WordChange]) -> Iterator[WordChange]:
    """Join neighbours of one kind; between what is the same, what is gone comes first."""
    gone: list[str] = []
    new: list[str] = []
    same: list[str] = []
    for kind, text in pieces:
        if not text:
            continue
        if kind == "same":
            yield from _flushed(gone, new)
            same.append(text)
        else:
            if same:
                yield "same", "".join(same)
                same.clear()
            (gone if kind == "gone" else new).append(text)
    if same:
        yield "same", "".join(same)
    yield from _flushed(gone, new)


def _flushed(gone: list[str], new: list[str]) -> Iterator[WordChange]:
    if gone:
        yield "gone", "".join(gone)
    if new:
        yield "new", "".join(new)
    gone.clear()
    new.clear()


def folded(pieces: Sequence[WordChange], around: int = 2) -> tuple[WordChange, ...]:
    """Leave lines out that are the same and far from any difference, and say how many."""
    last = len(pieces) - 1
    return tuple(
        (kind, _folded(text, around * (at > 0), around * (at < last)) if kind == "same" else text)
        for at, (kind, text) in enumerate(pieces)
    )


def _folded(text: str, first: int, last: int) -> str:
    lines = text.splitlines(keepends=True)
    left_out = len(lines) - (first + 1) - (last + 1)
    if left_out < 4:
        return text
    head, tail = lines[: first + 1], lines[-(last + 1) :]
    return "".join([*head, f"[{left_out:,} lines the same]\n", *tail])
