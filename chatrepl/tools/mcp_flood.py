"""How much a server may send at once: beyond that it is ended, whatever it sends."""

import time
from collections.abc import Callable
from typing import Final

MOST_BYTES: Final = 32_000_000
_PER_SECOND: Final = 8_000_000
_PER_LINE: Final = 4_000  # a line costs time, however short


class FloodError(OSError):
    """A server sent more than anybody can want."""


class FloodGate:
    """A bucket of bytes that what comes is taken from, and that time fills again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = float(MOST_BYTES)
        self._at = clock()

    def take(self, size: int, lines: int = 0) -> None:
        """Count what came. Raises FloodError where that was too much."""
        now = self._clock()
        self._left = min(MOST_BYTES, self._left + (now - self._at) * _PER_SECOND)
        self._at = now
        self._left -= size + lines * _PER_LINE
        if self._left < 0:
            raise FloodError("it sent more than can be read")
