"""What terminals answer about their background, and what is typed meanwhile."""

import os
import threading
import time
import tty as ttymodule

import pytest

from chatrepl.startup.early_prompt import (
    ATTRIBUTES_QUESTION,
    COLOR_QUESTION,
    Background,
    ask_background,
    from_environment,
    read_background,
    understand,
)
from chatrepl.terminal.modes import Tty


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x1b]11;rgb:1414/1616/1a1a\x1b\\\x1b[?62;4c", Background(True, sixel=True)),
        (b"\x1b[?62;22;4;9c", Background(sixel=True)),
        (b"\x1b[?4;64;14c", Background()),  # a VT132: the first number is its level
        (b"\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?6c", Background(False)),
        (b"\x1b]11;rgb:f/f/e\x1b\\", Background(False)),
        (b"\x1b]11;rgba:ff/ff/ff/80\x1b\\", Background(False)),
        (b"he\x1b]11;rgb:00/00/00\x1b\\llo\x1b[?1;2c\x1b[A\r", Background(True, b"hello\x1b[A\r")),
        (b"typed\x1b[?6c", Background(None, b"typed")),
        (b"typed", Background(None, b"typed")),
        (b"", Background()),
    ],
)
def test_answers_are_told_from_keys(data: bytes, expected: Background) -> None:
    assert understand(data) == expected


@pytest.mark.parametrize(
    ("value", "dark"),
    [("15;0", True), ("0;15", False), ("0;default;7", False), ("x", None), ("", None)],
)
def test_the_environment_may_know(value: str, dark: bool | None) -> None:
    assert from_environment({"COLORFGBG": value}) is dark


def test_a_console_without_windows_is_black() -> None:
    assert from_environment({"TERM": "linux"}) is True
    assert from_environment({"TERM": "xterm"}) is None


class Ours(Tty):
    """A pseudo terminal that counts as ours although it does not control this process."""

    @property
    def is_ours(self) -> bool:
        return True


def test_the_answer_is_waited_for_and_the_keys_are_kept() -> None:
    master, slave = os.openpty()
    ttymodule.setraw(slave)
    terminal = Ours(slave, slave)
    ask_background(terminal)
    assert os.read(master, 100) == f"{COLOR_QUESTION}{ATTRIBUTES_QUESTION}".encode()

    def reply() -> None:
        os.write(master, b"a\x1b]11;rgb:ff/ff")
        time.sleep(0.02)
        os.write(master, b"/ff\x1b\\b\x1b[?6c")

    answer = threading.Thread(target=reply)
    answer.start()
    assert read_background(terminal, {}, 5) == Background(False, b"ab")
    answer.join()
    os.close(master)
    os.close(slave)


def test_silence_costs_only_the_time_given_and_asks_the_environment() -> None:
    master, slave = os.openpty()
    ttymodule.setraw(slave)
    os.write(master, b"x")
    assert read_background(Ours(slave, slave), {"COLORFGBG": "0;15"}, 0.01) == Background(
        False, b"x"
    )
    os.close(master)
    os.close(slave)


def test_without_a_terminal_nothing_is_asked() -> None:
    read, write = os.pipe()
    terminal = Tty(read, write)
    ask_background(terminal)
    assert read_background(terminal, {"COLORFGBG": "15;0"}) == Background(True)
    os.close(write)
    assert os.read(read, 10) == b""
    os.close(read)
