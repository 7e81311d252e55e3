"""Where the cursor is, and the shortest way from there: the characters of one write."""

from chatrepl.terminal.modes import ERASE_BELOW

BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
RESET = "\x1b[?7h\x1b[?2026l\x1b[0m"


class Pen:
    """Collects what is written; rows count from the first that may change."""

    def __init__(self, row: int, column: int, width: int) -> None:
        self.width = width
        self._row = row
        self._column = column
        self._out: list[str] = []
        self._redraws = False

    def to(self, row: int, column: int) -> None:
        """Go to a row and column; a row below the last one is made."""
        if row > self._row:
            self._out.append("\r\n" * (row - self._row))
            self._column = 0
        elif row < self._row:
            self._out.append(f"\x1b[{self._row - row}A")
            self._redraws = True
        self._row = row
        if column != self._column:
            self._out.append(f"\x1b[{min(column + 1, self.width)}G" if column else "\r")
            self._column = column

    def put(self, text: str, column: int) -> None:
        """Write at the cursor, which is in `column` then."""
        self._out.append(text)
        self._column = column

    def rows(self, texts: list[str]) -> None:
        """Write whole rows from the start of a fresh one."""
        self._out.append("\r\n".join([*texts, ""]))

    def fresh(self) -> "Pen":
        """Count rows from the cursor, which stands at the start of a fresh row."""
        self._row = self._column = 0
        return self

    def erase_line(self) -> None:
        """Erase from the cursor to the end of its row."""
        self._out.append("\x1b[K")
        self._redraws = True

    def erase_below(self) -> None:
        """Erase from the start of the row, where the cursor is, to the end of the screen."""
        self._out.append(ERASE_BELOW)
        self._redraws = True

    def text(self) -> str:
        """All that was written, as one update where something is redrawn."""
        text = "".join(self._out)
        return f"{BEGIN}{text}{END}" if self._redraws else text
