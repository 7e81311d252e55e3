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

# Nothing that is imported is garbage. A demo shot makes some 50,000 objects that might be; looking
# for some even once is a fifteenth of it.
_RARELY: Final = (70_000, 20, 20)
_MAC_CONFIG: Final = "Library/Application Support/chatrepl"
_MOST_BYTES: Final = 100_000
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
        return os.isatty(0) and sys.stdout.isatty() and not _is_plain(environ)
    except (AttributeError, ValueError):  # closed
        return False


def _is_plain(environ: Mapping[str, str]) -> bool:
    """Tell whether the settings might say `accessible`: then nothing may stand there early."""
    if "CHATREPL_ACCESSIBLE" in environ:
        return True
    ours, home = environ.get("CHATREPL_CONFIG_DIR"), environ.get("HOME", "")
    xdg = environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    folders = [ours] if ours else [f"{xdg}/chatrepl", f"{home}/{_MAC_CONFIG}"]
    return any(map(_asks_for_plain, folders))


def _asks_for_plain(folder: str) -> bool:
    try:
        with open(f"{folder}/config.toml", "rb") as file:  # noqa: PTH123 - pathlib is not loaded yet
            lines = file.read(_MOST_BYTES).splitlines()
    except (OSError, ValueError):
        return False
    return any(line.lstrip().startswith(b"accessible") and b"true" in line for line in lines)
