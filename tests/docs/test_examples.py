"""Each command line of the documents works, and each line of the tour can be typed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chatrepl.cli.options import FLAGS
from chatrepl.core.settings import OPTIONS
from tests.attachments.pictures import picture, saved
from tests.docs.blocks import PAGES, ROOT, blocks
from tests.e2e.terminal import Terminal

SHELL = dict(blocks("sh run"))
CHAT = [line for _, lines in blocks("chat") for line in lines]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the files that the examples name, in a repository with something changed."""
    (tmp_path / "photo.png").write_bytes(saved(picture(9, 9), "PNG"))
    (tmp_path / "notes.txt").write_text("Buy milk.\n", encoding="utf-8")
    (tmp_path / "person.json").write_text(
        '{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}',
        encoding="utf-8",
    )
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q"], ["add", "notes.txt"], ["commit", "-qm", "Begin"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    (tmp_path / "notes.txt").write_text("Buy bread.\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", SHELL)
def test_the_lines_of_a_block_work_one_after_the_other(name: str, desk: Path) -> None:
    programs = desk / "bin"
    programs.mkdir()
    shim = programs / "chatrepl"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m chatrepl --demo "$@"\n', encoding="utf-8")
    shim.chmod(0o700)
    env = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(desk),
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
    }
    for line in SHELL[name]:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line], cwd=desk, env=env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stderr)
        assert done.stdout or ">" in line, line


def _typed(terminal: Terminal, line: str) -> None:
    """Type a line, say yes where that is asked, send a draft, and wait for the next prompt."""
    count = len(re.findall("^›", terminal.everything(), re.MULTILINE))
    terminal.send(line).pump(0.05).keys("enter")
    answered = rf"(?:^›[^›]*){{{count + 1},}}\Z"
    terminal.wait_for(rf"{answered}|\[[yY](?:\]|/N)[^\n]*\Z")
    if not re.search(r"^› ?[^\n]*\n[^\n]* · demo · [^\n]*\Z", terminal.screen(), re.MULTILINE):
        terminal.send("y").keys("enter")
        terminal.wait_for(answered)
    terminal.settle(0.1)


def test_the_tour_can_be_gone_line_by_line_and_come_back_to(desk: Path) -> None:
    argv = [sys.executable, "-P", "-m", "chatrepl", "--demo"]
    env = {"HOME": str(desk), "PYTHONPATH": str(ROOT), "CHATREPL_STATE_DIR": str(desk / "state")}
    with Terminal(argv, columns=100, rows=50, env=env, cwd=desk) as terminal:
        terminal.wait_for("› Ask anything")
        for line in ("demo: speed 0", *CHAT):
            _typed(terminal, line)
            if line.startswith("/edit"):
                _typed(terminal, "")
        terminal.keys("c-d")
        assert terminal.wait_exit() == 0
        faults = re.findall(
            "(?m)^(?:There is no (?:command|turn|branch)|Usage:).*", terminal.everything()
        )
        assert faults == []
    with Terminal([*argv, "-c"], columns=100, rows=50, env=env, cwd=desk) as terminal:
        terminal.wait_for("tour")

    assert "Is 7 prime?" in (desk / "tour.md").read_text(encoding="utf-8")
    assert "<html" in (desk / "tour.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_options_settings_and_files_that_there_are(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    ours = re.findall(r"^(?:    |.*\| )?chatrepl (-[^|#]*)", text, re.MULTILINE)
    options = {name for flag in FLAGS.values() for name in flag.names}

    assert [word for line in ours for word in re.findall(r"(?<!\S)--?[a-z][\w-]*", line)
            if word not in options] == []  # fmt: skip
    for path in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / page).parent.joinpath(path).exists(), path
    for key in re.findall(r"--set (\w[\w.]*)=", text):
        assert key in OPTIONS or key == "KEY"


def test_most_examples_are_run() -> None:
    assert len(SHELL) >= 5
    assert sum(map(len, SHELL.values())) >= 20
    assert len(CHAT) >= 30
