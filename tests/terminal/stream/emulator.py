"""A terminal to look at: pyte with scrollback, zero-width characters and dim text."""

import re
from functools import lru_cache
from typing import Any

import pyte
from pyte import modes
from wcwidth import wcwidth

_LINK = re.compile(r"\x1b\]8;[^;]*;([^\x07\x1b]*)(?:\x07|\x1b\\)")
_SYNC = re.compile(r"\x1b\[\?2026h.*?\x1b\[\?2026l", re.DOTALL)
_ERASE = re.compile(r"\x1b\[\d*[JKXPM]")
_width = lru_cache(maxsize=65_536)(wcwidth)

Run = tuple[str, tuple[object, ...]]
Row = tuple[Run, ...]
_BLANK = ("default", False, False, False)


class _Screen(pyte.HistoryScreen):
    _join = False

    def select_graphic_rendition(self, *attrs: int, **options: Any) -> None:
        """Keep dim text apart from other text: pyte knows blinking, but not that."""
        plain = 38 in attrs or 48 in attrs  # a 2 among them is no attribute
        codes = attrs if plain else tuple(5 if code == 2 else code for code in attrs)
        super().select_graphic_rendition(*codes, **options)

    def draw(self, data: str) -> None:
        """Draw as terminals with Unicode 9 widths and emoji sequences do."""
        for char in data:
            width = 1 if " " <= char <= "~" else _width(char)
            if width <= 0:
                self._combine(char)
            elif self._join and width == 2:
                self._append(char)
                self._join = False
            else:
                self._join = False
                self._place(char, width)

    def _before(self) -> int:
        line = self.buffer[self.cursor.y]
        x = self.cursor.x - 1
        return x - 1 if x > 0 and line[x].data == "" else x

    def _append(self, char: str) -> None:
        line, x = self.buffer[self.cursor.y], self._before()
        if x >= 0:
            line[x] = line[x]._replace(data=line[x].data + char)

    def _combine(self, char: str) -> None:
        if self.cursor.x == 0:
            return
        self._append(char)
        line, x = self.buffer[self.cursor.y], self._before()
        if char == "\u200d":
            self._join = True
        elif char == "\ufe0f" and self._widens(x):
            line[self.cursor.x] = line[x]._replace(data="")
            self.cursor.x += 1

    def _widens(self, x: int) -> bool:
        """Tell whether a selector for emoji makes the character at x two cells wide."""
        data = self.buffer[self.cursor.y][x].data
        narrow = len(data) == 2 and _width(data[0]) == 1
        return narrow and x == self.cursor.x - 1 and self.cursor.x < self.columns

    def _place(self, char: str, width: int) -> None:
        if self.cursor.x + width > self.columns:
            if modes.DECAWM in self.mode:
                self.carriage_return()
                self.linefeed()
            else:
                self.cursor.x = max(0, self.columns - width)
        line, x = self.buffer[self.cursor.y], self.cursor.x
        line[x] = self.cursor.attrs._replace(data=char)
        if width == 2 and x + 1 < self.columns:
            line[x + 1] = self.cursor.attrs._replace(data="")
        self.cursor.x = min(self.columns, x + width)


class Terminal:
    """Feed it what a program wrote; ask for rows as runs of text and style."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._screen = _Screen(width, height, history=10**6, ratio=0.5)
        self._stream = pyte.Stream(self._screen)

    def feed(self, text: str) -> None:
        self._stream.feed(_LINK.sub("", text))

    def scrollback(self) -> list[Row]:
        return [_runs(line, self.width) for line in self._screen.history.top]

    def visible(self) -> list[Row]:
        return [_runs(self._screen.buffer[y], self.width) for y in range(self.height)]

    def rows(self) -> list[Row]:
        """All rows down to the last one that has something in it."""
        rows = self.scrollback() + self.visible()
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column."""
        return self._screen.cursor.y, self._screen.cursor.x


def _runs(line: Any, width: int) -> Row:
    """A row; blanks count by background alone, and not at all at the end."""
    out: list[tuple[str, tuple[object, ...]]] = []
    for x in range(min(width, max(line, default=-1) + 1)):
        cell = line[x]
        marks = (cell.bg, cell.underscore, cell.strikethrough, cell.reverse)
        full = (*marks, cell.fg, cell.bold, cell.italics, cell.blink)
        style = marks if cell.data == " " else full
        if out and out[-1][1] == style:
            out[-1] = (out[-1][0] + cell.data, style)
        else:
            out.append((cell.data, style))
    while out and out[-1][1] == _BLANK:
        out.pop()
    return tuple(out)


def text_of(row: Row) -> str:
    return "".join(text for text, _ in row)


def erases_unseen(output: str) -> bool:
    """Tell whether all that is erased is erased within a synchronized update."""
    return not _ERASE.search(_SYNC.sub("", output))
