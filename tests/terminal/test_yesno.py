"""A question with yes or no."""

import re
import sys

import pytest

from tests.e2e.terminal import Terminal

PROGRAM = """
import signal
from chatrepl.terminal.modes import Tty
from chatrepl.terminal.yes_no import ask_yes_no
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may have been ignored
tty = Tty()
with tty.quiet():
    kept = []
    print("answer", ask_yes_no(tty, "Delete a\\x1b[2Jb?", kept.extend), kept, flush=True)
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
        (b"\x03", None),
        (b"\x04", None),
        (b"\x1b", None),
        (b"ye\x03", None),
        (b"/y\r", False),
    ],
)
def test_anything_but_yes_is_no_and_what_leaves_is_neither(keys: bytes, answer: object) -> None:
    with Terminal([sys.executable, "-c", PROGRAM], columns=60, rows=6) as terminal:
        terminal.wait_for(r"Delete a\^\[\[2Jb\? \[y/N\]")
        terminal.send(keys).wait_for(f"answer {answer}")
        assert terminal.wait_exit() == 0
        assert terminal.tty_is_sane()


@pytest.mark.parametrize("columns", [26, 31, 40])
def test_a_long_question_breaks_between_words_and_leaves_room_for_the_answer(columns: int) -> None:
    words = "There is no file nope.txt. Send it as text? y: send, N: change it"
    program = PROGRAM.replace("Delete a\\x1b[2Jb?", words)
    with Terminal([sys.executable, "-c", program], columns=columns, rows=12) as terminal:
        terminal.wait_for(r"N\]")
        rows = terminal.screen().split("\n")
        asked = [row.rstrip() for row in rows if row.strip()]
        assert " ".join(asked) == f"{words} [y/N]"
        assert max(map(len, asked)) <= columns - 5
        terminal.send("y\r").wait_for("answer True")


@pytest.mark.parametrize(
    ("keys", "answer", "kept"),
    [
        (b"y\r", True, []),
        (b"nope\x7f\x7f\x7f\x7fyes\r", True, []),
        (b"no\x15y\r", True, []),
        (b"y\x1b[?62;4c\x1b[I\x1b[Aes\x1b[13u", True, []),
        (b"/help\r", False, ["/help", "\r"]),
        (b"I did not see the question\r", False, ["I did not see the question"]),
        (b"no, thank you\r", False, []),
        (b"y\x1b[99;5u", None, []),
        (b"y\x1b", None, []),
    ],
)
def test_what_is_no_answer_is_kept_for_the_prompt(
    keys: bytes, answer: bool, kept: list[str]
) -> None:
    with Terminal([sys.executable, "-c", WAITING], columns=90, rows=6) as terminal:
        terminal.wait_for("ready")
        terminal.send(keys).wait_for(re.escape(f"answer {answer} {kept}"))
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize(
    ("paste", "text"),
    [
        (b"yes\rmore\r", "yes\nmore\n"),
        (b"y\n\r\ny", "y\n\ny"),
        (b"\x1b[200~y\r\x1b[201~", "y\n"),
        (b"\x1b[200~y\x1b[201~\r", "y"),
    ],
)
def test_a_paste_answers_nothing_and_is_kept_for_the_prompt(paste: bytes, text: str) -> None:
    with Terminal([sys.executable, "-c", PROGRAM], columns=90, rows=6) as terminal:
        terminal.wait_for(r"\[y/N\]")
        terminal.send(paste).pump(0.3)
        assert "answer" not in terminal.everything()
        terminal.send(b"y\r").wait_for("answer True .Pasted")
        assert repr(text)[1:-1] in terminal.everything().replace("\n", "")
        assert terminal.wait_exit() == 0


def test_the_answer_is_seen_and_nothing_else() -> None:
    with Terminal([sys.executable, "-c", PROGRAM], columns=60, rows=6) as terminal:
        terminal.wait_for(r"\[y/N\]")
        terminal.send("nö日x\x1b[?6c\x9b2J\x7f\x7f").wait_for(r"\[y/N\] nö$")
        terminal.send("\x04").wait_for("answer None")
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize(
    ("keys", "letter"),
    [
        (b"\r", "Y"), (b"y\r", "Y"), (b"A\r", "a"), (b"all\r", "a"), (b"n\r", "n"),
        (b"no\r", "n"), (b"what\r", "n"), (b"\x1b", ""), (b"\x03", ""), (b"\x04", ""),
    ],
)  # fmt: skip
def test_one_of_several_answers_goes_by_its_letter_and_all_else_is_no(
    keys: bytes, letter: str
) -> None:
    asking = PROGRAM.replace("ask_yes_no(tty, ", "ask_among(tty, ").replace('b?",', 'b?", "Yan",')
    program = asking.replace("import ask_yes_no", "import ask_among")
    with Terminal([sys.executable, "-c", program], columns=60, rows=6) as terminal:
        terminal.wait_for(r"b\? \[Y/a/n\]")
        terminal.send(keys).wait_for(rf"answer {letter} \[")
        assert terminal.wait_exit() == 0
