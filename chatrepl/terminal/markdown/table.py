"""Tables: widths that fit the window, cells that wrap, a list of fields where it is too narrow."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from chatrepl.core.value import twin
from chatrepl.terminal.markdown.blocks.events import Align
from chatrepl.terminal.markdown.look import Look
from chatrepl.terminal.markdown.wrap import Row, Run, rstrip, width_of, width_of_row, wrap

HELD = 30  # rows that decide on the widths; later rows go by them
_MOST_HELD = 12_000  # characters in them: what is held is laid out anew for each picture
_CELL = 10  # characters that a cell counts for besides its own
_LEAST = 10  # cells: a column is not squeezed below this, nor below its longest word

Cell = list[Run]


class TableRows:
    """A table that is being read; `add` returns rows once the widths are decided."""

    def __init__(self, look: Look, head: Sequence[Cell], aligns: Sequence[Align]) -> None:
        self._look = look
        self._head = head
        self._aligns = aligns
        self._held: list[list[Cell]] = []
        self._size = 0  # of what is held, in characters
        self._widths: list[int] | None = None
        self._decided = False
        self._ruled = False
        self._count = 0

    def copy(self) -> "TableRows":
        other: TableRows = twin(self)
        other._held = self._held.copy()
        return other

    def add(self, cells: list[Cell], width: int) -> list[Row]:
        """Take a row; returns what can be printed now."""
        if self._decided:
            return self._row(cells, width)
        self._held.append(cells)
        self._size += sum(_CELL + sum(len(text) for text, _ in cell) for cell in cells)
        return self.end(width) if len(self._held) == HELD or self._size > _MOST_HELD else []

    def end(self, width: int) -> list[Row]:
        """Decide on the widths, if that was not done, and return the rows that were held."""
        if self._decided:
            return []
        self._decided = True
        self._widths = self._fit(width)
        rows = [] if self._widths is None else self._top(self._widths)
        for cells in self._held:
            rows += self._row(cells, width)
        if not self._held and self._widths is None:
            rows += self._record([[] for _ in self._head], width)
        self._held = []
        return rows

    def _fit(self, width: int) -> list[int] | None:
        """Width of each column; None if the table is to be shown as fields.

        That is where it is too narrow, or would tear an address.
        """
        columns = list(zip(self._head, *self._held, strict=True))
        natural = [max(1, *(_natural(cell) for cell in column)) for column in columns]
        room = width - width_of(self._look.glyphs.column) * (len(columns) - 1)
        if sum(natural) <= room:
            return natural
        self._ruled = True
        least = [
            min(size, max(_LEAST, *(_longest(cell) for cell in column)))
            for size, column in zip(natural, columns, strict=True)
        ]
        least = [min(size, max(_LEAST, room // 2)) for size in least]
        if sum(least) > room:
            return None
        widths = _share(natural, least, room)
        pairs = zip(columns, widths, strict=True)
        torn = any(_longest(cell, "://") > size for column, size in pairs for cell in column)
        return None if torn else widths

    def _top(self, widths: list[int]) -> list[Row]:
        bold = [
            [(text, style + self._look.table_head) for text, style in cell] for cell in self._head
        ]
        return [*self._cells(bold, widths), self._line(widths)]

    def _line(self, widths: list[int]) -> Row:
        glyphs = self._look.glyphs
        text = glyphs.cross.join(glyphs.rule * width for width in widths)
        return [Segment(text, self._look.table_line)]

    def _row(self, cells: list[Cell], width: int) -> list[Row]:
        self._count += 1
        if self._widths is None:
            return self._record(cells, width)
        rows = self._cells(cells, self._widths)
        if self._ruled and self._count > 1:
            rows.insert(0, self._line(self._widths))
        return rows

    def _cells(self, cells: list[Cell], widths: list[int]) -> list[Row]:
        """One row of the table, as many rows high as its highest cell."""
        parts = [wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
        column = Segment(self._look.glyphs.column, self._look.table_line)
        rows: list[Row] = []
        for index in range(max(map(len, parts))):
            row: Row = []
            for part, width, align in zip(parts, widths, self._aligns, strict=True):
                if row or part is not parts[0]:
                    row.append(column)
                row += _aligned(part[index] if index < len(part) else [], width, align)
            rows.append(rstrip(row))
        return rows

    def _record(self, cells: list[Cell], width: int) -> list[Row]:
        """A row as a list of its fields."""
        rows: list[Row] = []
        if self._count > 1:
            line = self._look.glyphs.rule * min(width, _LEAST)
            rows.append([Segment(line, self._look.table_line)])
        for name, cell in zip(self._head, cells, strict=True):
            label = [(text, style + self._look.table_head) for text, style in name]
            gap = [(": ", self._look.table_line)] if name else []
            rows += wrap([*label, *gap, *cell], width, cut=False)
        return rows


def _natural(cell: Cell) -> int:
    text = "".join(run[0] for run in cell)
    return max(width_of(line) for line in text.split("\n"))


def _longest(cell: Cell, mark: str = "") -> int:
    """Cells of the longest word, of those that hold the mark."""
    words = "".join(run[0] for run in cell).split()
    return max((width_of(word) for word in words if mark in word), default=1)


def _share(natural: list[int], least: list[int], room: int) -> list[int]:
    """Widths that fill the room: no column wider than it needs, the widest ones give way."""
    low, high = 1, max(natural)
    while low < high:  # the highest cap under which all columns fit
        cap = (low + high + 1) // 2
        total = sum(max(small, min(size, cap)) for size, small in zip(natural, least, strict=True))
        low, high = (cap, high) if total <= room else (low, cap - 1)
    widths = [max(small, min(size, low)) for size, small in zip(natural, least, strict=True)]
    spare = room - sum(widths)
    for index, size in enumerate(natural):
        if spare > 0 and widths[index] < size:
            widths[index] += 1
            spare -= 1
    return widths


def _aligned(row: Row, width: int, align: Align) -> Row:
    spare = width - width_of_row(row)
    left = {"left": 0, "right": spare, "center": spare // 2}[align]
    plain = Style.null()
    out = [Segment(" " * left, plain)] if left > 0 else []
    out += row
    if spare - left > 0:
        out.append(Segment(" " * (spare - left), plain))
    return out
