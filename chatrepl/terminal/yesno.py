"""A question with yes or no, asked on the terminal; anything but yes is no.

A command or a sentence was meant for the prompt: it is no answer, and is handed back. So is what
was typed after the answer.
"""

import os
import re
import select
import sys
from collections.abc import Callable
from typing import Final

from chatrepl.terminal.modes import Tty
from chatrepl.terminal.sanitize import one_line

_LOOK_UP_S: Final = 0.1  # a Ctrl-C that came just before the wait began is noticed this soon
_MOST_WORDS: Final = 3  # of an answer such as "no, thank you"


def ask_yes_no(tty: Tty, question: str, keep: Callable[[bytes], None]) -> bool:
    """Ask and wait for an answer in the terminal's usual mode. Ctrl-C and Ctrl-D mean no.

    `keep` takes the keys that were no answer, for the next prompt.
    """
    with tty.usual():
        try:
            sys.stdout.write(f"{one_line(question, 400)} [y/N] ")
            sys.stdout.flush()
            typed = _typed(tty.keyboard)
        except KeyboardInterrupt:
            typed = b""
    answer, end, rest = _parted(typed)
    if not typed.endswith(b"\n"):
        sys.stdout.write("\n")
    if answer.lstrip().startswith(b"/"):
        rest = answer + end + rest
    elif len(answer.split()) > _MOST_WORDS:
        rest = answer + (b"\n" + rest if rest else b"")  # not sent by itself: nobody asked for it
    if rest:
        keep(rest)
    return answer.decode("utf-8", "replace").strip().casefold() in {"y", "yes"}


def _parted(typed: bytes) -> tuple[bytes, bytes, bytes]:
    """Give the first line, its Enter, and what follows, with Enter as it comes at the prompt."""
    return re.sub(rb"\r?\n", b"\r", typed).partition(b"\r")


def _typed(keyboard: int) -> bytes:
    """Read the line that is submitted, and what else is there; nothing at the keyboard's end."""
    typed = b""
    while not _waits(keyboard, _LOOK_UP_S):
        pass
    while data := os.read(keyboard, 4096):
        typed += data
        if not _waits(keyboard, 0):
            break
    return typed


def _waits(keyboard: int, seconds: float) -> bool:
    return bool(select.select([keyboard], [], [], seconds)[0])
