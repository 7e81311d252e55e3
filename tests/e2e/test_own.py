"""Commands of one's own in the real program: typed on a terminal, and in a pipe."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import ROOT, Desk
from tests.e2e.terminal import DONE, Terminal

UNWANTED = (
    "chatrepl.cli.own", "chatrepl.cli.own_places", "chatrepl.commands.own",
    "chatrepl.config.own_commands", "chatrepl.core.own_command", "chatrepl.core.front_matter",
)  # fmt: skip


def write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(text)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serve(Engine()) as served:
        yield Desk(tmp_path, served)


@contextmanager
def chatting(home: Path, cwd: Path) -> Iterator[Terminal]:
    argv = [sys.executable, "-P", "-m", "chatrepl", "--demo"]
    env = {"HOME": str(home), "PYTHONPATH": str(ROOT)}
    with Terminal(argv, columns=90, rows=40, env=env, cwd=cwd) as terminal:
        terminal.wait_for("^› Ask")
        yield terminal
        terminal.keys("c-d")
        assert terminal.wait_exit() == 0


def enter(terminal: Terminal, text: str) -> None:
    terminal.send(text).settle().keys("enter")


def test_a_command_is_offered_sent_and_asked_about_once(tmp_path: Path) -> None:
    here = tmp_path / "work"
    write(
        tmp_path / ".config/chatrepl/commands",
        "zebra",
        "---\ndescription: Count stripes\nargument-hint: [of]\nmodel: haiku\n---\nStripes of $1",
    )
    write(here / ".chatrepl/commands", "yak", "Shear $1\u202e")
    with chatting(tmp_path, here) as terminal:
        terminal.send("/ze").wait_for(r"\[of\] · Count stripes")
        terminal.keys("tab")
        enter(terminal, "'one horse'")
        terminal.wait_for(r"^/zebra · model haiku")
        terminal.wait_count(DONE, 1)
        terminal.wait_for("Stripes of one horse")
        terminal.wait_for("^sonnet", visible=True)
        enter(terminal, "/yak all")
        terminal.wait_for(r"Use them\?")
        assert "/yak" in terminal.screen()
        terminal.send("y").keys("enter").wait_count(DONE, 2)
        terminal.wait_for("^› ?$", visible=True)
    with chatting(tmp_path, here) as terminal:
        enter(terminal, "/yak more")
        terminal.wait_count(DONE, 1)
        assert "Use them?" not in terminal.everything()
        terminal.wait_for("^› ?$", visible=True)


def test_what_is_pasted_runs_no_command_and_its_files_are_asked_about(tmp_path: Path) -> None:
    write(tmp_path / ".config/chatrepl/commands", "zebra", "Stripes of $1")
    (tmp_path / "plan.txt").write_text("x")
    with chatting(tmp_path, tmp_path) as terminal:
        terminal.send(b"\x1b[200~a\n/zebra one\n/zebra two\n\x1b[201~").settle()
        assert not re.search(DONE, terminal.everything(), re.MULTILINE)
        terminal.keys("c-c")
        terminal.send("/zebra ").paste("@plan.txt").settle().keys("enter")
        terminal.wait_for(r"Attach plan\.txt \(pasted\)")
        terminal.send("n").keys("enter").wait_count(DONE, 1)
        terminal.wait_for("^› ?$", visible=True)


def test_a_pipe_fills_the_text_and_the_answer_is_all_of_stdout(desk: Desk) -> None:
    own = desk.home / ".config/chatrepl/commands"
    write(own, "sum", "---\nprefill: 'So: '\nattach: style.txt\n---\nSum ($1):\n{{stdin}}\nEnd.")
    (own / "style.txt").write_text("rhymes")
    done = desk.run("-T", "sum", "don't {{stdin}}", stdin=b"a @b.txt $1\n")

    assert (done.code, done.err.count("\n")) == (0, 1)
    assert done.out.startswith("So: ")
    texts = "".join(str(block.get("text")) for block in desk.content)
    assert "Sum (don't {{stdin}}):\na @b.txt $1\nEnd." in texts
    assert "rhymes" in str(desk.content)
    assert desk.run("-T", "sum", "x").code == 2
    assert desk.run("-T", "nosuch", "x").code == 2
    assert len(desk.bodies) == 1


def test_many_items_are_asked_about_by_a_command(desk: Desk) -> None:
    write(desk.home / ".config/chatrepl/commands", "mood", "---\neach: yes\nchoose: a,b\n---\n{}?")
    done = desk.run("-T", "mood", stdin=b"one\ntwo\n")

    assert (done.code, len(done.out.splitlines())) == (0, 2)
    asked = [str(body["messages"]) for body in desk.bodies]
    assert [("one?" in one, "two?" in one) for one in asked] == [(True, False), (False, True)]


def test_nothing_of_it_is_loaded_before_it_is_wanted() -> None:
    for module in ("chatrepl.cli.desk, chatrepl.commands", "chatrepl.cli.shot"):
        code = f"import sys, {module}; print([m for m in sys.modules if m in {UNWANTED}])"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
        )
        assert done.stdout == "[]\n"
