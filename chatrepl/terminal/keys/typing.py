"""What was typed and what was pasted, from the bytes of a keyboard.

One `Typing` hears a terminal from the first byte to the last, whoever reads: what is still open
when one reader gives way to another is finished by the next.

A paste never sends by itself. What stands in brackets is one; so is a read with text on both sides
of a line end, and all that follows a paste until there was silence. In it Enter is a new line.
"""

import codecs
import re
import time
from collections.abc import Callable
from itertools import groupby
from typing import Final, NamedTuple, TypeAlias

from chatrepl.terminal.keys.extended import NEW_LINE, is_sequence, plain
from chatrepl.terminal.keys.sequences import cut, ended

SILENCE_S: Final = 0.05  # ends what was pasted
_PAUSE_S: Final = 0.1  # ends a sequence that is still open
_STALLED_S: Final = 3.0  # ends a paste whose end was lost
_BEGIN: Final = re.compile(r"(?:\x1b\[|\x9b)200~")
_END: Final = re.compile(r"(?:\x1b\[|\x9b)201~")
_HALF_END: Final = re.compile(r"(?:\x1b(?:\[(?:20?1?)?)?|\x9b(?:20?1?)?)\Z")
_LINES: Final = re.compile(r"[^t]*t[^n]*n[^t]*t")
_EXTENDED: Final = re.compile(r"(?:\x1b\[|\x9b)\?\d+u")
_NEW_LINES: Final = frozenset({"\\\r\n", "\\\r", "\\\n"})  # what editors send for Shift-Enter

_SENDS_NOTHING: Final = {"\r": NEW_LINE, "\x1b\r": NEW_LINE, "\x0f": ""}  # in a paste


class Pasted(NamedTuple):
    """A text that came in one piece; `goes_on` where it follows on another without a pause."""

    text: str
    goes_on: bool = False


Stroke: TypeAlias = str | Pasted  # the first is a key, or text that was typed


class Typing:
    """Takes bytes as they come; what is not finished waits for more, or for silence.

    The first bytes, `in_lines`, came while the terminal still gathered lines: Enter is a line feed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, in_lines: int = 0) -> None:
        self._in_lines = in_lines
        self.extended = False  # the terminal said that it can tell all keys apart
        self._clock = clock
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._open = ""
        self._paste: list[str] | None = None
        self._in_batch = False  # what was pasted goes on until there is silence
        self._goes_on = False  # ... as the same text
        self._paste_in_read = False
        self._after_cr = False
        self._last_s = clock()

    @property
    def waits(self) -> bool:
        """Whether silence would decide something now."""
        return bool(self._open) and self._paste is None

    def was_busy(self) -> None:
        """Count silence from now: what came meanwhile may have come at any time."""
        self._last_s = self._clock()

    def feed(self, data: bytes) -> list[Stroke]:
        """Take what one read gave."""
        strokes = self._what_time_ended()
        if early := data[: self._in_lines]:
            self._in_lines -= len(early)
            data = early.replace(b"\n", b"\r") + data[len(early) :]
        text = self._open + self._decoder.decode(data)
        if not self._open and text in _NEW_LINES:
            return [*strokes, NEW_LINE]
        self._open = ""
        self._paste_in_read = self._paste is not None
        while text:
            text = (self._outside if self._paste is None else self._inside)(text, strokes)
        self.was_busy()
        return strokes

    def silence(self) -> list[Stroke]:
        """Give what an open sequence is if nothing follows."""
        if self._paste is not None:
            return []
        rest, self._open = self._open, ""
        return self._typed(ended(rest))

    def _what_time_ended(self) -> list[Stroke]:
        now = self._clock()
        gap_s, self._last_s = now - self._last_s, now
        strokes: list[Stroke] = []
        if self._paste is not None and gap_s > _STALLED_S:
            self._close(self._open, strokes)
            self._open = ""
        if gap_s > _PAUSE_S:
            strokes += self.silence()
        if gap_s > SILENCE_S:
            self._in_batch = self._goes_on = self._after_cr = False
        return strokes

    def _outside(self, text: str, strokes: list[Stroke]) -> str:
        begin = _BEGIN.search(text)
        pieces, rest = cut(text[: begin.start()] if begin else text)
        if begin is None:
            self._open = rest
            strokes += self._typed(pieces)
            return ""
        strokes += self._typed(pieces + ended(rest))
        self._paste, self._paste_in_read = [], True
        return text[begin.end() :]

    def _inside(self, text: str, strokes: list[Stroke]) -> str:
        first = _END.search(text)
        if first is None:
            half = _HALF_END.search(text)
            at = half.start() if half else len(text)
            self._open = text[at:]
            if self._paste is not None:
                self._paste.append(text[:at])
            return ""
        following = _BEGIN.search(text, first.end())
        *_, last = _END.finditer(text, first.start(), following.start() if following else len(text))
        self._close(text[: last.start()], strokes)
        return text[last.end() :]

    def _close(self, text: str, strokes: list[Stroke]) -> None:
        strokes.append(Pasted(pasted_text("".join([*(self._paste or ()), text]))))
        self._paste, self._in_batch, self._goes_on = None, True, False

    def _typed(self, pieces: list[str]) -> list[Stroke]:
        self.extended = self.extended or any(map(_EXTENDED.fullmatch, pieces))
        kinds = "".join(map(_kind, pieces))
        if not self._in_batch and not _LINES.match(kinds):
            return [key for key in map(plain, pieces) if key]
        self._in_batch = True
        from_a_person = not self._paste_in_read and "t" not in kinds and "n" not in kinds
        strokes: list[Stroke] = []
        for is_key, run in groupby(pieces, lambda piece: from_a_person or is_sequence(piece)):
            if is_key:
                keys = map(plain, run)
                strokes += filter(None, (_SENDS_NOTHING.get(key, key) for key in keys))
            elif text := self._lines("".join(run)):
                strokes.append(Pasted(text, self._goes_on))
                self._goes_on = True
        return strokes

    def _lines(self, text: str) -> str:
        """Give text whose every line end is a new line, also where a read parted CR from LF."""
        if self._after_cr and text.startswith("\n"):
            text = text[1:]
        self._after_cr = text.endswith("\r")
        return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _kind(piece: str) -> str:
    """Give `t` for text, `n` for a line end, `k` for a key."""
    if piece in {"\r", "\n", "\r\n"}:
        return "n"
    typed = piece == "\t" or (piece[0] >= " " and piece != "\x7f" and not is_sequence(piece))
    return "t" if typed else "k"


def pasted_text(data: str) -> str:
    """Give a paste byte for byte, but undo what terminals do to line feeds.

    Many terminals send CR for each LF; then there is no LF at all.
    """
    return data if "\n" in data else data.replace("\r", "\n")
