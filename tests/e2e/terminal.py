"""A program on a real pseudo terminal, and the terminal it sees: screen, scrollback, answers.

    with Terminal([sys.executable, "-m", "chatrepl", "--demo"], columns=80, rows=24) as terminal:
        terminal.wait_for("›")
        terminal.send("hello").keys("enter")
        terminal.wait_for(DONE)
        terminal.keys("c-d")
        assert terminal.wait_exit() == 0

Patterns are searched in scrollback and screen, line by line as a user reads them (no trailing
blanks). A wait that fails raises `AssertionError` with the screen in it. Nothing sleeps: every wait
reads what the program writes until the time is up.
"""

import os
import re
import select
import signal
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import ptyprocess
import pyte

from tests.e2e.emulator import KEYS, Screen, environment

DONE = r"[·|,] \d+\.\d s([ ,].*)?$"  # under a reply that has ended
PATIENCE_S = 60.0  # a busy machine is slow; nobody waits for what comes
DARK = "rgb:1414/1616/1a1a"
LIGHT = "rgb:ffff/ffff/ffff"

_BACKGROUND_QUERY = re.compile(rb"\x1b\]11;\?(?:\x07|\x1b\\)")
_KEYS_QUERY = re.compile(rb"\x1b\[\?u")
_KEYS_MODES = re.compile(rb"\x1b\[[<>=][\d;]*u")  # which the emulator would print
_ON = {b"7", b"25"}  # modes that are on in a terminal at rest
_SLICE = 0.05
_LAST_WORDS_S = 1.0  # silence where the terminal stays open: with a child of the program


