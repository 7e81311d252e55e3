"""The terminal's modes: quiet while we run, as they were when we leave; and what it can draw.

Quiet means: keys are neither echoed nor gathered into lines, Enter is a carriage return, Ctrl-C and
Ctrl-Z still send signals and lose nothing that was typed. prompt_toolkit's raw mode goes on top.
Cheap to import: the first mark on the screen depends on it.
"""

import errno
import fcntl
import os
import signal
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from chatrepl.terminal.keys.typing import Typing

_COERCED = {"C.UTF-8", "C.utf8", "UTF-8"}  # what Python itself writes into LC_CTYPE under LANG=C


def speaks_utf8(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether glyphs beyond ASCII may be drawn.

    Python turns LANG=C into UTF-8 by itself; the terminal may still not know it.
    """
    if (stream.encoding or "").lower().replace("-", "") != "utf8":
        return False
    ctype = environ.get("LC_CTYPE", "")
    names = (environ.get("LC_ALL"), "" if ctype in _COERCED else ctype, environ.get("LANG"))
    return next(filter(None, names), "") not in {"C", "POSIX"}


PASTE_ON = "\x1b[?2004h"
PASTE_OFF = "\x1b[?2004l"
# From the start of a row to the end of the screen. The first column is erased by itself: tmux takes
# an erasure that begins in the very first cell for a cleared screen, and keeps a copy of all rows.
ERASE_BELOW = "\x1b[K\x1b[C\x1b[J\r"
KEYS_QUESTION = "\x1b[?u"  # the kitty protocol: can it tell all keys apart?
_KEYS_APART = "\x1b[>1u"
_KEYS_AS_BEFORE = "\x1b[<u"
_AT_REST = f"{PASTE_OFF}\x1b[?25h\x1b[?7h\x1b[?2026l\x1b[0m"

_IFLAG, _LFLAG, _CC = 0, 3, 6

Modes = list[int | list[bytes | int]]


class Tty:
    """The keyboard and the screen of a terminal, by file descriptors, and its modes at the start.

    Everything here does nothing where the keyboard is no terminal or we are in the background.
    """

    def __init__(self, keyboard: int = 0, screen: int = 1, *, escapes: bool = True) -> None:
        self.keyboard = keyboard
        self.screen = screen
        self._knows = escapes and os.isatty(screen)
        self._plain = False
        self._borrowed: dict[str, str] = {}  # what turned it on, by what turns it off
        self._start = self._modes()
        self._typed_in_lines = 0
        self.may_tell_keys_apart = True
        self._wants_keys_apart = False
        self._keys_are_apart = False

    @cached_property
    def typing(self) -> "Typing":
        """What hears the keyboard, whoever reads it."""
        from chatrepl.terminal.keys.typing import Typing  # late: the first mark does not need it

        return Typing(in_lines=self._typed_in_lines)

    @property
    def is_ours(self) -> bool:
        """Whether the keyboard is a terminal that we may read from and change now."""
        if self._start is None:
            return False
        try:
            return os.tcgetpgrp(self.keyboard) == os.getpgrp()
        except OSError:
            return False

    @property
    def knows_escapes(self) -> bool:
        """Whether the screen is a terminal that understands, and is to get, escape sequences."""
        return self._knows and not self._plain

    def speak_plainly(self, plain: bool) -> None:
        """Let no escape sequence out, or again those that the terminal understands."""
        self._plain = plain

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Hold the quiet modes; afterwards those from before."""
        with self._held(quiet_modes):
            yield

    def note_what_was_typed(self) -> None:
        """Count the bytes that wait at the start of the quiet: in them Enter is a line feed."""
        if self.is_ours:
            with suppress(OSError):
                count = fcntl.ioctl(self.keyboard, termios.FIONREAD, bytes(4))
                self._typed_in_lines = int.from_bytes(count, sys.byteorder)

    @contextmanager
    def usual(self) -> Iterator[None]:
        """Hold the modes of the start, for a program that is run inside ours."""
        wanted, self._wants_keys_apart = self._wants_keys_apart, False
        self.tell_keys_apart()
        for off in reversed(self._borrowed):
            self.write(off)
        try:
            with self._held(lambda _modes: self._usual_modes()):
                yield
        finally:
            for on in self._borrowed.values():
                self.write(on)
            self._wants_keys_apart = wanted
            self.tell_keys_apart()

    def borrow(self, on: str, off: str) -> None:
        """Turn something on that is off where another program runs, and when we leave."""
        if self._borrowed.get(off) != on:
            self.give_back(off)
            self.write(on)
            self._borrowed[off] = on

    def give_back(self, off: str) -> None:
        """Turn it off again, if it is on."""
        if self._borrowed.pop(off, None) is not None:
            self.write(off)

    def _usual_modes(self) -> Modes:
        """Give the modes of the start; in plain lines the terminal itself erases nothing either."""
        usual = list(self._start or [])
        if self._plain and isinstance(local := usual[_LFLAG], int):
            usual[_LFLAG] = local & ~(termios.ECHOE | termios.ECHOK | termios.ECHOKE)
        return usual

    @contextmanager
    def keys_apart(self) -> Iterator[None]:
        """Have Shift-Enter and its like told from Enter, where the terminal says that it can."""
        self._wants_keys_apart = True
        self.tell_keys_apart()
        try:
            yield
        finally:
            self._wants_keys_apart = False
            self.tell_keys_apart()

    def tell_keys_apart(self) -> None:
        """Bring the terminal to what is wanted now, once it is known whether it can."""
        wanted = self._wants_keys_apart and self.may_tell_keys_apart and self.typing.extended
        if wanted != self._keys_are_apart:
            self._keys_are_apart = wanted
            self.write(_KEYS_APART if wanted else _KEYS_AS_BEFORE)

    def write(self, sequence: str) -> None:
        """Send the screen an escape sequence of ours, if it understands any."""
        if self.knows_escapes:
            with suppress(OSError):
                os.write(self.screen, sequence.encode("utf-8", "replace"))

    def restore(self) -> None:
        """Leave the terminal as it was found: modes, cursor, paste, colours. Never fails."""
        if self._start is None:
            return
        self._wants_keys_apart = False
        self.tell_keys_apart()
        self.write("".join(reversed(self._borrowed)) + _AT_REST)
        if self.is_ours:
            self._set(self._start)

    def _modes(self) -> Modes | None:
        try:
            return termios.tcgetattr(self.keyboard)
        except (termios.error, ValueError):
            return None

    def _set(self, modes: Modes) -> None:
        with suppress(termios.error, OSError):
            termios.tcsetattr(self.keyboard, termios.TCSANOW, modes)

    @contextmanager
    def _held(self, change: Callable[[Modes], Modes]) -> Iterator[None]:
        before = self._modes() if self.is_ours else None
        if before is None:
            yield
            return
        self._set(change(before))
        try:
            yield
        finally:
            self._set(before)


def quiet_modes(modes: Modes) -> Modes:
    """Give the quiet modes that go with the modes of a terminal."""
    quiet = list(modes)
    local, incoming, special = quiet[_LFLAG], quiet[_IFLAG], quiet[_CC]
    if not (isinstance(local, int) and isinstance(incoming, int) and isinstance(special, list)):
        return modes
    lost = termios.ECHO | termios.ICANON | termios.IEXTEN
    quiet[_LFLAG] = local & ~lost | termios.ISIG | termios.NOFLSH
    quiet[_IFLAG] = incoming & ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON)
    characters = list(special)
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0
    quiet[_CC] = characters
    return quiet


def is_ignored(number: int) -> bool:
    """Tell whether a signal was to be ignored when we were started, as under nohup; it stays so."""
    return signal.getsignal(number) is signal.SIG_IGN


_GONE: Final = frozenset({errno.EIO, errno.EPIPE, errno.ENXIO, errno.EBADF, errno.ENOTTY})


def is_gone(error: BaseException) -> bool:
    """Tell whether this was raised because the terminal is not there any more."""
    match error:
        case OSError(errno=number, filename=None):
            return number in _GONE
        case termios.error(args=(number, *_)):
            return number in _GONE
        case _:
            return False
