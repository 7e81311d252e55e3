"""Rows in columns: ids and numbers keep their width, words share what is left.

A table as plain text, for pipes and terminals alike: columns side by side, nothing drawn.
"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from rich.cells import cell_len, set_cell_size

from chatrepl.core.outcome import CardGroup, Table
from chatrepl.terminal.sanitize.text import one_line

LEAST: Final = 6
LONGEST_ID: Final = 28
_INDENT: Final = "  "  # of what goes on below
_MARK: Final = 3


def lay_out(
    rows: Sequence[Sequence[str]],
    width: int | None,
    *,
    right: frozenset[int] = frozenset(),
    sought: str = "",
) -> list[str]:
    """Write rows as lines at most `width` cells wide, if any is given, without trailing blanks.

    The columns named in `right` are set flush right. All rows have as many cells as the first.
    A column of words gives way before one whose cells hold no blank, since a part of an id is of
    no use; where even that is not enough, the last columns are left out. Two stay where they can:
    the first alone says nothing. A cell that is cut shows the words that are `sought`.
    """
    if not rows:
        return []
    widths, words, gap = _measured(rows, width)
    if width is not None:
        widths = _narrowed(widths, words, width, gap)
    shown = [
        [_from(cell, sought, most) for cell, most in zip(row, widths, strict=False)] for row in rows
    ]
    return [_line(row, widths, gap, right) for row in shown]


def lay_out_whole(
    rows: Sequence[Sequence[str]],
    width: int | None,
    *,
    right: frozenset[int] = frozenset(),
    sought: str = "",
) -> list[str]:
    """Write rows as `lay_out` does, but leave no column out: what has no room goes on below."""
    if width is None or not rows:
        return lay_out(rows, width, right=right, sought=sought)
    groups, start, indent = [], 0, ""
    while start < len(rows[0]):
        rest = [row[start:] for row in rows]
        count = _room_for(rest, width - len(indent))
        aligned = frozenset(column - start for column in right)
        part, room = [row[:count] for row in rest], width - len(indent)
        lines = lay_out(part, room, right=aligned, sought=sought)
        groups.append([f"{indent}{line}" for line in lines])
        start, indent = start + count, _INDENT
    return [
        line
        for lines in zip(*groups, strict=True)
        for at, line in enumerate(lines)
        if not at or line.strip()
    ]


def _room_for(rows: Sequence[Sequence[str]], width: int) -> int:
    """Count the columns that stand beside each other; a mere mark does not stand alone."""
    widths, words, gap = _measured(rows, width)
    count = len(widths)
    least = 2 if widths[0] <= _MARK else 1
    while count > least and _least(widths[:count], words, gap) > width:
        count -= 1
    return count


def _measured(
    rows: Sequence[Sequence[str]], width: int | None
) -> tuple[list[int], list[bool], int]:
    """Give the widths of columns, which of them hold words, and the gap between them."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    words = [
        w > LONGEST_ID or any(" " in cell.strip() for cell in column[1:])
        for w, column in zip(widths, columns, strict=True)
    ]
    return widths, words, 1 if width is not None and width < 60 else 2


def _narrowed(widths: list[int], words: Sequence[bool], width: int, gap: int) -> list[int]:
    """Give the columns that stay the widths with which they fit."""
    least = 2 if width >= 2 * LEAST + gap else 1
    while len(widths) > least and _least(widths, words, gap) > width:
        widths.pop()
    room = width - gap * (len(widths) - 1)
    solid = sum(w for w, is_words in zip(widths, words, strict=False) if not is_words)
    fitted = iter(
        _fitted([w for w, is_words in zip(widths, words, strict=False) if is_words], room - solid)
    )
    widths = [next(fitted) if is_words else w for w, is_words in zip(widths, words, strict=False)]
    return _fitted(widths, room)


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


def _from(text: str, sought: str, width: int) -> str:
    """Let a text that will be cut begin where the words that are sought can be seen."""
    at = text.lower().find(sought.lower())
    if at < 0 or cell_len(text[: at + len(sought)]) < width:
        return text
    return f"…{text[max(0, at - width // 4) :]}"


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


def table_text(table: Table, width: int | None) -> str:
    """Write the rows under their headings as plain text; without a width, all of each cell."""
    cells = [[one_line(cell) for cell in row] for row in (table.headings, *table.rows)]
    lines = lay_out_whole(cells, width, right=table.right, sought=table.sought)
    return "".join(f"{line}\n" for line in lines)


def card_rows(groups: Sequence[CardGroup], width: int) -> list[str]:
    """Write groups of names and meanings: two side by side where `width` has room for both."""
    names = max(len(name) for _, rows in groups for name, _ in rows) + 1
    written = [_group_rows(group, names) for group in groups]
    half = max(cell_len(row) for rows in written for row in rows) + 1
    if 2 * half - 1 > width:  # what has no title goes on below the group before it
        below = [row for group in written for row in ("", *group) if row or group[0]]
        return [row.rstrip() for row in below[1:]]
    rows: list[str] = []
    for at in range(0, len(written), 2):
        left, right = written[at], written[at + 1] if at + 1 < len(written) else []
        rows += ["", *_beside(left, right, half)]
    return [row.rstrip() for row in rows[1:]]


def _group_rows(group: CardGroup, names: int) -> list[str]:
    title, rows = group
    return [title, *(f"{name:<{names}}{meaning}" for name, meaning in rows)]


def _beside(left: list[str], right: list[str], half: int) -> list[str]:
    both = zip_longest(left, right, fillvalue="")
    return [set_cell_size(one, half) + other for one, other in both]
