"""A question with yes or no, asked on the terminal; anything but yes is no."""

import sys

from chatrepl.terminal.modes import Tty
from chatrepl.terminal.sanitize import one_line


def ask_yes_no(tty: Tty, question: str) -> bool:
    """Ask and wait for an answer in the terminal's usual mode. Ctrl-C and Ctrl-D mean no."""
    with tty.usual():
        try:
            answer = input(f"{one_line(question, 400)} [y/N] ")
        except (EOFError, KeyboardInterrupt, UnicodeDecodeError):
            sys.stdout.write("\n")
            return False
    return answer.strip().casefold() in {"y", "yes"}
