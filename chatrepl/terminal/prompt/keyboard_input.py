"""The keyboard as prompt_toolkit wants it: what was typed and pasted, as its key presses."""

import os
import re
import select
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final, TextIO

from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from chatrepl.terminal.keys.typing import Pasted, Stroke
from chatrepl.terminal.modes import Tty

_MOST_AT_ONCE: Final = 1_000_000
_WHERE_THE_CURSOR_IS: Final = re.compile(r"\x1b\[\d+;\d+R")


class Keyboard(Vt100Input):
    """Reads all that is there at once, and parses it as everybody here does."""

    def __init__(self, stdin: TextIO, tty: Tty) -> None:
        super().__init__(stdin)
        self._tty = tty

    def read_keys(self) -> list[KeyPress]:
        """Give the keys that are there."""
        strokes = self._tty.typing.feed(self._read())
        self._tty.tell_keys_apart()  # it may have said only now that it can
        return list(key_presses(strokes))

    def flush_keys(self) -> list[KeyPress]:
        """Give what was open, as nothing followed."""
        return list(key_presses(self._tty.typing.silence()))

    def _read(self) -> bytes:
        data = bytearray()
        with suppress(OSError):
            while len(data) < _MOST_AT_ONCE and select.select([self.fileno()], [], [], 0)[0]:
                if not (more := os.read(self.fileno(), 65_536)):
                    self.stdin_reader.closed = True
                    break
                data += more
        return bytes(data)


def key_presses(strokes: Iterable[Stroke]) -> Iterator[KeyPress]:
    """Give the key presses for strokes; none for a sequence that nobody knows."""
    for stroke in strokes:
        if isinstance(stroke, Pasted):
            yield Paste(stroke)
        elif stroke[0] == "\x1b":
            yield from _sequence(stroke)
        else:
            yield from map(_character, stroke)


class Paste(KeyPress):
    """A paste as a key press that knows whether it goes on with the last."""

    def __init__(self, pasted: Pasted) -> None:
        super().__init__(Keys.BracketedPaste, pasted.text)
        self.goes_on = pasted.goes_on


def _character(char: str) -> KeyPress:
    key = ANSI_SEQUENCES.get(char, char)
    return KeyPress(key[0] if isinstance(key, tuple) else key, char)


def _sequence(stroke: str) -> Iterator[KeyPress]:
    """Give its keys, without text: none is typed where a key is bound to nothing."""
    match ANSI_SEQUENCES.get(stroke):
        case None if _WHERE_THE_CURSOR_IS.fullmatch(stroke):
            yield KeyPress(Keys.CPRResponse, stroke)
        case None if len(stroke) == len("\x1bx"):
            yield KeyPress(Keys.Escape, "\x1b")
            yield _character(stroke[1])
        case None:
            return
        case tuple(keys):
            yield from (KeyPress(key, "") for key in keys)
        case key:
            yield KeyPress(key, stroke if key is Keys.Escape else "")
