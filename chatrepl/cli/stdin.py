"""What standard input holds: nothing, a text, or a file to attach."""

import os
import stat
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import Final

from chatrepl.core.errors import SAFE, ChatreplError, UsageError
from chatrepl.core.value import frozen

MOST_BYTES: Final = 32_000_000
_HEAD: Final = 65_536


@frozen
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


def use_keyboard() -> None:
    """Read from the controlling terminal from now on. Raises UsageError where there is none."""
    try:
        terminal = os.open(os.ctermid(), os.O_RDWR)
    except (OSError, AttributeError):
        raise UsageError("-i goes on at the keyboard, but there is no terminal.", SAFE) from None
    os.dup2(terminal, 0)
    if terminal != 0:
        os.close(terminal)
    sys.stdin = os.fdopen(0, "r", encoding="utf-8", errors="surrogateescape", closefd=False)


def read_in_background() -> "Future[Piped]":
    """Begin to read standard input; meanwhile there is time to get ready."""
    future: Future[Piped] = Future()

    future.set_running_or_notify_cancel()  # who stops waiting cannot stop the reading

    def work() -> None:
        try:
            future.set_result(read())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is wanted
            future.set_exception(error)

    threading.Thread(target=work, name="stdin", daemon=True).start()
    return future


def read() -> Piped:
    """Read standard input to its end.

    Raises UsageError for binary data that is no image and no PDF, and ChatreplError with exit code
    5 for more than a request may hold.
    """
    data = _read_bytes()
    if len(data) > MOST_BYTES:
        raise ChatreplError(
            f"Standard input is larger than {MOST_BYTES // 1_000_000} MB; a request holds no more.",
            f"{SAFE} Send a part of it, for example through head -c.",
            exit_code=5,
        )
    if not data:
        return Piped()
    from chatrepl.attachments.sniff import FileKind, looks_binary, sniff

    head = data[:_HEAD]
    kind = sniff(head)
    if kind.kind in {FileKind.IMAGE, FileKind.PDF}:
        return Piped(data=data)
    if looks_binary(head):
        raise UsageError(
            f"Standard input is {kind.name}, and neither an image nor a PDF.",
            f"{SAFE} Text, pictures and PDF are read.",
        )
    return _decoded(data)


def _decoded(data: bytes) -> Piped:
    with suppress(UnicodeDecodeError):
        text = data.decode()
        if "\0" not in text:
            return Piped(text.lstrip("\ufeff"))
    from chatrepl.attachments.decoding import UndecodableError, decode  # seldom needed

    try:
        decoded = decode(data)
    except UndecodableError as error:
        raise UsageError(f"Standard input cannot be read: {error}.", SAFE) from None
    return Piped(decoded.text, note=f"standard input is {decoded.note}.")


def _read_bytes() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        return b""
    parts: list[bytes] = []
    room = MOST_BYTES + 1
    try:
        descriptor = sys.stdin.fileno()
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise UsageError("Standard input is a directory.", SAFE)
        while room > 0 and (part := os.read(descriptor, min(room, 1 << 20))):
            parts.append(part)
            room -= len(part)
    except OSError as error:
        reason = error.strerror or "it broke off"
        raise UsageError(f"Standard input cannot be read: {reason}.", SAFE) from error
    return b"".join(parts)
