"""Rows in columns: what is short keeps its width, what is long shares what is left."""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size

LEAST: Final = 6


def lay_out(
    rows: Sequence[Sequence[str]], width: int, *, right: frozenset[int] = frozenset()
) -> list[str]:
    """Write rows as lines at most `width` cells wide, without trailing blanks.

    The columns named in `right` are set flush right. All rows have as many cells as the first.
    """
    if not rows:
        return []
    gap = 1 if width < 60 else 2
    widths = [max(cell_len(row[i]) for row in rows) for i in range(len(rows[0]))]
    widths = _fitted(widths, width - gap * (len(widths) - 1))
    return [_line(row, widths, gap, right) for row in rows]


def _fitted(widths: list[int], room: int) -> list[int]:
    """Take what is too much from the widest columns, evenly."""
    widths = list(widths)
    while sum(widths) > room:
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
    cells = [_cell(text, widths[i], flush_right=i in right) for i, text in enumerate(row)]
    return (" " * gap).join(cells).rstrip()


def _cell(text: str, width: int, *, flush_right: bool) -> str:
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + "…"
    return " " * (width - length) + text if flush_right else text + " " * (width - length)
