"""Words on stderr: whole in a pipe, and torn by no terminal."""

import io
import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatrepl.core.errors import ChatreplError
from chatrepl.shells.mutter import fitted, mutter, say_error

LONG = (
    "There are no credentials for the service; set the variable, or ask the one who keeps the key."
)


@contextmanager
def terminal(columns: int) -> Iterator[tuple[io.TextIOWrapper, int]]:
    """Give a stream to a terminal so wide, and the other end of it."""
    near, far = os.openpty()
    termios.tcsetwinsize(far, (24, columns))
    with open(far, "w", encoding="utf-8") as stream:  # noqa: PTH123
        yield stream, near
    os.close(near)


def test_a_closed_stderr_is_borne() -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        mutter(stream, "x")


@given(st.lists(st.text("ab-/.…", min_size=1, max_size=30), min_size=1), st.integers(20, 90))
@example(["chatrepl:", "a" * 200, "b"], 40)
def test_a_terminal_tears_no_word_that_it_has_room_for(words: list[str], columns: int) -> None:
    with terminal(columns) as (stream, _):
        rows = fitted(stream, " ".join(words)).split("\n")

    assert " ".join(rows).split() == words
    assert all(len(row) <= columns or len(row.split()) == 1 for row in rows)
    assert all(row.startswith("  ") for row in rows[1:])


def test_what_is_said_in_a_terminal_is_told_in_whole_words() -> None:
    with terminal(40) as (stream, near):
        say_error(stream, ChatreplError(LONG, LONG))
        rows = os.read(near, 4096).decode().split("\r\n")

    assert rows[0] == "chatrepl: There are no credentials for"
    assert rows[1] == "  the service; set the variable, or ask"
    assert " ".join(" ".join(rows).split()) == f"chatrepl: {LONG} {LONG}"


@pytest.mark.parametrize("columns", [0, 1, 19])
def test_what_has_no_width_to_speak_of_is_left_to_the_terminal(columns: int) -> None:
    with terminal(columns) as (stream, _):
        assert fitted(stream, LONG) == LONG


def test_a_pipe_gets_each_line_whole() -> None:
    stream = io.StringIO()

    mutter(stream, LONG * 9)

    assert stream.getvalue() == LONG * 9 + "\n"


def test_what_is_meant_exactly_has_no_rows_but_its_own() -> None:
    with terminal(40) as (stream, near):
        mutter(stream, f"{LONG}\n\n    as it  is", exactly=True)

        assert os.read(near, 4096).decode() == f"{LONG}\r\n\r\n    as it  is\r\n"
