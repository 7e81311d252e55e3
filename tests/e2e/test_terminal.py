"""The driver of the end-to-end tests, driven."""

import sys

import pytest

from tests.e2e.terminal import LIGHT, Terminal

RAW = """
import os, re, sys, termios, tty
tty.setcbreak(0)
print("ready")
def ask(query, end):
    os.write(1, query)
    answer = b""
    while not re.search(end, answer):
        answer += os.read(0, 1)
    print(ascii(answer))
"""


def python(program: str, **options: str) -> Terminal:
    return Terminal([sys.executable, "-c", program], columns=40, rows=6, env=options)


def test_screen_and_scrollback_are_what_was_printed() -> None:
    with python("for n in range(20): print('row', n)") as terminal:
        terminal.wait_for("^row 19$")
        assert terminal.scrollback().splitlines() == [f"row {n}" for n in range(15)]
        assert terminal.screen().splitlines() == [f"row {n}" for n in range(15, 20)]
        assert terminal.wait_exit() == 0


def test_keys_and_text_reach_the_program() -> None:
    with python("print(input('? ') + '!'); raise SystemExit(7)") as terminal:
        terminal.wait_for(r"\?")
        terminal.send("hé").keys("enter").wait_for("^hé!$")
        assert terminal.wait_exit() == 7


def test_questions_about_cursor_and_background_are_answered() -> None:
    with python(
        RAW + "ask(b'ab\\x1b[6n', b'R'); ask(b'\\x1b]11;?\\x1b\\\\', rb'\\\\$')"
    ) as terminal:
        terminal.wait_for(r"\[2;3R")
        terminal.wait_for(r"]11;rgb:1414/1616/1a1a")


def test_a_silent_terminal_answers_nothing() -> None:
    program = (
        RAW + "import select; os.write(1, b'\\x1b[6n'); print(select.select([0], [], [], .2)[0])"
    )
    with Terminal([sys.executable, "-c", program], answers=False, background=LIGHT) as terminal:
        terminal.wait_for(r"\[\]")


def test_a_paste_larger_than_any_queue_arrives_whole() -> None:
    program = RAW + "n = 0\nwhile n < 300_012: n += len(os.read(0, 9999))\nprint('got', n)"
    with python(program) as terminal:
        terminal.wait_for("ready")
        terminal.paste("x" * 300_000)
        terminal.wait_for("got 300012")


def test_a_resize_is_seen_by_the_program() -> None:
    program = (
        "import os, signal\nsignal.signal(28, lambda *_: print(os.get_terminal_size()))\ninput()"
    )
    with python(program) as terminal:
        terminal.pump(0.3).resize(51, 9)
        terminal.wait_for("columns=51, lines=9")


def test_a_signals_number_is_the_exit_code() -> None:
    with python("print('up'); input()") as terminal:
        terminal.wait_for("up")
        assert terminal.signal("TERM").wait_exit() == -15


def test_suspension_is_noticed() -> None:
    with python("print('up'); input(); print('done')") as terminal:
        terminal.wait_for("up")
        terminal.signal("STOP").wait_stopped().signal("CONT")
        terminal.keys("enter").wait_for("done")


def test_what_is_missing_fails_with_the_screen() -> None:
    with python("print('here')") as terminal, pytest.raises(AssertionError, match="here"):
        terminal.wait_for("there", 0.5)


def test_modes_left_on_and_a_raw_tty_are_noticed() -> None:
    with python("print('up'); input()") as terminal:
        terminal.wait_for("up")
        assert terminal.tty_is_sane()
    with python("import tty; tty.setraw(0); print('up'); input()") as terminal:
        terminal.wait_for("up")
        assert not terminal.tty_is_sane()
    with python("print('\\x1b[?2004h\\x1b[?25lup')") as terminal:
        terminal.wait_for("up")
        assert not terminal.tty_is_sane()
        assert not terminal.cursor_is_shown()


def test_joiners_do_not_swallow_the_rest_of_the_row() -> None:
    with python("print('a👩\\u200d👧 ❤\\ufe0f b')") as terminal:
        terminal.wait_for(r"^a👩\u200d\s?👧\s? ❤\ufe0f b$")
