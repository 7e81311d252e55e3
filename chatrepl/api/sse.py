"""Server-sent events out of bytes, in whatever pieces they come."""

import re
from typing import Final

_BOM: Final = b"\xef\xbb\xbf"
_BLANKS: Final = re.compile(rb"\n{3,}")
_PIECE: Final = 40  # what a line of data takes besides what it says
_MOST_MERGED: Final = 200_000
# Deltas of one text as the service writes them; blanks before the last brace hide their length.
_HEAD: Final = (
    rb'\n\n(?:event: ?content_block_delta\n)?data: ?{"type": ?"content_block_delta", ?'
    rb'"index": ?\d{1,9}, ?"delta": ?{"type": ?"(?:text_delta", ?"text|thinking_delta", ?"thinking)'
    rb'": ?"'
)
_TEXT: Final = rb'[^"\\\r\n]*+(?:\\[^\r\n][^"\\\r\n]*+)*+'
_CLOSE: Final = rb'"} *}'
_RUN: Final = re.compile(rb"(%b)(%b(?:%b\1%b(?=%b\n\n))++)" % (_HEAD, _TEXT, _CLOSE, _TEXT, _CLOSE))


def merged(chunk: bytes) -> bytes:
    """Make one event of deltas that follow each other in a text; their words stay as they are.

    For a reply of hundreds of deltas it takes a tenth of the CPU to read them so.
    """
    return _RUN.sub(_merged, chunk) if len(chunk) < _MOST_MERGED else chunk


def _merged(run: re.Match[bytes]) -> bytes:
    *pieces, last = run[2].split(run[1])
    return b"".join((run[1], *(piece.rstrip(b" }")[:-1] for piece in pieces), last))


class EventReader:
    """Collect bytes and give the events that are complete: pairs of a name and the data.

    Only an empty line completes an event, or the end of all bytes. Where it `joins`, deltas of one
    text that come at once are one event.
    """

    def __init__(self, *, joins: bool = False) -> None:
        self._joins = joins
        self._rest: list[bytes] = []
        self._held = 0
        self._name = ""
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._started = False

    def feed(self, chunk: bytes) -> list[tuple[str, bytes]]:
        """Take the next bytes; return the events that they complete."""
        if not self._started and (chunk or self._rest):
            chunk = self._skip_mark(chunk)
        if b"\n" not in chunk and b"\r" not in chunk:
            self._rest.append(chunk)
            self._held += len(chunk)
            return []
        if self._joins:
            is_between = not (self._held or self._name or self._data)
            chunk = merged(b"\n\n" + chunk if is_between else chunk)
        buffer = b"".join((*self._rest, chunk))
        # A CR at the very end may be the first half of a CRLF: it waits for what follows.
        held = buffer.endswith(b"\r")
        lines = (buffer[:-1] if held else buffer).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\n\n\n" in lines:  # what is empty after an empty line says nothing, and costs time
            lines = _BLANKS.sub(b"\n\n", lines)
        *complete, rest = lines.split(b"\n")
        rest = rest + b"\r" if held else rest
        self._rest = [rest]
        self._held = len(rest)
        events = (self._line(line) for line in complete)
        return [event for event in events if event is not None]

    def end(self) -> list[tuple[str, bytes]]:
        """Return the event that the end of the bytes completes, if it has data."""
        return self.feed(b"\n\n")

    @property
    def waiting(self) -> int:
        """How much memory is taken by what completes nothing yet, in bytes."""
        return self._held + self._data_bytes

    def _skip_mark(self, chunk: bytes) -> bytes:
        """Leave out a byte order mark at the very start."""
        head = b"".join((*self._rest, chunk))
        self._rest = []
        self._held = 0
        if len(head) < len(_BOM) and _BOM.startswith(head):
            self._rest = [head]
            return b""
        self._started = True
        return head.removeprefix(_BOM)

    def _line(self, line: bytes) -> tuple[str, bytes] | None:
        if not line:
            event = (self._name, b"\n".join(self._data)) if self._data else None
            self._name = ""
            self._data = []
            self._data_bytes = 0
            return event
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._data_bytes += len(value) + _PIECE
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        return None
