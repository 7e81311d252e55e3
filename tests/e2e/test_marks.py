"""Marks for the terminal around prompts and replies, and what it is told beside them."""

import re
import sys
from pathlib import Path

import pytest

from tests.e2e.terminal import DONE, Terminal

MARK = re.compile(rb"\x1b\]133;([ABCD])(?:;([^\x07\x1b]*))?\x1b\\")


def chat(home: Path, *arguments: str, **env: str) -> Terminal:
    argv = [sys.executable, "-m", "chatrepl", "--demo", *arguments]
    known = {"HOME": str(home), "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "", "XDG_CACHE_HOME": ""}
    return Terminal(argv, columns=70, rows=20, env={**known, **env})


def marks(terminal: Terminal) -> list[str]:
    return [
        f"{kind}{more}" for kind, more in re.findall(r"133;([ABCD])((?:;\d+)?)", text(terminal))
    ]


def text(terminal: Terminal) -> str:
    return terminal.raw.decode()


def test_each_prompt_and_each_output_is_marked_with_how_it_ended(tmp_path: Path) -> None:
    with chat(tmp_path) as terminal:
        terminal.wait_for("^› Ask")
        terminal.send("demo: say well").keys("enter").wait_for(DONE)
        terminal.settle().send("/bogus").settle().keys("enter").wait_for("no command")
        terminal.settle().send("demo: pace 20; count to 400").keys("enter").wait_for("3 4 5")
        terminal.keys("esc").wait_for("· cut")
        terminal.settle().keys("c-d")
        assert terminal.wait_exit() == 0
        assert marks(terminal)[:12] == [
            "A", "B", "C", "D;0", "A", "B", "C", "D;1", "A", "B", "C", "D;130",
        ]  # fmt: skip
        assert re.search(r"133;C\x1b\\.*well.*133;D;0\x1b", text(terminal), re.DOTALL)
        assert len(MARK.findall(terminal.raw)) == len(marks(terminal))


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CHATREPL_ACCESSIBLE": "true"}])
def test_where_nobody_reads_marks_there_are_none(tmp_path: Path, env: dict[str, str]) -> None:
    with chat(tmp_path, "--set", "notify=true", "--set", "title=true", **env) as terminal:
        terminal.wait_for("^(›|you:)")
        terminal.send("demo: say well").keys("enter").wait_for(DONE)
        terminal.send("\x1b[O").settle().keys("c-d")
        assert b"\x1b]" not in terminal.raw
        assert b"1004" not in terminal.raw


def test_who_looks_elsewhere_is_called_and_the_window_gets_its_title_back(tmp_path: Path) -> None:
    with chat(tmp_path, "--set", "notify=true", "--set", "title=true") as terminal:
        terminal.wait_for("^› Ask")
        terminal.paste("\x1b]0;PWN\x07 first\ndemo: pace 20; count to 25")
        terminal.keys("enter").wait_for("3 4 5")
        assert b"\x1b[?1004h" in terminal.raw
        terminal.send("\x1b[O").wait_for(DONE)
        terminal.settle()
        assert re.search(r"\x1b\]9;chatrepl: claude-sonnet-5-5 has answered\x1b\\", text(terminal))
        assert terminal.emulator.title.endswith("first demo: pace 20; count to 25")
        assert "PWN\x07" not in text(terminal)
        terminal.send("next").wait_for("^› next$")
        terminal.keys("c-c", "c-d")
        assert terminal.wait_exit() == 0
        assert terminal.tty_is_sane()
        assert text(terminal).count("\x1b[22;2t") == text(terminal).count("\x1b[23;2t") == 1


def test_without_the_settings_nobody_is_asked_called_or_named(tmp_path: Path) -> None:
    with chat(tmp_path) as terminal:
        terminal.wait_for("^› Ask")
        terminal.send("demo: say well").keys("enter").wait_for(DONE)
        terminal.settle().keys("c-d")
        assert terminal.wait_exit() == 0
        for word in ("1004", "]9;", "]2;", "22;2t", "\a"):
            assert word not in text(terminal)


@pytest.mark.parametrize("name", ["TERM", "HUP", "TSTP"])
def test_the_focus_is_asked_for_no_longer_when_we_are_away(tmp_path: Path, name: str) -> None:
    argv = [sys.executable, "-m", "chatrepl", "--demo", "--set", "notify=true"]
    shell = ["bash", "-c", f"set -m; {' '.join(argv)}; echo back; fg; echo left"]
    command = shell if name == "TSTP" else argv
    with Terminal(command, columns=70, rows=20, env={"HOME": str(tmp_path)}) as terminal:
        terminal.wait_for("^› Ask")
        terminal.send("demo: pace 20; count to 40").keys("enter").wait_for("3 4 5")
        if name == "TSTP":
            terminal.keys("c-z").wait_for("^back")
            before = text(terminal).partition("back")[0]
            assert before.rfind("1004l") > before.rfind("1004h")
            terminal.wait_for(DONE)
            assert text(terminal).count("1004h") == 2
        else:
            terminal.signal(name).wait_exit()
        assert text(terminal).rfind("1004l") > text(terminal).rfind("1004h")
