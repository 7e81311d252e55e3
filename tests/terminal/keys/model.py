"""A second parser of what terminals send, a character at a time, and what to throw at both.

It follows the state machine of DEC's terminals (https://vt100.net/emu/dec_ansi_parser), read from
the other side: what is printed there is what was typed here.
"""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise

from chatrepl.terminal.keys.typing import Pasted, Stroke, Typing

C1 = {"\x8f": "O", "\x90": "P", "\x98": "X", "\x9b": "[", "\x9d": "]", "\x9e": "^", "\x9f": "_"}


_KEYS_OF_KITTY = range(57_344, 63_744)  # that are no letters


class Letters:
    """Takes characters; `typed` are those that stand for themselves."""

    def __init__(self) -> None:
        self.typed = ""
        self._state: Callable[[str], None] = self._ground
        self._body = ""

    def feed(self, text: str) -> "Letters":
        for char in text:
            self._state(char)
        return self

    def _ground(self, char: str) -> None:
        if char == "\x1b":
            self._state = self._escape
        elif char in C1:
            self._begin(C1[char])
        elif char >= " " and not "\x7f" <= char <= "\x9f":
            self.typed += char

    def _escape(self, char: str) -> None:
        self._state = self._ground
        if char in "[O]P_^X":
            self._begin(char)
        elif char == "\x1b" or "\x80" <= char <= "\x9f":
            self._ground(char)

    def _begin(self, kind: str) -> None:
        self._body = ""
        self._state = {"[": self._csi, "O": self._ss3}.get(kind, self._string)

    def _csi(self, char: str) -> None:
        if self._body == "[" and "A" <= char <= "E":
            self._state = self._ground
        elif self._body == "[":
            self._leave(char)
        elif char == "[" and not self._body:
            self._body = char
        elif char == "M" and not self._body:
            self._state = self._mouse
        elif " " <= char <= "/" or ("0" <= char <= "?" and not self._has_intermediate()):
            self._body += char
        elif "@" <= char <= "~":
            self._state = self._ground
            self._coded(char)
        else:
            self._leave(char)

    def _has_intermediate(self) -> bool:
        return any(" " <= char <= "/" for char in self._body)

    def _coded(self, final: str) -> None:
        """Type what a coded key types; only those are made below."""
        code = int(self._body) if self._body.isdigit() and len(self._body) < 7 else 0
        if final == "u" and code not in _KEYS_OF_KITTY and chr(code).isprintable():
            self.typed += chr(code)

    def _ss3(self, char: str) -> None:
        if char in "0123456789;":
            self._body += char
        elif char == " " or "@" <= char <= "~":
            self._state = self._ground
            pad = dict(zip("Xjklmnopqrstuvwxy ", "=*+,-./0123456789 ", strict=True))
            self.typed += "" if self._body else pad.get(char, "")
        else:
            self._leave(char)

    def _mouse(self, char: str) -> None:
        if char < " ":
            self._state = self._ground  # none, after all
            self.feed(self._body + char)
        else:
            self._body += char
            if len(self._body) == len("xyz"):
                self._state = self._ground

    def _string(self, char: str) -> None:
        if char in "\x07\x18\x1a\x9c":
            self._state = self._ground
        elif char == "\x1b":
            self._state = self._perhaps_ended

    def _perhaps_ended(self, char: str) -> None:
        self._state = self._ground
        if char != "\\":
            self._escape(char)

    def _leave(self, char: str) -> None:
        self._state = self._ground
        self._ground(char)


SOUP = [  # without $, which ends a key of rxvt where a read ends
    "\x1b",
    "\x1b[",
    "\x1b]",
    "\x1bP",
    "\x1b_",
    "\x1b^",
    "\x1bX",
    "\x1bO",
    "\x1b[?",
    "\x1b[<",
    "\x1b[M",
    "\x1b[>",
    "\x9b",
    "\x9d",
    "\x90",
    "\x8f",
    "\x9c",
    "\x1b\\",
    "\x07",
    "\x18",
    "\x00",
    "\r",
    "\n",
    "\t",
    "\x7f",
    "a",
    "c",
    "u",
    "~",
    "M",
    "R",
    "Z",
    "[",
    "O",
    "0",
    "1",
    "7",
    ";",
    ":",
    " ",
    "!",
    "ä",
    "日",
    "👩",
    "hello",
    "\x1b[A",
    "\x1b[97u",
    "\x1b[13;2u",
    "\x1b[?62;4c",
    "\x1b]11;rgb:1/2/3",
    "\x85",
]


