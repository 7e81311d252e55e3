"""Nobody reads a key out of our memory: no core dump, and no other program that looks in.

What the first does costs a fifth of a millisecond and comes before all else; the second needs a
slow import, and waits for the prompt, or the request, to be out.
"""

import sys
from contextlib import suppress
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def leave_no_core() -> None:
    """Let a crash write no core dump, neither of us nor of what we run."""
    with suppress(ImportError, OSError, ValueError):  # another system, or it is set harder already
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def let_nobody_look() -> None:
    """Keep other programs of this user from reading our memory, where the system can (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
