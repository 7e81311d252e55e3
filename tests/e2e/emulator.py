"""What a terminal is made of: an emulated screen, keys by name, an environment."""

import os
import re
from collections.abc import Callable, Mapping

import pyte

KEYS: Mapping[str, str] = {
    "enter": "\r", "tab": "\t", "esc": "\x1b", "space": " ", "bs": "\x7f", "del": "\x1b[3~",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
    "home": "\x1b[H", "end": "\x1b[F", "pgup": "\x1b[5~", "pgdn": "\x1b[6~",
    "s-tab": "\x1b[Z", "m-enter": "\x1b\r", "c-space": "\x00", "c-backslash": "\x1c",
    **{f"c-{chr(code)}": chr(code - 96) for code in range(ord("a"), ord("z") + 1)},
    **{f"m-{chr(code)}": f"\x1b{chr(code)}" for code in range(ord("a"), ord("z") + 1)},
}  # fmt: skip

_JOINERS = re.compile("([\u200b-\u200f\ufe00-\ufe0f\U000e0020-\U000e007f]+)")


class Screen(pyte.HistoryScreen):
    """pyte's screen, with its answers (cursor position, attributes) sent to the program."""

    def __init__(self, columns: int, rows: int, answer: Callable[[str], None]) -> None:
        super().__init__(columns, rows, history=100_000, ratio=0.5)
        self._answer = answer

    def draw(self, data: str) -> None:
        """Draw text; joiners go into the cell before them, at which pyte would stop."""
        for number, part in enumerate(_JOINERS.split(data)):
            if number % 2 == 0:
                super().draw(part)
            elif self.cursor.x > 0:
                row = self.buffer[self.cursor.y]
                x = self.cursor.x - (1 if row[self.cursor.x - 1].data else 2)  # wide ones take two
                row[x] = row[x]._replace(data=row[x].data + part)

    def write_process_input(self, data: str) -> None:
        """Answer a query."""
        self._answer(data)


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Give the environment for a program: ours, but with a known terminal and locale."""
    dropped = {
        "NO_COLOR",
        "FORCE_COLOR",
        "COLUMNS",
        "LINES",
        "LC_ALL",
        "LC_CTYPE",
        "VISUAL",
        "EDITOR",
    }
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    known = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    return {**kept, **known, **changes}
