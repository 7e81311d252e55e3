"""A newcomer's first ten minutes, typed into a shell without a key."""

import os
import re
import sys
from pathlib import Path

from PIL import Image

from tests.e2e.terminal import DONE, Terminal
from tests.e2e.test_chat import FIRST, PROMPT

SHELL = r"^\$ ?$"
OURS = ("ANTHROPIC_", "CHATREPL_", "XDG_")


class Newcomer:
    """Who types into a shell, one line after the other, and looks what comes of it."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def types(self, line: str, *shows: str, then: str = PROMPT) -> str:
        """Type a line that was not typed before; give what is written until `then` is seen."""
        self.terminal.send(line).keys("enter")
        written = rf"(?s:^[›$] {re.escape(line)}$.*?)"
        for pattern in (*shows, then):
            match = self.terminal.wait_for(rf"{written}(?:{pattern})")
        return match[0]

    def leaves(self) -> str:
        """Press Ctrl-D; give the screen with the words of farewell."""
        self.terminal.keys("c-d")
        self.terminal.wait_for(SHELL, visible=True)
        return self.terminal.screen()


def home_of(folder: Path) -> dict[str, str]:
    """Give an environment in which `chatrepl` is a command, and nothing is set up."""
    command = folder / "bin" / "chatrepl"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m chatrepl "$@"\n')
    command.chmod(0o700)
    Image.new("RGB", (400, 300), "teal").save(folder / "otter.png")
    unset = {name: "" for name in os.environ if name.startswith(OURS)}
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    return {**unset, "HOME": str(folder), "PATH": path, "PS1": "$ ", "ENV": ""}


def _looks_around(newcomer: Newcomer) -> None:
    welcome = newcomer.types("chatrepl", then=FIRST)
    assert "No API key was found" in welcome
    assert "no model is running" in welcome
    assert "export ANTHROPIC_API_KEY=" in welcome
    card = newcomer.types("/help").strip().splitlines()
    assert len(card) <= 25  # with the line that was typed, and the next prompt
    assert all(f"/{name} " in " ".join(card) for name in ("retry", "image", "save", "exit"))


def _talks(newcomer: Newcomer) -> None:
    reply = newcomer.types("a table", DONE)
    assert re.search("^─+┼─+", reply, re.MULTILINE)
    assert "|--" not in reply
    assert re.search(r"\d+ in · \d+ out · \$0\.\d+ \(demo\) · ", reply)
    assert "takes effect" in newcomer.types("/system You are a pirate.")
    assert re.search(r"▣ otter\.png · PNG 400×300 · ~\d+ tok", newcomer.types("/image otter.png"))
    reply = newcomer.types("What is in this?", DONE)
    assert "▣ otter.png" in reply
    assert "400 × 300 pixels" in reply
    assert "Arr!" in reply


def _changes_it(newcomer: Newcomer) -> None:
    assert "has 1 turn now" in newcomer.types("/undo")
    assert "has 2 turns now" in newcomer.types("/redo")
    context = newcomer.types("/context")
    assert re.search(r"^1 .* sent +a table$", context, re.MULTILINE)
    assert re.search(r"^2 .* sent +\[image\] What is in this\?$", context, re.MULTILINE)
    assert re.search(r"^next turn ~\$0\.\d+", context, re.MULTILINE)


def _leaves_and_comes_back(newcomer: Newcomer, folder: Path) -> None:
    assert "called otters now" in newcomer.types("/save otters")
    farewell = re.search(
        r"^2 replies · \$.* · (chatrepl .*) goes on here$", newcomer.leaves(), re.MULTILINE
    )
    assert farewell
    again = newcomer.types(farewell[1], r"^otters · 2 turns", then=FIRST)
    assert "a table" in again
    assert "400 × 300 pixels" in again
    assert "written to page.html" in newcomer.types("/export html page.html")
    newcomer.leaves()
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "<table" in page
    assert "data:image/png;base64," in page


def _asks_in_the_shell(newcomer: Newcomer, folder: Path) -> None:
    refusal = newcomer.types("echo Hello | chatrepl; echo ended $?", "^ended 3$", then=SHELL)
    assert "chatrepl --demo works without" in " ".join(refusal.split())
    newcomer.types("echo Hello | chatrepl --demo > answer.md", then=SHELL)
    answer = (folder / "answer.md").read_text(encoding="utf-8")
    assert answer.startswith("Hello!")
    assert "**chatrepl**" in answer
    reply = newcomer.types("chatrepl --demo --continue some Python", then=SHELL)
    assert "Arr!" in reply
    assert "def by_initial" in reply
    assert "```" not in reply
    word = newcomer.types("chatrepl --demo help", then=SHELL)
    assert "chatrepl: help is sent as a question; chatrepl --help is the page." in word
    listed = newcomer.types("chatrepl --sessions", then=SHELL)
    assert re.search(r" otters +3  ", listed)
    doctor = newcomer.types("chatrepl --doctor; echo ended $?", r"^ended \d$", then=SHELL)
    assert re.search(r"^mend +key ", doctor, re.MULTILINE)
    assert re.search(r"^ok +storage\b", doctor, re.MULTILINE)
    assert "platform.claude.com" in "".join(doctor.split())


def test_the_first_ten_minutes_go_from_no_key_to_a_resumed_and_exported_conversation(
    tmp_path: Path,
) -> None:
    with Terminal(["sh", "-i"], rows=30, env=home_of(tmp_path), cwd=tmp_path) as terminal:
        terminal.wait_for(SHELL)
        newcomer = Newcomer(terminal)

        _looks_around(newcomer)
        _talks(newcomer)
        _changes_it(newcomer)
        _leaves_and_comes_back(newcomer, tmp_path)
        _asks_in_the_shell(newcomer, tmp_path)

        assert terminal.tty_is_sane()
