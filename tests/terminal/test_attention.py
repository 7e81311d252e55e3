"""What a window that nobody looks at is told, in words that cannot drive it."""

import os
import pty
import re
import select
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.talk.conversation import Receipt
from chatrepl.terminal.attention import Attention
from chatrepl.terminal.modes import Tty


class Window:
    """A terminal, and what is written to it."""

    def __init__(self, environ: Mapping[str, str], *, escapes: bool = True) -> None:
        self.master, slave = pty.openpty()
        self.tty = Tty(slave, slave, escapes=escapes)
        self.attention = Attention(self.tty, environ)

    def written(self) -> str:
        data = b""
        while select.select([self.master], [], [], 0)[0]:
            data += os.read(self.master, 65_536)
        return data.decode()


def done(model: str, took_s: float) -> Receipt:
    return Receipt(model, "end_turn", duration_s=took_s)


@pytest.fixture
def window() -> Window:
    return Window({"TERM": "xterm-kitty"})


def test_the_focus_is_asked_for_only_while_a_reply_comes_that_may_call(window: Window) -> None:
    with window.attention.watching(notify=False):
        pass
    assert window.written() == ""
    with window.attention.watching(notify=True):
        assert window.written() == "\x1b[?1004h"
        with window.tty.usual():
            assert window.written() == "\x1b[?1004l"
        assert window.written() == "\x1b[?1004h"
    assert window.written() == "\x1b[?1004l"


def test_what_is_on_is_given_back_when_we_leave_in_the_middle(window: Window) -> None:
    window.attention.name_window("a question")
    with window.attention.watching(notify=True):
        window.attention.hear(b"\x1b[O")
        window.written()
        window.tty.restore()
        assert window.written().startswith("\x1b]9;4;0\x1b\\\x1b[?1004l\x1b[23;2t")


@pytest.mark.parametrize(
    ("heard", "calls"),
    [
        ([b"\x1b[O"], True),
        ([b"\x1b[I"], False),
        ([b"ab\x1b[Ocd", b"\x1b[I"], False),
        ([b"\x1b[I\x1b[O"], True),
        ([b"\x1b[O", b"text"], True),
    ],
)
def test_who_looks_elsewhere_is_called_and_who_looks_is_not(
    window: Window, heard: list[bytes], calls: bool
) -> None:
    with window.attention.watching(notify=True):
        for data in heard:
            window.attention.hear(data)
    window.written()
    window.attention.call(done("m", 99.0))
    assert window.written() == ("\x1b]9;chatrepl: m has answered\x1b\\\a" if calls else "")


@pytest.mark.parametrize(
    ("focused", "told"),
    [(True, ""), (None, "\a"), (False, "\x1b]9;chatrepl: a question waits\x1b\\\a")],
)
def test_a_question_that_waits_calls_who_does_not_look(
    window: Window, focused: bool | None, told: str
) -> None:
    window.attention.focused = focused
    window.attention.call_to_question()
    assert window.written() == told


@pytest.mark.parametrize(("took_s", "rings"), [(9.9, ""), (10.0, "\a")])
def test_where_nobody_knows_a_long_reply_rings(window: Window, took_s: float, rings: str) -> None:
    window.attention.call(done("m", took_s))
    assert window.written() == rings


def test_progress_is_shown_to_who_looks_elsewhere_only(window: Window) -> None:
    with window.attention.watching(notify=True):
        window.written()
        window.attention.hear(b"\x1b[O")
        assert window.written() == "\x1b]9;4;3\x1b\\"
        window.attention.hear(b"\x1b[I")
        assert window.written() == "\x1b]9;4;0\x1b\\"
        window.attention.hear(b"\x1b[O")
        window.written()
    assert window.written() == "\x1b]9;4;0\x1b\\\x1b[?1004l"


@pytest.mark.parametrize(
    ("environ", "begins"),
    [
        ({"TERM": "foot"}, "\x1b]777;notify;chatrepl;"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "\x1b]777;notify;chatrepl;"),
        ({"TERM": "xterm-256color"}, "\x1b]9;chatrepl: "),
        ({"TERM": "tmux-256color", "TMUX": "x"}, "\x1bPtmux;\x1b\x1b]9;chatrepl: "),
    ],
)
def test_each_terminal_is_told_in_its_own_way(environ: dict[str, str], begins: str) -> None:
    window = Window(environ)
    window.attention.focused = False
    window.attention.call(done("m", 1.0))
    assert window.written().startswith(begins)


@given(st.text(max_size=200) | st.sampled_from(["\x1b]0;x\x07", "a\x07b\x1b\\c", "\x9c;;\x9d"]))
def test_text_from_outside_ends_no_sequence_and_begins_none(text: str) -> None:
    window = Window({"TERM": "foot"})
    window.attention.focused = False
    window.attention.call(done(text, 1.0))
    window.attention.name_window(text)
    for sequence in re.split(r"(?<=\x1b\\)\a?|\x1b\[22;2t", window.written()):
        inside = sequence.removeprefix("\x1b]").removesuffix("\x1b\\")
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", inside)


def test_a_terminal_that_knows_nothing_of_it_gets_nothing() -> None:
    plain = Window({"TERM": "xterm"})
    plain.tty.speak_plainly(plain=True)
    for window in (Window({"TERM": "dumb"}, escapes=False), plain):
        window.attention.focused = False
        window.attention.name_window("x")
        with window.attention.output(int), window.attention.watching(notify=True):
            window.attention.hear(b"\x1b[O")
        window.attention.call(done("x", 99.0))
        window.tty.restore()
        assert window.written() == ""


def test_the_console_of_linux_gets_no_marks() -> None:
    window = Window({"TERM": "linux"})
    with window.attention.output(int):
        pass
    assert window.written() == ""


def test_output_is_marked_with_how_it_ended_whatever_is_raised(window: Window) -> None:
    with suppress(KeyError), window.attention.output(lambda: 7):
        raise KeyError
    assert window.written() == "\x1b]133;C\x1b\\\x1b]133;D;7\x1b\\"
