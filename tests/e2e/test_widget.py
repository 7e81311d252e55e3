"""Words on the line of a real shell become a command, which only Enter runs."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatrepl.demo.server import serve
from tests.e2e.piped import Desk
from tests.e2e.terminal import Terminal

SHELLS = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "-i"),
}
TURNS = {
    "bash": 'eval "$(chatrepl --widget bash)"; PS1="ready> "',
    "zsh": 'eval "$(chatrepl --widget zsh)"; PS1="ready> "',
    "fish": "chatrepl --widget fish | source; function fish_prompt; echo -n 'ready> '; end",
}
ASK = "\x18\x01"  # Ctrl-X Ctrl-A
HOSTILE = "```sh\ntouch one; echo 'it''s' \"$HOME\" \x1b]0;x\x07 \n```"


@contextmanager
def at_work(shell: str, tmp_path: Path, *answers: str) -> Iterator[tuple[Terminal, Desk]]:
    """Start a shell with the widget, whose chatrepl talks to a server that gives the answers."""
    if shutil.which(shell) is None:
        pytest.skip(f"NO {shell.upper()} HERE: its widget is not tested")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "chatrepl"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m chatrepl "$@"\n')
    program.chmod(0o755)
    with serve() as served:
        desk = Desk(tmp_path, served)
        desk.script(*(f"only {answer}" for answer in answers))
        env = desk.env({
            "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "LANG": "C.UTF-8",
        })  # fmt: skip
        with Terminal(SHELLS[shell], env=env, cwd=tmp_path) as terminal:
            terminal.pump(0.5).send(f"{TURNS[shell]}\r").wait_for("^ready>$")
            yield terminal, desk


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_takes_the_place_of_the_words_and_waits_for_enter(
    shell: str, tmp_path: Path
) -> None:
    with at_work(shell, tmp_path, "```sh\ntouch one; echo ma''de\n```") as (terminal, desk):
        terminal.send("make a 'file' \"now\" $(touch two)").send(ASK)
        terminal.wait_for(r"^ready> touch one; echo ma''de")
        assert not list(tmp_path.glob("[ot][nw][eo]")), "nothing has run"
        assert desk.content == [{"type": "text", "text": "make a 'file' \"now\" $(touch two)"}]
        assert f"commands for {shell} on " in str(desk.bodies[-1]["system"])
        terminal.send("\r").wait_for("^made")
        assert [path.name for path in tmp_path.glob("[ot][nw][eo]")] == ["one"]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("answer", [HOSTILE, "```sh\ntouch one\ntouch two\n```"])
def test_nothing_of_an_answer_runs_by_itself(shell: str, answer: str, tmp_path: Path) -> None:
    with at_work(shell, tmp_path, answer) as (terminal, _):
        terminal.send("do harm").send(ASK).wait_for("touch one")
        terminal.pump(0.5)
        assert not list(tmp_path.glob("[ot][nw][eo]"))


@pytest.mark.parametrize("shell", SHELLS)
def test_where_there_is_no_command_the_words_stay(shell: str, tmp_path: Path) -> None:
    with at_work(shell, tmp_path, "I will not.") as (terminal, _):
        terminal.send("echo so; # words").send(ASK).wait_for("holds no code block")
        assert "wordsI" not in terminal.everything(), "what is said has rows of its own"
        terminal.pump(0.3).send("\r").wait_for("^so$")


@pytest.mark.parametrize("shell", SHELLS)
def test_an_empty_line_asks_nobody(shell: str, tmp_path: Path) -> None:
    with at_work(shell, tmp_path) as (terminal, desk):
        terminal.send("  ").send(ASK).pump(0.5).send("echo so\r").wait_for("^so$")
        assert not desk.bodies
