"""The frames of HTTP/1.1: the head of an answer, and its content out of bytes.

What is not beyond doubt is an EOFError: nothing is guessed, and the connection is not used again.
"""

import re
from collections.abc import Mapping
from typing import Final, Protocol

from chatrepl.core.value import frozen

_STATUS: Final = re.compile(rb"HTTP/1\.(\d) ([1-9]\d\d)(?: [^\r\n]*)?")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\n\0]*)")
_LINE_END: Final = re.compile(rb"\r?\n")
_FOLD: Final = re.compile(rb"\r?\n[ \t]+")
HEAD_END: Final = re.compile(rb"\n\r?\n")
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
_LENGTH: Final = re.compile(r"\d{1,20}", re.ASCII)
_MOST_LINE: Final = 4096
_EMPTY: Final = frozenset({204, 304})


@frozen
class Head:
    """The head of an answer; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    is_kept: bool


class Framing(Protocol):
    """Takes bytes and gives the content. It has `ended` when nothing more belongs to it."""

    ended: bool
    is_kept: bool

    def feed(self, data: bytes) -> bytes: ...
    def end(self) -> None:
        """Hear that the connection is closed. Raises EOFError where that cuts the content."""


def head_of(data: bytes) -> Head:
    """Read a head without its empty line. Raises EOFError for what is none."""
    first, *rest = _LINE_END.split(data.rstrip(b"\r"), maxsplit=1)
    lines = _LINE_END.split(_FOLD.sub(b" ", rest[0])) if rest else ()
    if (status := _STATUS.fullmatch(first)) is None:
        raise EOFError("no head of HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        if (field := _FIELD.fullmatch(line)) is None:
            raise EOFError("a header that is none")
        name, value = field[1].decode("ascii").lower(), field[2].strip(b" \t").decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    wants_end = "close" in headers.get("connection", "").lower()
    return Head(int(status[2]), headers, status[1] != b"0" and not wants_end)


def framing_of(head: Head) -> Framing:
    """Settle how the content of an answer is framed. Raises EOFError where that is in doubt."""
    coding, length = head.headers.get("transfer-encoding"), head.headers.get("content-length")
    if head.status in _EMPTY:
        return Counted(0, is_kept=head.is_kept)
    if coding is not None:
        if coding.strip().lower() != "chunked":
            raise EOFError("an unknown way to frame")
        return Chunked(is_kept=head.is_kept and length is None)  # RFC 9112, 6.3: the length is void
    if length is None:
        return ToTheEnd()
    lengths = {one.strip(" \t") for one in length.split(",")}  # it may be told twice
    if len(lengths) > 1 or _LENGTH.fullmatch(one := lengths.pop()) is None:
        raise EOFError("a length that is none")
    return Counted(int(one), is_kept=head.is_kept)


class ToTheEnd:
    """Content that ends with the connection."""

    ended = is_kept = False

    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> None:
        self.ended = True


class Counted:
    """Content of a length that was told."""

    def __init__(self, length: int, *, is_kept: bool) -> None:
        self.left, self.is_kept = length, is_kept
        self.ended = not length

    def feed(self, data: bytes) -> bytes:
        self.is_kept = self.is_kept and len(data) <= self.left
        content = data[: self.left]
        self.left -= len(content)
        self.ended = not self.left
        return content

    def end(self) -> None:
        raise EOFError("the content was cut")


def _whole(data: bytes, at: int, pieces: list[bytes]) -> int:
    """Take the chunks that are all there, from `at` on; give where the first other one begins."""
    while (size := _SIZE.match(data, at)) and (length := int(size[1], 16)):
        end = size.end() + length
        if data[end : end + 2] != b"\r\n":
            break
        pieces.append(data[size.end() : end])
        at = end + 2
    return at


class Chunked:
    """Content in chunks, which may come torn anywhere."""

    def __init__(self, *, is_kept: bool) -> None:
        self.is_kept, self.ended = is_kept, False
        self._rest = b""
        self._left = 0  # of the chunk that is open, with the end of its line

    def feed(self, data: bytes) -> bytes:
        data, at = self._rest + data, 0
        pieces: list[bytes] = []
        while not self.ended:
            if self._left:
                end = min(at + self._left, len(data))
                pieces.append(data[at : max(at, min(end, at + self._left - 2))])
                at, left = self._line_end(data, at, end)
                if left:
                    break
            at = _whole(data, at, pieces)
            size = _SIZE.match(data, at)
            if size is None:
                if len(data) - at > _MOST_LINE or b"\r\n" in data[at:]:
                    raise EOFError("a chunk without a size")
                break
            if length := int(size[1], 16):
                at, self._left = size.end(), length + 2
            elif (last := data.find(b"\r\n\r\n", size.end() - 2)) >= 0:
                self.ended = True
                self.is_kept = self.is_kept and last + 4 == len(data)
            else:
                break
        self._rest = b"" if self.ended else data[at:]
        return b"".join(pieces)

    def _line_end(self, data: bytes, at: int, end: int) -> tuple[int, int]:
        """Go on to `end` in the open chunk; whole line ends only are passed."""
        left = self._left - (end - at)
        if left == 1:  # half of its line's end waits for the other half
            end, left = end - 1, 2
        if not left and data[end - 2 : end] != b"\r\n":
            raise EOFError("a chunk that is too long")
        self._left = left
        return end, left

    def end(self) -> None:
        raise EOFError("the content was cut")
