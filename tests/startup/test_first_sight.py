"""The mark that stands there before the program is loaded."""

import gc
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chatrepl.startup.first_sight import _is_plain, first_sight
from tests.e2e.terminal import DONE, Terminal

GATE = """
import os, pty, sys
sys.path.insert(0, os.getcwd())
os.environ["TERM"] = "xterm"
master, slave = pty.openpty()
os.dup2(slave, 0)
told = os.dup(1)
os.dup2(slave, 1)
from chatrepl.startup.first_sight import first_sight
with first_sight([]) as early:
    seen = sorted({name.partition(".")[0] for name in sys.modules})
    ours = [name for name in sys.modules if name.startswith("chatrepl.")]
    os.write(told, f"{early is not None} {len(ours)} {' '.join(seen)}".encode())
"""
SLOW = {
    "anthropic", "pydantic", "rich", "tiktoken", "opentelemetry", "prompt_toolkit", "typer",
    "asyncio", "httpx2", "dataclasses", "tomllib", "json", "logging",
}  # fmt: skip


def test_nothing_slow_is_loaded_when_the_mark_is_painted() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", GATE], capture_output=True, text=True, check=True
    )
    shown, ours, *seen = done.stdout.split()
    assert shown == "True"
    assert int(ours) <= 8
    assert set(seen) & SLOW == set()


@pytest.mark.parametrize("argv", [["hi"], ["--help"], ["--models"], ["-m", "x"]])
def test_only_what_surely_begins_a_chat_shows_the_mark(argv: list[str]) -> None:
    with first_sight(argv) as early:
        assert early is None


def test_without_a_terminal_there_is_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with first_sight([]) as early:
        assert early is None


@pytest.mark.parametrize(
    ("config", "environ", "plain"),
    [
        ("", {}, False),
        ("# accessible = true\n", {}, False),
        ("accessible = false\n", {}, False),
        ("model = 'x'\n  accessible=true\n", {}, True),
        ("[profiles.ears]\naccessible = true\n", {}, True),
        ("", {"CHATREPL_ACCESSIBLE": "1"}, True),
    ],
)
def test_nothing_stands_there_early_where_only_lines_may_leave(
    tmp_path: Path, config: str, environ: dict[str, str], *, plain: bool
) -> None:
    (tmp_path / "config.toml").write_text(config, encoding="utf-8")
    assert _is_plain({"CHATREPL_CONFIG_DIR": str(tmp_path), **environ}) is plain
    usual = tmp_path / ".config" / "chatrepl"
    usual.mkdir(parents=True)
    (usual / "config.toml").write_text(config, encoding="utf-8")
    assert _is_plain({"HOME": str(tmp_path), **environ}) is plain


def test_from_the_start_garbage_is_seldom_looked_for() -> None:
    before = gc.get_threshold()
    try:
        with first_sight(["hi"]):
            assert gc.get_threshold() == (70_000, 20, 20)
    finally:
        gc.set_threshold(*before)


def chat(home: Path, *arguments: str) -> Terminal:
    env = {"HOME": str(home), "ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": ""}
    return Terminal([sys.executable, "-m", "chatrepl", *arguments], columns=70, rows=24, env=env)


def test_what_is_typed_at_the_first_mark_is_sent(tmp_path: Path) -> None:
    with chat(tmp_path, "--demo") as terminal:
        terminal.wait_for("^›")
        terminal.send("demo: say early bird")
        terminal.keys("enter")
        terminal.wait_for("^early bird")
        assert len(re.findall("^chatrepl ", terminal.everything(), re.MULTILINE)) == 1


def test_a_paste_and_a_resize_during_the_hand_over_do_no_harm(tmp_path: Path) -> None:
    with chat(tmp_path, "--demo") as terminal:
        terminal.wait_for("^›")
        terminal.send("\x1b[200~one\ntwo\x1b[201~").resize(60, 20).send(" three")
        terminal.wait_for("^› one\n  two three")
        terminal.keys("c-c", "c-d")
        assert terminal.wait_exit() == 0
        assert terminal.tty_is_sane()


def test_a_paste_at_the_first_mark_is_a_draft_and_reports_are_not_typed(tmp_path: Path) -> None:
    with chat(tmp_path, "--demo") as terminal:
        terminal.wait_for("^›")
        terminal.send("demo: say one\r/exit\rtwo\r\x1b[>1;10;0c\x1b]10;rgb:1/2/3\x07\x00\x1b[I")
        terminal.wait_for("^› demo: say one\n  /exit\n  two\n", visible=True)
        terminal.settle(0.4).send("!").wait_for("^  !$", visible=True)
        assert not re.search(DONE, terminal.everything(), re.MULTILINE)


@pytest.mark.parametrize(
    ("env", "sets", "asked"),
    [({}, (), True), ({"TERM": "linux"}, (), False), ({}, ("--set", "accessible=true"), False)],
)
def test_only_a_terminal_that_may_is_asked_to_tell_keys_apart(
    tmp_path: Path, env: dict[str, str], sets: tuple[str, ...], asked: bool
) -> None:
    home = {"HOME": str(tmp_path), "ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": "", **env}
    argv = [sys.executable, "-m", "chatrepl", "--demo", *sets]
    with Terminal(argv, columns=70, rows=24, env=home, extended=True) as terminal:
        terminal.wait_for("demo$|^› |^you:")
        terminal.settle(0.5).send("a\x1b[?0ub").pump(0.3)
        assert (b"\x1b[?u" in terminal.raw) is asked
        if sets:
            assert not terminal.tells_keys_apart()
        terminal.send("\x03").pump(0.2).send("\x04").wait_exit()
        assert terminal.tty_is_sane()


def test_ctrl_c_at_the_first_mark_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with chat(tmp_path, "--demo") as terminal:
        terminal.wait_for("^›")
        terminal.send(b"\x03")
        terminal.pump(0.5).keys("c-d")
        terminal.keys("c-d")
        assert terminal.wait_exit(20) in {0, 130}
        assert terminal.tty_is_sane()


def test_a_wrong_setting_is_told_without_the_mark(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "chatrepl"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("nonsense = 1\n", encoding="utf-8")
    with chat(tmp_path) as terminal:
        assert terminal.wait_exit(20) == 2
        assert "›" not in terminal.everything()
        assert "nonsense" in terminal.everything().replace("\n", "")
        assert terminal.tty_is_sane()
