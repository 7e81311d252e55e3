"""The prompt's mark on the screen before anything slow is imported.

early = EarlyPrompt(tty, "› ", os.environ, head="chatrepl 0.2.0")
early.paint()                              # at once; keys are read later
early.greet("chatrepl 0.2.0 · a model")    # when more is known
with early:                                # the question about the background is out
    prompt = Prompt(...)                   # 0.1 s of imports
prompt.type_ahead(early.background.typed)  # keys that were typed meanwhile

What this module imports, the user waits for.

Is the terminal dark or light? The terminal itself is asked (OSC 11); COLORFGBG is the fallback.

The question goes out first and is answered while other things are done. A second question that
every terminal answers follows it, so that those which do not know the first cost no waiting.
"""

import os
import re
import select
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, Self

from chatrepl.terminal.modes import KEYS_QUESTION, PASTE_ON, Tty, speaks_utf8

COLOR_QUESTION = "\x1b]11;?\x1b\\"
ATTRIBUTES_QUESTION = "\x1b[c"

_COLOR = re.compile(
    rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})[^\x07\x1b]*(?:\x07|\x1b\\)"
)
_ATTRIBUTES = re.compile(rb"\x1b\[\?[\d;]*c")
_BEGINNING = re.compile(rb"\x1b(?:\](?:1(?:1(?:;[^\x07\x1b]*\x1b?)?)?)?|\[\?[\d;]*)\Z")
_GRACE = 0.3  # seconds more for an answer that has begun
_LIGHT_COLORS = {7, 9, 10, 11, 12, 13, 14, 15}
_BLACK_TERMS = {"linux", "linux-16color", "linux-basic"}


class Background(NamedTuple):
    """What the terminal said, and what the user typed meanwhile.

    `sixel` tells whether it draws pictures that come as sixels.
    """

    dark: bool | None = None
    typed: bytes = b""
    sixel: bool = False


def ask_background(tty: Tty, *, keys: bool = False) -> None:
    """Send the question; the terminal must be quiet from now until the answer is read.

    With `keys` it is asked, too, whether it can tell all keys apart: who hears the keys learns it.
    """
    if tty.is_ours:
        tty.write(f"{COLOR_QUESTION}{KEYS_QUESTION if keys else ''}{ATTRIBUTES_QUESTION}")


def read_background(tty: Tty, environ: Mapping[str, str], seconds: float = 0.15) -> Background:
    """Wait for the answer, at most so long; typed keys are handed on, in order."""
    if not (tty.is_ours and tty.knows_escapes):
        return Background(from_environment(environ))
    until = time.monotonic() + seconds
    data = b""
    while not _ATTRIBUTES.search(data):
        left = until - time.monotonic() + (_GRACE if _BEGINNING.search(data) else 0)
        if left <= 0 or not select.select([tty.keyboard], [], [], left)[0]:
            break
        if not (more := os.read(tty.keyboard, 65_536)):
            break
        data += more
    answer = understand(data)
    if answer.dark is not None:
        return answer
    return answer._replace(dark=from_environment(environ))


def understand(data: bytes) -> Background:
    """Tell answers from typed keys."""
    color, attributes = _COLOR.search(data), _ATTRIBUTES.search(data)
    sixel = attributes is not None and b"4" in attributes[0][3:-1].split(b";")[1:]
    typed = _ATTRIBUTES.sub(b"", _COLOR.sub(b"", data))
    if not color:
        return Background(None, typed, sixel)
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in color.groups())
    return Background(0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5, typed, sixel)


def from_environment(environ: Mapping[str, str]) -> bool | None:
    """Read COLORFGBG, which some terminals set: `15;0` is white on black. Consoles are black."""
    if environ.get("TERM") in _BLACK_TERMS:
        return True
    last = environ.get("COLORFGBG", "").rpartition(";")[2]
    return int(last) not in _LIGHT_COLORS if last.isdigit() else None


_WIPE = "\r\x1b[K"
_WIPE_BOTH = f"{_WIPE}\x1b[A\x1b[K"


class EarlyPrompt:
    """Paints a mark, and wipes it away when the real prompt is ready. The tty must be quiet.

    `head` stands in the row above until there is a greeting. After the context, `background` is
    what the terminal said of its colours, if it was to be asked, and what was typed meanwhile.
    """

    background: "Background"

    def __init__(
        self,
        tty: Tty,
        mark: str,
        environ: Mapping[str, str],
        *,
        ask: bool = True,
        head: str = "",
    ) -> None:
        self.tty = tty
        self.ask = ask
        self.ask_keys = False
        self.mark = mark
        self._environ = environ
        self._head = head
        self._painted = False

    def paint(self) -> None:
        """Show the mark, unless it is there already."""
        if not self._painted:
            self._painted = True
            above = f"\x1b[2m{self._head}\x1b[0m\r\n" if self._head else ""
            self.tty.write(PASTE_ON + above + self.mark)  # a paste is one text here, too

    def greet(self, text: str) -> None:
        """Put lines above the mark, in place of the head."""
        wipe = "" if not self._painted else _WIPE_BOTH if self._head else _WIPE
        self._painted, self._head = True, ""
        self.tty.write(wipe + text.replace("\n", "\r\n") + self.mark)

    def wipe(self) -> None:
        """Take the mark away, if it is there; what stands above it stays."""
        if self._painted:
            self._painted = False
            self.tty.write(_WIPE)

    def __enter__(self) -> Self:
        self.background = Background()
        self.paint()
        keys = self.ask_keys and self._environ.get("TERM") != "linux"  # it would move the cursor
        if self.ask:
            ask_background(self.tty, keys=keys)
        elif keys and self.tty.is_ours:
            self.tty.write(KEYS_QUESTION)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if self.ask and kind is None:
            self.background = read_background(self.tty, self._environ)
        self.wipe()


def mark_for(utf8: bool, *, plain: bool = False) -> str:
    """Give what stands before a message at the prompt."""
    if plain:
        return "you: "
    return "› " if utf8 else "> "


@contextmanager
def early_prompt(
    environ: Mapping[str, str], head: str = "", *, plain: bool = False
) -> Iterator[EarlyPrompt]:
    """Show the mark at once; afterwards the terminal is as it was found.

    A `plain` one shows nothing before the real prompt: what stands could not be taken back.
    """
    tty = Tty(escapes=environ.get("TERM", "dumb") not in {"dumb", ""})
    tty.speak_plainly(plain)
    mark = mark_for(speaks_utf8(sys.stdout, environ), plain=plain)
    early = EarlyPrompt(tty, mark, environ, head=head)
    try:
        with tty.quiet():
            tty.note_what_was_typed()
            early.paint()
            try:
                yield early
            finally:
                early.wipe()
    finally:
        tty.restore()
