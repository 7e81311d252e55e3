"""A word for who waits longer than a moment for what shows nothing by itself."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_MOMENT_S: Final = 2.0
STILL: Final = "Still at it; Ctrl-C leaves it."


@contextmanager
def patience(tell: Callable[[str], object], moment_s: float = _MOMENT_S) -> Iterator[None]:
    """Have the user told, once, where a block takes longer than a moment.

    What comes after the block is never mixed with it: it is told before, or not at all.
    """
    timer = threading.Timer(moment_s, tell, (STILL,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