def soup(rng: random.Random) -> str:
    """Give a text that is mostly broken; no paste, no key with modifiers that types a letter."""
    return "".join(rng.choices(SOUP, k=rng.randint(1, 14)))


def reports(rng: random.Random) -> tuple[str, str]:
    """Give what a terminal sends between letters that are typed, and the letters."""
    sent = letters = ""
    for _ in range(rng.randint(1, 8)):
        if rng.random() < 0.5:
            word = "".join(rng.choices("abcu~MRSZ[]O019;?ä日 ", k=rng.randint(1, 4)))
            sent, letters = sent + word, letters + word
        else:
            sent += report(rng)
    return sent, letters


def report(rng: random.Random) -> str:
    """Give something that a terminal says by itself, or a key that types nothing."""
    csi = rng.choice(["\x1b[", "\x1b[", "\x9b"])
    digits = ";".join(str(rng.randint(0, 9_999)) for _ in range(rng.randint(1, 4)))
    match rng.randrange(9):
        case 0:
            return f"{csi}{rng.choice('?><=')}{digits}{rng.choice(_FINALS)}"
        case 1:
            begin, between = rng.choice(["?", ">", "1;"]), rng.choice("$ !+")
            return f"{csi}{begin}{digits}{between}{rng.choice(_FINALS)}"
        case 2:
            return f"{csi}{rng.choice('IO')}"
        case 3:
            return f"{csi}<{digits}{rng.choice('Mm')}"
        case 4:
            return f"\x1b[M{''.join(chr(rng.randint(33, 126)) for _ in range(3))}"
        case 5:
            begin = rng.choice(
                ["\x1b]11;", "\x1bP>|", "\x1bP!|", "\x1b_G", "\x1b^", "\x1bX", "\x9d52;"]
            )
            body = "".join(rng.choices("abz019;:/?=ä \r\n", k=rng.randint(0, 20)))
            return begin + body + rng.choice(["\x07", "\x1b\\", "\x9c"])
        case 6:
            return f"{csi}{rng.randint(57_441, 57_454)};{rng.randint(1, 16)}u"
        case 7:
            return f"{csi}{rng.randint(97, 122)};{rng.randint(1, 8)}:3u"
        case _:
            return f"\x1bO{rng.choice('ABCDFHPQRS')}"


_FINALS = "abcdefghijklmnopqrstvwxyzABCDEFGHIJKLMNOPQSTUVWXYZ@`{|}"


def heard(text: str, cuts: Sequence[int]) -> list[Stroke]:
    """Give what is heard of a text that comes in pieces, all at once, and then silence."""
    now = [0.0]
    typing = Typing(lambda: now[0])
    data = text.encode("utf-8", "surrogateescape")
    borders = sorted({0, len(data), *(each % (len(data) + 1) for each in cuts)})
    strokes: list[Stroke] = []
    for start, end in pairwise(borders):
        strokes += typing.feed(data[start:end])
    return strokes + typing.silence()


def letters_of(strokes: Sequence[Stroke]) -> str:
    """Give the letters among strokes, pasted or typed."""
    letters = ""
    for stroke in strokes:
        text = stroke.text if isinstance(stroke, Pasted) else stroke
        if text[0] != "\x1b":
            letters += "".join(
                char for char in text if char >= " " and not "\x7f" <= char <= "\x9f"
            )
    return letters


def fault(rng: random.Random) -> str:
    """Say what is wrong with one random input; nothing where all is well."""
    cuts = [rng.randrange(1_000) for _ in range(rng.randint(0, 4))]
    sent, letters = reports(rng)
    if (came := letters_of(heard(sent, cuts))) != letters:
        return f"{sent!a} in pieces {cuts}: {came!a}, not {letters!a}"
    text = soup(rng)
    letters = Letters().feed(text).typed
    if (came := letters_of(heard(text, cuts))) != letters:
        return f"{text!a} in pieces {cuts}: {came!a}, not {letters!a}"
    return ""
