"""What standard input holds: nothing, a text, or a file to attach."""

import os
import stat
import sys
from dataclasses import dataclass
from typing import Final

from chatrepl.core.errors import ChatreplError, UsageError

MOST_BYTES: Final = 32_000_000
_BINARY_HEADS: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"%PDF-")


@dataclass(frozen=True, slots=True)
class Piped:
    """Text from a pipe, or the bytes of a file that came through it. `note` tells of repairs."""

    text: str = ""
    data: bytes = b""
    note: str = ""


def is_keyboard() -> bool:
    """Tell whether standard input is a terminal."""
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:  # closed
        return False


def read() -> Piped:
    """Read standard input to its end.

    Raises UsageError for binary data that is no image and no PDF, and ChatreplError with exit code
    5 for more than a request may hold.
    """
    data = _read_bytes()
    if len(data) > MOST_BYTES:
        raise ChatreplError(
            f"Standard input is larger than {MOST_BYTES // 1_000_000} MB; a request holds no more.",
            "Nothing was sent. Send a part of it, for example through head -c.",
            exit_code=5,
        )
    if data.startswith(_BINARY_HEADS):
        return Piped(data=data)
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(
            "Standard input is binary, and neither an image nor a PDF.",
            "Nothing was sent. Text, JPEG, PNG, GIF, WebP and PDF are read.",
        )
    return _decoded(data)


def _decoded(data: bytes) -> Piped:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return Piped(data.decode(encoding))
    except UnicodeDecodeError:
        note = "Standard input is not all UTF-8; what is not was replaced by U+FFFD."
        return Piped(data.decode(encoding, "replace"), note=note)


def _read_bytes() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        return b""
    parts: list[bytes] = []
    room = MOST_BYTES + 1
    try:
        descriptor = sys.stdin.fileno()
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise UsageError("Standard input is a directory.", "Nothing was sent.")
        while room > 0 and (part := os.read(descriptor, min(room, 1 << 20))):
            parts.append(part)
            room -= len(part)
    except OSError as error:
        reason = error.strerror or "it broke off"
        raise UsageError(
            f"Standard input cannot be read: {reason}.", "Nothing was sent."
        ) from error
    return b"".join(parts)
