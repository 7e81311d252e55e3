"""A question with yes or no."""

import sys

import pytest

from tests.e2e.terminal import Terminal

PROGRAM = """
import signal
from chatrepl.terminal.modes import Tty
from chatrepl.terminal.yesno import ask_yes_no
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may have been ignored
tty = Tty()
with tty.quiet():
    kept = []
    print("answer", ask_yes_no(tty, "Delete a\\x1b[2Jb?", kept.append), kept, flush=True)
"""


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (b"y\r", True),
        (b"Yes\r", True),
        (b"\r", False),
        (b"nay\r", False),
        (b"\xff\r", False),
        (b"\x03", False),
        (b"\x04", False),
        (b"/y\r", False),
    ],
)
def test_anything_but_yes_is_no(keys: bytes, answer: bool) -> None:
    with Terminal([sys.executable, "-c", PROGRAM], columns=60, rows=6) as terminal:
        terminal.wait_for(r"Delete a\^\[\[2Jb\? \[y/N\]")
        terminal.send(keys).wait_for(f"answer {answer}")
        assert terminal.wait_exit() == 0
        assert terminal.tty_is_sane()


def test_a_command_is_no_answer_and_is_kept_for_the_prompt() -> None:
    with Terminal([sys.executable, "-c", PROGRAM], columns=60, rows=6) as terminal:
        terminal.wait_for(r"\[y/N\]")
        terminal.send(b"/help\r")
        terminal.wait_for(r"answer False \[b'/help\\r'\]")
        assert terminal.wait_exit() == 0
