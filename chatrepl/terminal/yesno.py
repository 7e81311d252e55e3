"""A question with yes or no, asked on the terminal; anything but yes is no.

A line that begins with a slash was meant for the prompt: it is no answer, and is handed back.
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


def ask_yes_no(tty: Tty, question: str, keep: Callable[[bytes], None]) -> bool:
    """Ask and wait for an answer in the terminal's usual mode. Ctrl-C and Ctrl-D mean no.

    `keep` takes the keys that were no answer, for the next prompt: the answer is no then.
    """
    with tty.usual():
        try:
            sys.stdout.write(f"{one_line(question, 400)} [y/N] ")
            sys.stdout.flush()
            answer = _line(tty.keyboard)
        except KeyboardInterrupt:
            answer = b""
    if not answer.endswith(b"\n"):
        sys.stdout.write("\n")
    if answer.lstrip().startswith(b"/"):
        keep(re.sub(rb"\r?\n", b"\r", answer))  # as Enter comes at the prompt
        return False
    return answer.decode("utf-8", "replace").strip().casefold() in {"y", "yes"}


def _line(keyboard: int) -> bytes:
    """Read the line that is submitted; nothing where the keyboard has come to its end."""
    while not select.select([keyboard], [], [], _LOOK_UP_S)[0]:
        pass
    return os.read(keyboard, 4096)
