"""`accessible`: nothing leaves but text, colours, CR and LF, whatever is done."""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import Desk
from tests.e2e.terminal import Terminal

ALLOWED = re.compile(r"\x1b\[[\d;]*m|[\r\n\x20-\x7e]|[\u00a1-\U0010ffff]")


def chat(home: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Terminal:
    argv = [sys.executable, "-m", "chatrepl", "--demo", *arguments]
    known = {"HOME": str(home), "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "", "XDG_CACHE_HOME": ""}
    return Terminal(argv, columns=60, rows=24, env={**known, **(env or {})})


def written(terminal: Terminal) -> str:
    return terminal.raw.decode()


def test_the_pattern_of_this_test_finds_what_moves_a_cursor() -> None:
    for text in ("\x1b[A", "\x1b[K", "\b", "\t", "\a", "\x1b]0;x\x07", "\x1b[?25l", "\x9bA"):
        assert ALLOWED.sub("", text)
    assert not ALLOWED.sub("", "\x1b[1;31mred\x1b[m – ok\r\n")


def edit(terminal: Terminal) -> None:
    terminal.send("hello wrld").keys("left", "left", "left").send("o").keys("home")
    terminal.send("> ").keys("end").send("!!").keys("bs").settle()
    terminal.wait_for("^you: > hello world!$")
    terminal.keys("enter").wait_for("reply ends")


def edit_a_long_line(terminal: Terminal) -> None:
    terminal.send("a rather long line of words " * 5).settle().keys("bs", "bs", "bs", "c-w")
    terminal.send("the end").keys("left", "bs").keys("c-a").send("x").settle().keys("c-c")


def write_lines(terminal: Terminal) -> None:
    terminal.send("one").keys("c-j").send("two\\").keys("enter").send("three").settle()
    terminal.keys("up").settle().send("!").keys("enter").wait_for("reply ends")


def complete(terminal: Terminal) -> None:
    terminal.send("/und").keys("tab").settle().keys("c-c").send("/mo").keys("tab")
    terminal.wait_for("^/models")
    terminal.keys("tab").wait_for("^you: /model")
    terminal.settle().keys("c-c")


def search(terminal: Terminal) -> None:
    terminal.send("needle in hay").settle().keys("c-c", "c-r").send("need")
    terminal.wait_for("^search need: needle in hay")
    terminal.send("x").wait_for("not found")
    terminal.keys("bs", "enter").wait_for("^you: needle in hay")
    terminal.keys("c-c")


def change_the_window(terminal: Terminal) -> None:
    terminal.send("a draft of some length, to be wrapped").settle()
    terminal.resize(30, 12).settle(0.3).send(" and more").resize(70, 20).settle(0.3).keys("c-c")


def err(terminal: Terminal) -> None:
    terminal.send("/bogus").keys("enter").wait_for("no command")
    terminal.send("demo: error 529 x1").keys("enter").wait_for("overloaded")
    terminal.wait_for("reply ends")


def stop(terminal: Terminal) -> None:
    terminal.send("demo: pace 20; count to 400").keys("enter").pump(1.5).keys("c-c")
    terminal.wait_for("reply ends|Stopped before")
    terminal.settle().keys("c-c")


def answer(terminal: Terminal) -> None:
    terminal.send("demo: say hi").keys("enter").wait_for("reply ends")
    terminal.send("demo: say ho").keys("enter").wait_count("reply ends", 2)
    terminal.send("/truncate 1").keys("enter").wait_for(r"\[y/N\]")
    terminal.send("nx").keys("bs", "enter").wait_for("Not left out")


def show(terminal: Terminal) -> None:
    for line in ("/help", "/context", "/sessions", "/tree", "/models", "demo: hostile"):
        terminal.send(line).settle(0.3).keys("enter").settle(0.5)
    terminal.wait_for("reply ends")


def edit_elsewhere(terminal: Terminal) -> None:
    terminal.send("a draft").keys("c-x", "c-e").settle(0.5).keys("c-l").settle().keys("c-c")


def ask_for_the_keys(terminal: Terminal) -> None:
    terminal.send("?").wait_for("^Ctrl-D +leave$")
    terminal.send("so it is").keys("c-c")


def choose_a_conversation(terminal: Terminal) -> None:
    terminal.send("demo: say hi").keys("enter").wait_for("reply ends")
    terminal.send("/clear").keys("enter").wait_for("new conversation")
    terminal.send("/load").keys("enter").wait_for("^1 +demo: say hi")
    terminal.send("/load 1").keys("enter").wait_for("^demo: say hi, 1 turn")


STEPS: tuple[Callable[[Terminal], None], ...] = (
    edit, edit_a_long_line, write_lines, complete, search, change_the_window, err, stop, answer,
    show, edit_elsewhere, ask_for_the_keys, choose_a_conversation,
)  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_only_text_colours_and_line_ends_leave(
    tmp_path: Path, step: Callable[[Terminal], None]
) -> None:
    with chat(tmp_path, env={"CHATREPL_ACCESSIBLE": "true", "EDITOR": "true"}) as terminal:
        terminal.wait_for("^you:")
        step(terminal)
        terminal.settle().keys("c-d")
        if terminal.wait_exit() != 0:
            raise AssertionError(terminal.everything())
        assert ALLOWED.sub("", written(terminal)) == "", terminal.everything()
        assert terminal.tty_is_sane()


@pytest.mark.parametrize("text", ["accessible = true\n", "[profiles.x]\naccessible=true\n"])
def test_a_configuration_that_says_so_is_heard_before_anything_is_shown(
    tmp_path: Path, text: str
) -> None:
    folder = tmp_path / ".config" / "chatrepl"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(text, encoding="utf-8")
    profile = ["--profile", "x"] if "profiles" in text else []
    with chat(tmp_path, *profile) as terminal:
        terminal.wait_for("^you:")
        terminal.send("demo: say hi").keys("enter").wait_for("^claude:\nhi\nreply ends")
        terminal.keys("c-d")
        assert terminal.wait_exit() == 0
        assert ALLOWED.sub("", written(terminal)) == ""


def test_a_single_shot_keeps_to_it(tmp_path: Path) -> None:
    with chat(tmp_path, "--set", "accessible=true", "demo:", "long", "600") as terminal:
        assert terminal.wait_exit() == 0
        assert "claude:" in terminal.everything()
        assert ALLOWED.sub("", written(terminal)) == ""


def test_in_a_pipe_words_stand_for_marks_and_the_answer_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("words\n")
    with serve(Engine()) as served:
        desk = Desk(tmp_path, served)
        done = desk.run("-v", "-a", str(tmp_path / "a.md"), "demo: say a · b …",
                        "--set", "accessible=true")  # fmt: skip
    assert done.out == "a · b …\n"
    assert done.err.startswith("attached: a.md, text, ~")
    assert done.err.isascii()
    assert " in, " in done.err


def test_it_can_be_set_and_taken_back_in_a_chat(tmp_path: Path) -> None:
    with chat(tmp_path) as terminal:
        terminal.wait_for("^› Ask")
        terminal.send("/set accessible true").settle().keys("enter").wait_for("^you:")
        begin = len(terminal.raw)
        terminal.send("demo: say hi").keys("enter").wait_for("reply ends")
        terminal.settle()
        assert ALLOWED.sub("", terminal.raw[begin:].decode()) == ""
        terminal.send("/set accessible false").settle().keys("enter").wait_for("^› ", visible=True)
        terminal.keys("c-d")
        assert terminal.wait_exit() == 0
        assert terminal.tty_is_sane()
