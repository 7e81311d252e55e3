"""The keyboard while a reply streams, on a real pseudo terminal."""

import asyncio
import os
import sys
from collections.abc import Iterator

import pytest

from chatrepl.terminal.keyboard import Reactions, typed_line, watch_keyboard
from chatrepl.terminal.keys.typing import Pasted, Stroke
from chatrepl.terminal.modes import Tty
from tests.e2e.terminal import Terminal

COMMAND = [sys.executable, "-m", "tests.terminal.programs", "stream"]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with Terminal(COMMAND, columns=60, rows=20) as streaming:
        streaming.wait_for("word1$")
        yield streaming


def test_what_is_typed_meanwhile_is_the_next_line_and_never_echoed(terminal: Terminal) -> None:
    terminal.send("nxt").keys("left", "left").send("e").paste("a\r\nb").wait_for("word5$")
    assert "nxt" not in terminal.everything()
    terminal.keys("esc").wait_for("stopped")
    terminal.wait_for(r"^› nea\^?M?")
    terminal.keys("enter").wait_for(r"got 'nea\\r\\nbxt'")


def test_a_line_submitted_meanwhile_is_sent_and_the_rest_is_kept(terminal: Terminal) -> None:
    terminal.send("one\r").pump(0.3).send("two").keys("c-c").wait_for("stopped")
    terminal.wait_for("got 'one'")
    terminal.wait_for("^› two$")


@pytest.mark.parametrize(
    ("typed", "draft"),
    [
        ("ab\x1b[?62;4c\x1b]11;rgb:1/2/3\x1b\\cd", "abcd"),
        ("a\x1b[13;2ub", r"a\\nb"),
        ("SELECT a\r\nFROM b\r", r"SELECT a\\nFROM b\\n"),
        ("\x1b[200~a\x1b[201~\r/exit\rb\r", r"a\\n/exit\\nb\\n"),
    ],
    ids=ascii,
)
def test_reports_and_pastes_meanwhile_neither_type_nor_send(
    terminal: Terminal, typed: str, draft: str
) -> None:
    terminal.send(typed).pump(0.3).send("\x1b[99;5u").wait_for("stopped")
    terminal.wait_for("^› ")
    assert "got" not in terminal.settle(0.4).everything()
    terminal.keys("enter").wait_for(f"got '{draft}'")


def test_a_paste_that_outlives_the_reply_goes_on_in_the_prompt() -> None:
    with Terminal(COMMAND, columns=60, rows=20, answers=False) as terminal:
        terminal.wait_for("word1$")
        terminal.send("\x1b[200~one\r").pump(0.2).signal("INT").wait_for("stopped")
        terminal.send("two\r").pump(0.3).send("three\x1b[201~").wait_for("^  three$")
        assert "got" not in terminal.everything()
        terminal.pump(0.2).keys("enter").wait_for(r"got 'one\\ntwo\\nthree'")


def test_escape_sequences_do_not_stop_the_reply(terminal: Terminal) -> None:
    terminal.keys("up", "del", "m-b", "left").wait_for("word7$")
    assert "stopped" not in terminal.everything()


@pytest.mark.parametrize("stop", ["esc", "c-c"])
def test_esc_and_ctrl_c_stop_and_lose_nothing_typed_before(terminal: Terminal, stop: str) -> None:
    terminal.send("before").keys(stop).wait_for("stopped")
    terminal.wait_for("^› before$")


def test_a_signal_from_outside_stops_too(terminal: Terminal) -> None:
    terminal.signal("INT").wait_for("stopped")
    terminal.keys("c-d").wait_for("left by Closed")
    assert terminal.wait_exit() == 0
    assert terminal.tty_is_sane()


@pytest.mark.parametrize(("name", "code"), [("TERM", 143), ("HUP", 129)])
def test_a_deadly_signal_leaves_the_terminal_as_it_was(
    terminal: Terminal, name: str, code: int
) -> None:
    assert terminal.signal(name).wait_exit() == code
    assert terminal.tty_is_sane()
    assert terminal.cursor_is_shown()


def test_ctrl_z_suspends_between_two_words_and_the_keys_survive() -> None:
    command = " ".join(COMMAND)
    shell = ["bash", "-c", f"set -m; {command}; echo in the shell; stty -a; read; fg"]
    with Terminal(shell, columns=100, rows=30) as terminal:
        terminal.wait_for("word1$")
        terminal.send("typed").keys("c-z").wait_for("in the shell")
        terminal.wait_for("^isig icanon iexten echo echoe echok -echonl -noflsh")
        assert terminal.everything().index("suspended") < terminal.everything().index(
            "in the shell"
        )
        terminal.keys("enter").wait_for("back again")
        terminal.pump(0.3).keys("esc").wait_for("stopped")
        terminal.wait_for("^› typed$")


def test_where_there_is_no_terminal_nothing_happens() -> None:
    read, write = os.pipe()
    kept: list[Stroke] = []

    async def turn() -> None:
        async with watch_keyboard(Tty(read, write), Reactions(pytest.fail, kept.extend)):
            await asyncio.sleep(0)

    os.write(write, b"\x1b")
    asyncio.run(turn())
    assert kept == []
    assert os.read(read, 9) == b"\x1b"
    os.close(read)
    os.close(write)


@pytest.mark.parametrize(
    ("strokes", "line"),
    [
        (["/btw", " x"], "/btw x"),
        (["/btw wy", "\x7f", "hy"], "/btw why"),
        (["\x08", "a"], "a"),
        (["/btw ", Pasted("a\nb")], "/btw a\nb"),
        (["/btw x", "\x1b[D", "y"], ""),
        (["/btw x", "\x01"], ""),
        ([], ""),
    ],
)
def test_a_line_reads_as_it_was_typed_or_not_at_all(strokes: list[Stroke], line: str) -> None:
    assert typed_line(strokes) == line


def test_a_line_that_is_taken_is_not_kept_and_all_others_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, write = os.openpty()
    kept: list[Stroke] = []
    waits: list[int] = []
    monkeypatch.setattr(Tty, "is_ours", True)
    reactions = Reactions(
        stop=lambda: None,
        keep=kept.extend,
        waits=waits.append,
        takes=lambda line: line.startswith("/btw"),
    )

    async def watch() -> None:
        async with watch_keyboard(Tty(write, write), reactions):
            for typed in (b"one", b"\r", b"/btw x", b"\r", b"tw", b"o", b"\r", b"thr"):
                os.write(read, typed)
                await asyncio.sleep(0.02)

    try:
        asyncio.run(watch())
    finally:
        os.close(read)
        os.close(write)
    assert kept == ["one", "\r", "tw", "o", "\r", "thr"]
    assert waits == [1, 1, 2]
