"""What is written to a console, held back until it is whole: one write, for screen readers."""

import io
from contextlib import suppress
from typing import TextIO

from rich.console import Console


class Held(io.StringIO):
    """Takes the place of a console's file until `end`; `release` writes what came so far."""

    def __init__(self, console: Console) -> None:
        super().__init__(newline="")
        self._console = console
        self._file: TextIO = console.file  # type: ignore[assignment]  # rich says IO[str]
        console.file = self

    @property
    def encoding(self) -> str:  # type: ignore[override]  # the file has one, and it stays
        """What the console's own file is written in."""
        return self._file.encoding

    def isatty(self) -> bool:
        """Whether the console's own file is a terminal."""
        return self._file.isatty()

    def fileno(self) -> int:
        """Give the descriptor of the console's own file."""
        return self._file.fileno()

    def aside(self, line: str) -> None:
        """Write a line at once, before all that is held. Raises OSError."""
        self._file.write(f"{line}\n")
        self._file.flush()

    def release(self) -> None:
        """Write what is held. Raises OSError."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        if text:
            self._file.write(text)
            self._file.flush()

    def end(self) -> None:
        """Write what is held, and give the console its file back. Raises OSError."""
        self._console.file = self._file
        with suppress(ValueError):
            self.release()
