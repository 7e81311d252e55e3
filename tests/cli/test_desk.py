"""What the chat lays out of the terminal."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chatrepl.cli.assemble import new_session
from chatrepl.cli.desk import _draw, _dress, _edit
from chatrepl.cli.options import Options
from chatrepl.cli.screen import console
from chatrepl.core.errors import UsageError
from chatrepl.core.settings import Settings
from chatrepl.terminal.modes import Tty
from chatrepl.terminal.prompt.values import PromptOptions
from chatrepl.terminal.say import Speaker
from tests.attachments.test_thumbnail import block
from tests.cli.given import loaded, settle


class TerminalText(io.StringIO):
    """A text that a terminal would show."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("sets", "escapes", "term", "begins"),
    [
        ((), True, "xterm-kitty", "\x1b_G"),
        ((), True, "xterm", "\x1bP"),
        (("accessible=true",), True, "xterm-kitty", ""),
        ((), False, "xterm-kitty", ""),
    ],
)
def test_pictures_are_drawn_only_where_the_terminal_can(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sets: tuple[str, ...],
    *,
    escapes: bool,
    term: str,
    begins: str,
) -> None:
    settle(monkeypatch, tmp_path, TERM=term)
    for name in ("TMUX", "KITTY_WINDOW_ID", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    session = new_session(Options(), loaded(*sets), interactive=True)
    written: list[str] = []
    tty = cast("Any", SimpleNamespace(knows_escapes=escapes, write=written.append))

    _draw(block(40, 30), tty=tty, session=session, sixel=True)
    assert [drawn[: len(begins)] for drawn in written] == ([begins] if begins else [])


@pytest.mark.parametrize(
    ("sets", "dark", "colors"),
    [
        ((), False, "\x1b[38;2;138;90;0m"),
        ((), True, "\x1b[33m"),
        (("theme=light",), True, "\x1b[38;2;138;90;0m"),
        (("theme=none",), False, ""),
        (("color=never",), True, ""),
    ],
)
def test_what_is_said_follows_the_settings_and_the_background(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sets: tuple[str, ...],
    dark: bool,
    colors: str,
) -> None:
    settle(monkeypatch, tmp_path, TERM="xterm", COLORTERM="truecolor")
    out = TerminalText()
    session = new_session(Options(), loaded(*sets), interactive=True)
    speaker = Speaker(console(Settings(theme="none", color="always"), {"TERM": "xterm"}, out))
    changed: list[PromptOptions] = []
    prompt = SimpleNamespace(options=PromptOptions(), change=changed.append)
    tty = SimpleNamespace(speak_plainly=lambda _: None, give_back=lambda _: None)
    desk = cast("Any", SimpleNamespace(tty=tty, speaker=speaker, prompt=prompt))

    _dress(desk, session, dark)
    speaker.line("words", "warning")

    assert out.getvalue().startswith(f"{colors}words")
    assert changed[-1].color is (sets != ("color=never",))


@pytest.mark.parametrize(
    ("program", "hint", "kept"),
    [
        ('echo saved > "$1"; kill -TERM $$', "↑ brings back what it had saved.", ["saved"]),
        ("kill -TERM $$", "", []),
        ('echo saved > "$1"; exit 1', "", []),
    ],
)
def test_what_an_editor_saved_that_a_signal_ended_can_be_brought_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, hint: str, kept: list[str]
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{program}\n")
    editor.chmod(0o755)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(editor))
    remembered: list[str] = []
    with pytest.raises(UsageError) as caught:
        _edit("draft", Tty(-1, -1), remembered.append)

    assert (caught.value.hint, remembered) == (hint, kept)
