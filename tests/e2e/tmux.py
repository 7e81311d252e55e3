"""A program in a real tmux, which wraps its rows anew when the window changes.

with Tmux([sys.executable, "-m", "chatrepl", "--demo"], {"HOME": str(home)}) as tmux:
    tmux.wait_for("›")
    tmux.type("a draft").resize(60, 24)
    assert tmux.everything().count("a draft") == 1
"""

import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import pytest

from tests.e2e.emulator import environment

PATIENCE_S = 60.0
NEEDS_TMUX = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed here")


class Tmux:
    """Runs a program in one window of a server of its own; methods that act give the tmux."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], *, columns: int = 100, rows: int = 30
    ) -> None:
        self._folder = TemporaryDirectory(prefix="tmux-")
        self._socket = str(Path(self._folder.name, "socket"))
        self._env = {
            name: value
            for name, value in environment(env).items()
            if name not in {"TMUX", "TMUX_PANE", "TERM"}
        }
        size = ("-x", str(columns), "-y", str(rows))
        self._run("new-session", "-d", *size, f"exec {shlex.join(argv)}")
        self._run("set-option", "-g", "remain-on-exit", "on")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._run("kill-server")
        self._folder.cleanup()

    def type(self, text: str) -> Self:
        """Type a text as it is."""
        self._run("send-keys", "-l", "--", text)
        return self

    def keys(self, *names: str) -> Self:
        """Press keys by tmux's names for them, such as `Enter` and `C-r`."""
        for name in names:
            self._run("send-keys", name)
            time.sleep(0.05)
        return self

    def resize(self, columns: int, rows: int) -> Self:
        """Change the window's size."""
        self._run("resize-window", "-x", str(columns), "-y", str(rows))
        return self

    def everything(self) -> str:
        """Scrollback and screen, row by row."""
        return self._run("capture-pane", "-p", "-S", "-")

    def joined(self) -> str:
        """Scrollback and screen; rows that the terminal wrapped are one."""
        return self._run("capture-pane", "-J", "-p", "-S", "-")

    def settle(self, quiet_s: float = 0.8) -> Self:
        """Wait until nothing changes any more."""
        before = ""
        while (now := self.everything()) != before:
            before = now
            time.sleep(quiet_s)
        return self

    def wait_for(self, pattern: str) -> Self:
        """Wait until scrollback or screen show a pattern."""
        searched = re.compile(pattern, re.MULTILINE)
        until = time.monotonic() + PATIENCE_S
        while not searched.search(self.everything()):
            if time.monotonic() > until:
                raise AssertionError(f"{pattern!r} was not seen\n{self.everything()[-3000:]}")
            time.sleep(0.05)
        return self

    def _run(self, *words: str) -> str:
        return subprocess.run(
            ["tmux", "-S", self._socket, "-f", "/dev/null", *words],
            env=self._env,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
