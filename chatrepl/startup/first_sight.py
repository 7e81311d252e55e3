"""The first thing that a chat shows, before anybody has looked at the settings.

Whatever is imported here, the user waits for; a test holds it to next to nothing.
"""

import gc
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from chatrepl import __version__

if TYPE_CHECKING:
    from chatrepl.startup.early_prompt import EarlyPrompt

# Nothing that is imported is garbage: looking for some again and again is a tenth of a demo shot.
_RARELY: Final = (50_000, 20, 20)
_STILL_A_CHAT: Final = {"--demo", "--no-save", "--continue", "-c", "--raw", "--quiet", "-q"}


@contextmanager
def first_sight(argv: Sequence[str]) -> "Iterator[EarlyPrompt | None]":
    """Show the prompt's mark at once where the command line surely begins a chat, else give None.

    Keys wait, unseen, until somebody reads them. Afterwards the terminal is as it was found.
    From here on garbage is seldom looked for.
    """
    gc.set_threshold(*_RARELY)
    if not _begins_chat(argv, os.environ):
        yield None
        return
    from chatrepl.startup.early_prompt import early_prompt

    with early_prompt(os.environ, f"chatrepl {__version__}") as early:
        yield early


def _begins_chat(argv: Sequence[str], environ: Mapping[str, str]) -> bool:
    if not _STILL_A_CHAT.issuperset(argv) or "_CHATREPL_COMPLETE" in environ:
        return False
    if environ.get("TERM", "").lower() in {"", "dumb", "unknown"}:
        return False
    try:
        return os.isatty(0) and sys.stdout.isatty()
    except (AttributeError, ValueError):  # closed
        return False
