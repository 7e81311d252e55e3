"""How far many questions have come: one line on stderr that draws itself anew."""

import os
import time
from typing import Final, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_AGAIN_S: Final = 0.1
_ECHO: Final = 4  # cells that stay free: what Ctrl-C leaves there must not begin another row


class Bar:
    """A context manager; `show` tells it what there is. Leaving it takes the line away."""

    def __init__(self, err: TextIO, total: int | None, *, color: bool) -> None:
        """Make the bar of `total` items; None where nobody knows how many there are."""
        self._progress = Progress(
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(compact=True),
            console=Console(file=err, no_color=not color, highlight=False, width=_width(err)),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=total)
        self._drawn_at = 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def show(self, done: int, words: str) -> None:
        """Draw the line, ten times a second at most."""
        now = time.monotonic()
        self._progress.update(self._task, completed=done, description=words)
        if now - self._drawn_at >= _AGAIN_S:
            self._drawn_at = now
            self._progress.refresh()


def _width(err: TextIO) -> int:
    try:
        return max(20, os.get_terminal_size(err.fileno()).columns - _ECHO)
    except (OSError, ValueError):
        return 80 - _ECHO
