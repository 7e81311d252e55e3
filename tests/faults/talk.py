"""A chat on a real terminal, in a home of its own, perhaps under another program."""

import json
import os
import re
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyte
from ptyprocess import PtyProcess

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import Served, serve
from tests.e2e.emulator import Screen, environment
from tests.e2e.terminal import DONE, Terminal
from tests.faults.home import CANARY, complaint, newest
from tests.faults.nursery import Nursery

MARK = r"^[›>] ?$"
FIRST = r"^[›>] Ask anything"


@dataclass(slots=True)
class Talk:
    """A running chat, the service it talks to, and its home."""

    terminal: Terminal
    served: Served
    home: Path

    def begin(self, text: str, shows: str) -> None:
        """Ask, and wait until some of the reply is seen."""
        self.terminal.send(text).keys("enter").wait_for(shows)

    def say(self, text: str, ends: str = DONE, count: int = 1) -> None:
        """Ask, and wait until so many replies have ended and the prompt is back."""
        self.terminal.send(text).keys("enter").wait_count(ends, count)
        self.terminal.wait_for(MARK, visible=True)

    def check(self) -> None:
        """Check what may never be on a screen nor in a file."""
        shown = self.terminal.everything()
        assert complaint(shown, "") == ""
        assert "Traceback" not in shown, shown
        for path in self.home.rglob("*"):
            if path.is_file():
                assert CANARY not in path.read_text("utf-8", "replace"), path

    @property
    def messages(self) -> list[Any]:
        """The messages of the last question; the list of models is asked for at any time."""
        asked = [one.body for one in self.served.requests if one.path.endswith("/v1/messages")]
        messages: list[Any] = json.loads(asked[-1])["messages"]
        return messages

    @property
    def kept(self) -> tuple[str, str]:
        return newest(self.home)


def variables(home: Path, url: str) -> dict[str, str]:
    """Give the variables of a chat at `home`."""
    return {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "ANTHROPIC_API_KEY": CANARY,
        "ANTHROPIC_AUTH_TOKEN": "",
        "ANTHROPIC_BASE_URL": url,
    }


class Born(PtyProcess):  # type: ignore[misc]
    """A chat out of the nursery, as a terminal takes it."""

    nursery: Nursery
    terminated: bool
    exitstatus: int | None
    signalstatus: int | None

    def isalive(self) -> bool:
        """Tell whether it runs; once it does not, how it ended is known."""
        code = None if self.terminated else self.nursery.poll(self.pid)
        if code is not None:
            self.terminated = True
            self.exitstatus = code if code >= 0 else None
            self.signalstatus = -code if code < 0 else None
        return not self.terminated


class Nurtured(Terminal):
    """A terminal whose program comes out of the nursery."""

    def __init__(
        self, nursery: Nursery, args: Sequence[str], env: Mapping[str, str], cwd: Path
    ) -> None:
        self.answers, self.background = True, None
        self.raw = bytearray()
        self.emulator = Screen(80, 24, self._answer)
        self._stream = pyte.ByteStream(self.emulator)
        self._outgoing = bytearray()
        self._scanned = 0
        self._ended = False
        master, slave = os.openpty()
        termios.tcsetwinsize(master, (24, 80))
        pid = nursery.start(args, environment(env), cwd, os.ttyname(slave))
        self._child = Born(pid, master)
        self._child.nursery = nursery
        self._slave = slave  # until the program has it open
        os.set_blocking(master, False)

    def wait_for(
        self, pattern: str, seconds: float = 10, *, visible: bool = False
    ) -> re.Match[str]:
        """Wait for a pattern; once something is seen, the program has its end of the terminal."""
        found = super().wait_for(pattern, seconds, visible=visible)
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1
        return found


def hang_up(terminal: Terminal) -> int:
    """Close the terminal under its program; give the program's exit code."""
    child = terminal._child
    child.fileobj.close()
    terminal._ended = child.closed = True
    return terminal.wait_exit()


@contextmanager
def talk(
    home: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    under: Sequence[str] = (),
    shows: str = FIRST,
    nursery: Nursery | None = None,
) -> Iterator[Talk]:
    """Open a chat; `under` is a command line that runs it, `shows` what its first prompt is."""
    with serve(Engine()) as served:
        given = {**variables(home, served.url), **(env or {})}
        argv = [*under, sys.executable, "-m", "chatrepl", *arguments]
        if nursery is not None:
            opened: Terminal = Nurtured(nursery, arguments, given, home)
        else:
            opened = Terminal(argv, columns=80, rows=24, env=given)
        with opened as terminal:
            terminal.wait_for(shows)
            yield Talk(terminal, served, home)
            terminal.pump(0.05)
        Talk(terminal, served, home).check()
