"""The mark that stands there before the prompt."""

import os
import tty as ttymodule
from collections.abc import Iterator

import pytest

from chatrepl.startup.early_prompt import (
    ATTRIBUTES_QUESTION,
    COLOR_QUESTION,
    Background,
    EarlyPrompt,
)
from chatrepl.terminal.modes import Tty


class Ours(Tty):
    """A pseudo terminal that counts as ours although it does not control this process."""

    @property
    def is_ours(self) -> bool:
        return True


@pytest.fixture
def pty() -> Iterator[tuple[int, int]]:
    master, slave = os.openpty()
    ttymodule.setraw(slave)
    yield master, slave
    os.close(master)
    os.close(slave)


def test_the_mark_is_painted_at_once_and_wiped_away_with_the_answer_read(
    pty: tuple[int, int],
) -> None:
    master, slave = pty
    with EarlyPrompt(Ours(slave, slave), "> ", {}) as early:
        assert os.read(master, 10) == b"\x1b[?2004h> "
        assert os.read(master, 100) == f"{COLOR_QUESTION}{ATTRIBUTES_QUESTION}".encode()
        os.write(master, b"hi\x1b]11;rgb:ff/ff/ff\x1b\\\x1b[?6c")
    assert os.read(master, 100) == b"\r\x1b[K"
    assert early.background == Background(False, b"hi")


def test_without_a_question_nothing_is_waited_for(pty: tuple[int, int]) -> None:
    master, slave = pty
    os.write(master, b"typed")
    with EarlyPrompt(Ours(slave, slave), "> ", {}, ask=False) as early:
        assert os.read(master, 100) == b"\x1b[?2004h> "
    assert os.read(master, 100) == b"\r\x1b[K"
    assert early.background == Background()
    assert os.read(slave, 100) == b"typed"


def test_an_error_is_not_held_up(pty: tuple[int, int]) -> None:
    _, slave = pty
    with pytest.raises(ZeroDivisionError), EarlyPrompt(Ours(slave, slave), "> ", {}):
        raise ZeroDivisionError
