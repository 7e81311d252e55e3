"""Text that arrives in pieces, cut into lines: the same lines wherever the pieces were cut.

One source line while the block parser takes its prefix: columns, tabs, marks of containers.
"""

import re
from typing import NamedTuple

_BULLET = re.compile(r"[-+*](?=[ \t]|$)")
_NUMBER = re.compile(r"(\d{1,9})([.)])(?=[ \t]|$)")


class Marker(NamedTuple):
    """A list marker: its character, its number (bullets: -1), and the indent of what it holds."""

    mark: str
    number: int
    width: int


class SourceLine:
    """What is left of a source line, with its indent in columns.

    `rest` has its leading tabs replaced by blanks, by the column where they stand.
    `raw` is the same text as it was written, where no tab had to be split.
    """

    __slots__ = ("_column", "blank", "indent", "raw", "rest")

    def __init__(self, text: str) -> None:
        self._column = 0
        self._set(text)

    def _set(self, text: str) -> None:
        body = text.lstrip(" ")
        indent = len(text) - len(body)
        self.raw = self.rest = text
        if body[:1] == "\t":
            body = text.lstrip(" \t")
            column = self._column
            for char in text[: len(text) - len(body)]:
                column += 4 - column % 4 if char == "\t" else 1
            indent = column - self._column
            self.rest = " " * indent + body
        self.indent = indent
        self.blank = not body.strip(" \t")

    def strip(self, columns: int) -> None:
        """Take off that many columns of indent."""
        self._take(columns, columns)

    def _take(self, chars: int, columns: int) -> None:
        raw = self.raw if self.raw[:chars] == self.rest[:chars] else self.rest
        self._column += columns
        self._set(raw[chars:])

    @property
    def body(self) -> str:
        """The text without its indent."""
        return self.rest[self.indent :]

    def take_quote(self) -> bool:
        """Take a `>` and one blank after it, if they come next."""
        if self.indent > 3 or self.rest[self.indent : self.indent + 1] != ">":
            return False
        self._take(self.indent + 1, self.indent + 1)
        if self.indent:
            self.strip(1)
        return True

    def marker(self) -> Marker | None:
        """The list marker that comes next, if one does."""
        body = self.body
        if match := _BULLET.match(body):
            mark, number = match.group(), -1
        elif match := _NUMBER.match(body):
            mark, number = match.group(2), int(match.group(1))
        else:
            return None
        gap = self._gap(match.end()) if body[match.end() :].strip(" \t") else 1
        return Marker(mark, number, self.indent + match.end() + (gap if gap <= 4 else 1))

    def _gap(self, start: int) -> int:
        """Columns of white space after a marker that ends `start` characters into the body."""
        column = begin = self._column + self.indent + start
        for char in self.rest[self.indent + start :]:
            if char == "\t":
                column += 4 - column % 4
            elif char == " ":
                column += 1
            else:
                break
        return column - begin

    def take_marker(self, marker: Marker) -> None:
        """Take a list marker with the white space that belongs to it."""
        body = self.body
        chars = 1 if marker.number < 0 else len(body) - len(body.lstrip("0123456789")) + 1
        used = self.indent + chars
        self._take(used, used)
        self.strip(min(self.indent, marker.width - used))

    def take(self, chars: int) -> None:
        """Take that many characters after the indent."""
        self._take(self.indent + chars, self.indent + chars)


class LinePart(str):
    """A part of a line that goes on in the next part."""

    __slots__ = ()


LONG = 300  # characters; a longer line is read in parts, and what is read may be printed
_ROW = 8_000  # a heading, or a row of a table, which a cut would break
_WINDOW = 500
_CUT = re.compile(
    r"[ \t。！？、，；：](?=[^\W\d_])"
)  # what follows must not look like a block's start


class Lines:
    """Cut a growing text into lines, and long ones into parts; `part` is what came of the last.

    CR LF and a lone CR end a line too, and NUL becomes the replacement character.
    """

    __slots__ = ("_return", "part")

    def __init__(self) -> None:
        self.part = ""
        self._return = False

    def feed(self, text: str) -> list[str]:
        """Take more text and return the lines it completes, without their line ends."""
        if self._return:
            text = "\r" + text
            self._return = False
        if "\r" in text:
            if text.endswith("\r"):  # its line feed may still come
                text = text[:-1]
                self._return = True
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if "\0" in text:
            text = text.replace("\0", "\ufffd")
        if "\n" not in text:
            self.part += text
            return self._cut(whole=False) if len(self.part) > LONG else []
        lines = (self.part + text).split("\n")
        self.part = lines.pop()
        if len(self.part) > LONG or max(map(len, lines)) > LONG:
            part = self.part
            cut: list[str] = []
            for line in lines:
                self.part = line
                cut += self._cut(whole=True)
            self.part = part
            return cut + self._cut(whole=False)
        return lines

    def finish(self) -> list[str]:
        """Return what is left as a last line, if there is anything."""
        lines = self.feed("\n") if self._return or self.part else []
        self._return = False
        return lines

    def _cut(self, *, whole: bool) -> list[str]:
        """Cut an overlong `part`; where is decided by its own text alone."""
        text, out = self.part, list[str]()
        while len(text) > (most := _ROW if text.lstrip(" >")[:1] in ("|", "#") else LONG):
            match = _CUT.search(text, most, most + _WINDOW)
            if match:
                end = match.end()
            elif len(text) > most + _WINDOW:
                end = most + _WINDOW
            else:
                break
            out.append(LinePart(text[:end]))
            text = text[end:]
        if whole:
            out.append(text)
            text = ""
        self.part = text
        return out
