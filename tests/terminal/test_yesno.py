"""A question with yes or no."""

import re
import sys

import pytest

from tests.e2e.terminal import Terminal

PROGRAM = """
import signal
from chatrepl.terminal.modes import Tty
from chatrepl.terminal.keyboard import ask_yes_no
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may have been ignored
tty = Tty()
with tty.quiet():
    kept = []
    print("answer", ask_yes_no(tty, "Delete a\\x1b[2Jb?", kept.append), kept, flush=True)
"""

WAITING = PROGRAM.replace(
    "kept = []",
    """import select, time
    print("ready", flush=True)
    select.select([0], [], [])
    time.sleep(0.2)  # until all of it has come
    kept = []""",
)


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


@pytest.mark.parametrize(
    ("keys", "answer", "kept"),
    [
        (b"y\rnext one\r/help\r", True, b"next one\r/help\r"),
        (b"no\rhalf", False, b"half"),
        (b"/help\rnext\r", False, b"/help\rnext\r"),
        (b"I did not see the question\r", False, b"I did not see the question"),
        (b"nor did I see it\rnext\r", False, b"nor did I see it\nnext\r"),
        (b"no, thank you\r", False, None),
    ],
)
def test_what_is_no_answer_is_kept_for_the_prompt(
    keys: bytes, answer: bool, kept: bytes | None
) -> None:
    expected = f"answer {answer} {[] if kept is None else [kept]}"
    with Terminal([sys.executable, "-c", WAITING], columns=90, rows=6) as terminal:
        terminal.wait_for("ready")
        terminal.send(keys).wait_for(re.escape(expected))
        assert terminal.wait_exit() == 0


def test_a_command_is_no_answer_and_is_kept_for_the_prompt() -> None:
    with Terminal([sys.executable, "-c", PROGRAM], columns=60, rows=6) as terminal:
        terminal.wait_for(r"\[y/N\]")
        terminal.send(b"/help\r")
        terminal.wait_for(r"answer False \[b'/help\\r'\]")
        assert terminal.wait_exit() == 0
