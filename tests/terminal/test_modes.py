"""The terminal's modes."""

import os
import termios
from collections.abc import Iterator

import pytest

from chatrepl.terminal.modes import Tty, quiet_modes


class Ours(Tty):
    """A pseudo terminal that counts as ours although it does not control this process."""

    @property
    def is_ours(self) -> bool:
        return True


@pytest.fixture
def pty() -> Iterator[tuple[int, int]]:
    master, slave = os.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def test_quiet_is_held_and_the_modes_from_before_come_back(pty: tuple[int, int]) -> None:
    _, slave = pty
    before = termios.tcgetattr(slave)
    terminal = Ours(slave, slave)
    with terminal.quiet():
        local = termios.tcgetattr(slave)[3]
        assert not local & (termios.ECHO | termios.ICANON)
        assert local & termios.ISIG
        assert local & termios.NOFLSH
        with terminal.usual():
            assert termios.tcgetattr(slave) == before
        assert termios.tcgetattr(slave)[3] == local
    assert termios.tcgetattr(slave) == before


def test_what_was_typed_before_the_quiet_is_submitted_by_its_enter(pty: tuple[int, int]) -> None:
    master, slave = pty
    terminal = Ours(slave, slave)
    os.write(master, b"hi\r")
    with terminal.quiet():
        terminal.note_what_was_typed()
        os.write(master, b"\n")  # Ctrl-J, from now on
        typed, later = os.read(slave, 3), os.read(slave, 3)
        assert (typed, later) == (b"hi\n", b"\n")
        assert terminal.typing.feed(typed) == ["hi", "\r"]
        assert terminal.typing.feed(later) == ["\n"]


def test_modes_come_back_after_an_error(pty: tuple[int, int]) -> None:
    _, slave = pty
    before = termios.tcgetattr(slave)
    with pytest.raises(ZeroDivisionError), Ours(slave, slave).quiet():
        raise ZeroDivisionError
    assert termios.tcgetattr(slave) == before


def test_quiet_twice_is_quiet(pty: tuple[int, int]) -> None:
    modes = termios.tcgetattr(pty[1])
    assert quiet_modes(quiet_modes(modes)) == quiet_modes(modes)


def test_restoring_resets_modes_cursor_and_paste(pty: tuple[int, int]) -> None:
    master, slave = pty
    before = termios.tcgetattr(slave)
    terminal = Ours(slave, slave)
    termios.tcsetattr(slave, termios.TCSANOW, quiet_modes(before))
    terminal.restore()
    assert termios.tcgetattr(slave) == before
    assert os.read(master, 100) == b"\x1b[?2004l\x1b[?25h\x1b[?7h\x1b[?2026l\x1b[0m"


def test_a_terminal_that_knows_no_sequences_gets_none(pty: tuple[int, int]) -> None:
    master, slave = pty
    os.set_blocking(master, False)
    Ours(slave, slave, escapes=False).restore()
    with pytest.raises(BlockingIOError):
        os.read(master, 1)


def test_a_pipe_and_a_closed_descriptor_are_left_alone() -> None:
    read, write = os.pipe()
    for terminal in (Tty(read, write), Tty(-1, -1)):
        assert not terminal.is_ours
        with terminal.quiet(), terminal.usual():
            terminal.restore()
    os.close(write)
    assert os.read(read, 1) == b""
    os.close(read)
