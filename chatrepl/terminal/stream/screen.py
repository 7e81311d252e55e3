"""The rows at the bottom of the screen that may still change, and how they are changed.

Rows above them belong to the terminal: they are written once. One call, one write: what is redrawn
is wrapped in a synchronized update, and nothing is erased outside of one.
"""

from collections.abc import Callable
from itertools import takewhile
from typing import NamedTuple

from chatrepl.terminal.markdown.wrap import Row, width_of_row
from chatrepl.terminal.modes import ERASE_BELOW
from chatrepl.terminal.stream.ansi import RISKY, Ansi
from chatrepl.terminal.stream.pen import BEGIN, END, Pen


class Shown(NamedTuple):
    """A row as it stands on the screen; `risky` if terminals do not agree on its width."""

    text: str
    cells: int
    risky: bool


class Screen:
    """Writes rows; the cursor stands behind the last live row, or at the start of a fresh one."""

    def __init__(self, write: Callable[[str], None], ansi: Ansi) -> None:
        self._write = write
        self._ansi = ansi
        self._shown: list[Shown] = []

    def paint(self, final: list[Row], live: list[Row], width: int) -> None:
        """Show `live` below all that is final; `final` rows are never touched again.

        A final row may be longer than the window: it is written in one go, and wraps there.
        """
        old = self._shown
        pen = Pen(len(old) - 1, old[-1].cells, width) if old else Pen(0, 0, width)
        over = [self._encode(row) for row in final[: len(old)]]
        over = list(takewhile(lambda row: row.cells <= width, over))
        rest = [self._ansi.row(row) for row in final[len(over) :]]
        rows = [self._encode(row) for row in live]
        if rest:
            if old:
                _change(pen, old, over, len(over))
            pen.rows(rest)
            _change(pen.fresh(), [], rows, 0)
        else:
            _change(pen, old, over + rows, len(over))
        self._shown = rows
        text = pen.text()
        if text:
            self._write(text)

    def forget(self) -> None:
        """Leave what stands on the screen where it is and go on in a fresh row."""
        self._shown = []
        self._write("\r\n")

    def clear(self, width: int, height: int) -> None:
        """Take the live rows off the screen, which may have another width now than they had."""
        if not self._shown:
            return
        rows = sum(max(1, -(-row.cells // max(1, width))) for row in self._shown)
        up = min(rows - 1, height - 1)
        self._shown = []
        self._write(f"{BEGIN}\r" + (f"\x1b[{up}A" if up else "") + f"{ERASE_BELOW}{END}")

    def _encode(self, row: Row) -> Shown:
        text = "".join([part.text for part in row])
        if text.isascii():
            return Shown(self._ansi.row(row), len(text), risky=False)
        return Shown(self._ansi.row(row), width_of_row(row), bool(RISKY.search(text)))


def _change(pen: Pen, old: list[Shown], new: list[Shown], final: int) -> None:
    """Turn the old rows into the new ones, the first `final` of which are final."""
    for index, row in enumerate(new):
        was = old[index] if index < len(old) else None
        settles = row.risky and index < final  # it was written as a row that may change
        if was == row and not settles:
            continue
        if was and _extends(was, row, pen.width):
            pen.to(index, was.cells)
            pen.put(row.text[len(was.text) :], row.cells)
            continue
        pen.to(index, 0)
        if was and settles:  # it may take two rows of the screen: nothing old may stand below
            pen.erase_below()
            old = old[:index]
            was = None
        _write_row(pen, row, was, fixed=row.risky and not settles)
    if len(new) < len(old):
        pen.to(len(new), 0)
        pen.erase_below()
    if final < len(new):
        pen.to(len(new) - 1, new[-1].cells)
    elif new:
        pen.to(len(new), 0)


def _write_row(pen: Pen, row: Shown, was: Shown | None, *, fixed: bool) -> None:
    """Write a row over what was there; a `fixed` one cannot run into the next row."""
    pen.put(f"\x1b[?7l{row.text}\x1b[?7h" if fixed else row.text, row.cells)
    if was and row.cells < pen.width and (row.cells < was.cells or was.risky or row.risky):
        pen.erase_line()


def _extends(old: Shown, new: Shown, width: int) -> bool:
    """Tell whether a row only got longer."""
    risky = old.risky or new.risky
    return not risky and old.cells < width and new.text.startswith(old.text)
