"""Rows in columns: ids and numbers keep their width, words share what is left.

A table as plain text, for pipes and terminals alike: columns side by side, nothing drawn.
"""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size
from wcwidth import wcswidth

from chatrepl.terminal.sanitize.text import one_line

LEAST: Final = 6
LONGEST_ID: Final = 28


def lay_out(
    rows: Sequence[Sequence[str]], width: int, *, right: frozenset[int] = frozenset()
) -> list[str]:
    """Write rows as lines at most `width` cells wide, without trailing blanks.

    The columns named in `right` are set flush right. All rows have as many cells as the first.
    A column of words gives way before one whose cells hold no blank, since a part of an id is of
    no use; where even that is not enough, the last columns are left out. Two stay where they can:
    the first alone says nothing.
    """
    if not rows:
        return []
    gap = 1 if width < 60 else 2
    widths = [max(cell_len(row[i]) for row in rows) for i in range(len(rows[0]))]
    words = [
        w > LONGEST_ID or any(" " in row[i].strip() for row in rows[1:])
        for i, w in enumerate(widths)
    ]
    least = 2 if width >= 2 * LEAST + gap else 1
    while len(widths) > least and _least(widths, words, gap) > width:
        widths.pop()
    room = width - gap * (len(widths) - 1)
    solid = sum(w for w, is_words in zip(widths, words, strict=False) if not is_words)
    fitted = iter(
        _fitted([w for w, is_words in zip(widths, words, strict=False) if is_words], room - solid)
    )
    widths = [next(fitted) if is_words else w for w, is_words in zip(widths, words, strict=False)]
    widths = _fitted(widths, room)
    return [_line(row, widths, gap, right) for row in rows]


def _least(widths: Sequence[int], words: Sequence[bool], gap: int) -> int:
    """Give the width below which something would be cut to a useless rest."""
    least = (min(w, LEAST) if words[i] else w for i, w in enumerate(widths))
    return sum(least) + gap * (len(widths) - 1)


def _fitted(widths: list[int], room: int) -> list[int]:
    """Take what is too much from the widest columns, evenly."""
    widths = list(widths)
    while widths and sum(widths) > room:
        widest = max(widths)
        if widest <= LEAST:
            break
        next_ = max((w for w in widths if w < widest), default=LEAST)
        at_widest = [i for i, w in enumerate(widths) if w == widest]
        spare = sum(widths) - room
        step = min(max(1, widest - max(next_, LEAST)), max(1, spare // len(at_widest)))
        for i in at_widest:
            widths[i] -= step
    return widths


def _line(row: Sequence[str], widths: list[int], gap: int, right: frozenset[int]) -> str:
    cells = [
        _cell(text, widths[i], flush_right=i in right) for i, text in enumerate(row[: len(widths)])
    ]
    return (" " * gap).join(cells).rstrip()


def _cell(text: str, width: int, *, flush_right: bool) -> str:
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + "…"
    return " " * (width - length) + text if flush_right else text + " " * (width - length)


def columns(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()
) -> str:
    """Write rows under headings; columns named in `right` hold numbers. Ends in a newline."""
    lines = [[one_line(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    written = []
    for row in lines:
        cells = [
            _pad(cell, width, left=at in right)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        written.append("  ".join(cells).rstrip())
    return "\n".join(written) + "\n"


def _pad(cell: str, width: int, *, left: bool) -> str:
    gap = " " * (width - _width(cell))
    return gap + cell if left else cell + gap


def _width(text: str) -> int:
    return max(0, wcswidth(text))