class Terminal:
    """Runs a program and plays the terminal around it; methods that act give the terminal."""

    extended = False  # whether it speaks the kitty protocol for keys

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        background: str | None = DARK,
        answers: bool = True,
        extended: bool = False,
    ) -> None:
        self.answers = answers
        self.extended = extended
        self.background = background if answers else None
        self.raw = bytearray()
        self.emulator = Screen(columns, rows, self._answer)
        self._stream = pyte.ByteStream(self.emulator)
        self._outgoing = bytearray()
        self._scanned = 0
        self._ended = False
        self._child = ptyprocess.PtyProcess.spawn(
            list(argv), dimensions=(rows, columns), env=environment(env or {}), cwd=cwd
        )
        os.set_blocking(self._child.fd, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up, and kill what does not leave."""
        if self._child.isalive():
            self._child.kill(signal.SIGHUP)
            self._pump_until(lambda: self._ended or not self._child.isalive(), 5)
        self._child.close(force=True)

    @property
    def pid(self) -> int:
        """The program's process id."""
        pid: int = self._child.pid
        return pid

    # what the user does

    def send(self, text: str | bytes) -> Self:
        """Type a text; also as much as does not fit into the terminal's queue at once."""
        self.queue(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
        self._pump_until(lambda: not self._outgoing or self._ended, 30)
        return self

    def keys(self, *names: str) -> Self:
        """Press keys by name (`KEYS`), each after the program had a moment to see the last."""
        for name in names:
            self.send(KEYS[name])
            self.pump(0.02)
        return self

    def paste(self, text: str) -> Self:
        """Paste a text as a terminal does that knows bracketed paste; a person then pauses."""
        return self.send(f"\x1b[200~{text}\x1b[201~").pump(0.3)

    def resize(self, columns: int, rows: int) -> Self:
        """Change the window's size."""
        self.pump(0)
        self.emulator.resize(rows, columns)
        self._child.setwinsize(rows, columns)
        return self

    def signal(self, name: str) -> Self:
        """Send a signal by its short name: INT, TERM, HUP, TSTP, CONT, KILL."""
        os.kill(self.pid, signal.Signals[f"SIG{name}"])
        return self

    # what the user sees

    def screen(self) -> str:
        """The visible rows, without trailing blanks and without empty rows at the end."""
        return "\n".join(line.rstrip() for line in self.emulator.display).rstrip("\n")

    def scrollback(self) -> str:
        """The rows that have left the screen at the top."""
        columns = range(self.emulator.columns)
        rows = self.emulator.history.top
        return "\n".join("".join(row[x].data for x in columns).rstrip() for row in rows)

    def everything(self) -> str:
        """Scrollback and screen."""
        scrollback = self.scrollback()
        return f"{scrollback}\n{self.screen()}" if scrollback else self.screen()

    def cursor_is_shown(self) -> bool:
        """Tell whether the cursor can be seen."""
        return not self.emulator.cursor.hidden

    def tty_is_sane(self) -> bool:
        """Tell whether the terminal echoes, edits lines, sends signals and has no mode left on."""
        local = termios.tcgetattr(self._child.fd)[3]
        wanted = termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN
        modes = re.findall(rb"\x1b\[\?(1|7|25|1004|1049|2004|2026)([hl])", bytes(self.raw))
        last = dict(modes)
        if self.tells_keys_apart():
            return False
        left = {mode for mode, state in last.items() if state == (b"l" if mode in _ON else b"h")}
        return local & wanted == wanted and not left

    # waiting

    def tells_keys_apart(self) -> bool:
        """Tell whether the program has the keys told apart now."""
        return self.raw.count(b"\x1b[>1u") > self.raw.count(b"\x1b[<u")

    def pump(self, seconds: float) -> Self:
        """Take what the program writes, for this long."""
        self._pump_until(lambda: self._ended, seconds)
        return self

    def settle(self, quiet: float = 0.15, seconds: float = 10) -> Self:
        """Wait until nothing was written for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._ended:
            before = len(self.raw)
            self.pump(quiet)
            if len(self.raw) == before:
                break
        return self

    def wait_for(
        self, pattern: str, seconds: float = PATIENCE_S, *, visible: bool = False
    ) -> re.Match[str]:
        """Wait for a pattern in scrollback and screen, or only in what is `visible`."""
        searched = re.compile(pattern, re.MULTILINE)

        def found() -> re.Match[str] | None:
            return searched.search(self.screen() if visible else self.everything())

        self._pump_until(lambda: bool(found()) or self._ended, seconds)
        match = found()
        if not match:
            raise AssertionError(self._report(f"{pattern!r} was not seen in {seconds} s"))
        return match

    def wait_gone(self, pattern: str, seconds: float = PATIENCE_S) -> Self:
        """Wait until the screen no longer shows a pattern."""
        searched = re.compile(pattern, re.MULTILINE)
        self._pump_until(lambda: not searched.search(self.screen()) or self._ended, seconds)
        if searched.search(self.screen()):
            raise AssertionError(self._report(f"{pattern!r} was still seen after {seconds} s"))
        return self

    def wait_count(self, pattern: str, count: int, seconds: float = PATIENCE_S) -> Self:
        """Wait until a pattern is seen at least so often."""
        searched = re.compile(pattern, re.MULTILINE)

        def enough() -> bool:
            return len(searched.findall(self.everything())) >= count

        self._pump_until(lambda: enough() or self._ended, seconds)
        if not enough():
            raise AssertionError(self._report(f"{pattern!r} was not seen {count} times"))
        return self

    def wait_stopped(self, seconds: float = PATIENCE_S) -> Self:
        """Wait until the program is suspended."""
        self._pump_until(self._is_stopped, seconds)
        if not self._is_stopped():
            raise AssertionError(self._report(f"it was not suspended in {seconds} s"))
        return self

    def wait_exit(self, seconds: float = PATIENCE_S) -> int:
        """Wait for the end; give the exit code, or minus the signal's number.

        All it wrote has then been read, unless a child of its own still holds the terminal.
        """
        self._pump_until(lambda: not self._child.isalive(), seconds)
        self.settle(_LAST_WORDS_S)
        if self._child.isalive():
            raise AssertionError(self._report(f"it had not ended after {seconds} s"))
        code = self._child.exitstatus
        return int(code) if code is not None else -int(self._child.signalstatus)

    # inside

    def queue(self, data: bytes) -> None:
        """Put bytes into what goes to the program with the next pump."""
        self._outgoing += data

    def _answer(self, data: str) -> None:
        if self.answers:
            self.queue(data.encode())

    def _is_stopped(self) -> bool:
        status = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        return status.rpartition(")")[2].split()[0] == "T"

    def _pump_until(self, done: Callable[[], bool], seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            if not self._step(max(0.0, min(left, _SLICE))) or left <= 0 or done():
                if self._ended and not done() and left > 0:
                    time.sleep(0.01)  # the process may end a moment after its terminal
                    continue
                return

    def _step(self, seconds: float) -> bool:
        """Write what waits and read what came; False once the program has closed the terminal."""
        descriptor = self._child.fd
        if self._ended or descriptor < 0:
            self._ended = True  # by us, perhaps
            return False
        writers = [descriptor] if self._outgoing else []
        readable, writable, _ = select.select([descriptor], writers, [], seconds)
        if writable:
            self._write()
        if readable:
            try:
                data = os.read(descriptor, 65_536)
            except BlockingIOError:
                return True
            except OSError:
                data = b""
            if not data:
                self._ended = True
                return False
            self._take(data)
        return True

    def _write(self) -> None:
        try:
            del self._outgoing[: os.write(self._child.fd, self._outgoing[:4096])]
        except BlockingIOError:
            return
        except OSError:
            self._ended = True

    def _take(self, data: bytes) -> None:
        self.raw += data
        # A private sequence that the emulator does not know must not end the run.
        with suppress(AttributeError, IndexError, KeyError, TypeError, ValueError):
            self._stream.feed(_KEYS_MODES.sub(b"", data))
        if self.extended and _KEYS_QUERY.search(data):
            self.queue(b"\x1b[?0u")
        for match in _BACKGROUND_QUERY.finditer(self.raw, self._scanned):
            self._scanned = match.end()
            if self.background:
                self.queue(f"\x1b]11;{self.background}\x1b\\".encode())

    def _report(self, problem: str) -> str:
        return f"{problem}\n--- the last rows ---\n{self.everything()[-3000:]}\n---"
