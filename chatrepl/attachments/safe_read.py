"""Open files that somebody named, without hanging, exploding or following surprises.

The checks run on the open descriptor, so that nothing can change between check and read.

How sizes and foreign names are put into words.
"""

import errno
import os
import platform
import shlex
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from chatrepl.core.errors import AttachmentError

_NAME_LIMIT = 60


def shown(name: str) -> str:
    """Make a foreign name fit for one line: nothing invisible, at most 60 characters."""
    visible = "".join(char if char.isprintable() else _escape(char) for char in name)
    if len(visible) <= _NAME_LIMIT:
        return visible
    head, tail = _NAME_LIMIT // 2, _NAME_LIMIT - _NAME_LIMIT // 2 - 1
    return f"{visible[:head]}…{visible[-tail:]}"


def size(count: int) -> str:
    """Put a number of bytes into words, decimal units."""
    if count < 1_000:
        return f"{count} bytes" if count != 1 else "1 byte"
    if count < 1_000_000:
        return f"{count / 1_000:.0f} kB"
    if count < 10_000_000:
        return f"{count / 1_000_000:.1f} MB"
    if count < 1_000_000_000:
        return f"{count // 1_000_000} MB"
    return f"{count / 1_000_000_000:.1f} GB"


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x1_0000 else f"\\U{code:08x}"


HEAD_BYTES: Final = 65_536
_CHUNK: Final = 1 << 20
_TOO_LARGE: Final = 5
# Non-blocking: opening a FIFO nobody writes to returns at once.
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WORDS: Final[Mapping[int, str]] = {
    errno.ENOENT: "there is no such file",
    errno.ENOTDIR: "a part of the path is not a directory",
    errno.EACCES: "you may not read it",
    errno.EPERM: "you may not read it",
    errno.ELOOP: "it is a link that leads in a circle",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ENXIO: "it is a socket, a FIFO or a device, not a file",
    errno.ENODEV: "it is a device, not a file",
    errno.EISDIR: "it is a directory",
    errno.EAGAIN: "it is not a file with an end",
    errno.EIO: "the disk or the system could not read it",
}


class SafeFile:
    """A regular file, open for reading; `head` costs one read, `read_all` is bounded."""

    def __init__(self, descriptor: int, path: str, claimed_bytes: int) -> None:
        self.path = path
        self.claimed_bytes = claimed_bytes
        self._descriptor = descriptor
        self._data = bytearray()

    def head(self) -> bytes:
        """Read the first 64 kB at most."""
        self._fill(HEAD_BYTES)
        return bytes(self._data[:HEAD_BYTES])

    def read_all(self, limit: int) -> bytes:
        """Read the whole file; refuse one of more than `limit` bytes, also while it grows."""
        if self.claimed_bytes > limit:
            raise too_large(self.path, self.claimed_bytes, limit)
        self._fill(limit + 1)
        if len(self._data) > limit:
            raise too_large(self.path, None, limit)
        data, self._data = bytes(self._data), bytearray()  # never hold a large file twice
        return data

    def _fill(self, count: int) -> None:
        while len(self._data) < count:
            try:
                piece = os.read(self._descriptor, min(_CHUNK, count - len(self._data)))
            except OSError as error:
                raise refusal(self.path, _words(error)) from None
            if not piece:
                return
            self._data += piece


@contextmanager
def open_regular(path: str) -> Iterator[SafeFile]:
    """Open a regular file; everything else raises `AttachmentError`."""
    try:
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        raise refusal(path, _why_not_open(path, error)) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise refusal(path, f"it is {_kind(status.st_mode)}, not a file")
        yield SafeFile(descriptor, path, status.st_size)
    finally:
        os.close(descriptor)


def plain_path(spec: str) -> str:
    """Turn a typed or dragged path into a plain one: quotes, escapes, `file://` and `~`.

    A file that exists under the literal name wins over any reading of it.
    """
    if os.path.lexists(spec):
        return spec
    if spec.startswith("file:"):
        return _from_file_url(spec)
    path = expanded(spec)
    if os.path.lexists(path):
        return path
    stripped = spec.strip()
    try:
        words = shlex.split(stripped)
    except ValueError:
        words = []
    if len(words) == 1:
        unquoted = words[0] if stripped[:1] in {"'", '"'} else expanded(words[0])
        if unquoted.startswith("file://"):
            return _from_file_url(unquoted)
        if os.path.lexists(unquoted) or unquoted != stripped:
            return unquoted
    return path


def refusal(path: str, why: str, hint: str = "") -> AttachmentError:
    """Say why a file cannot be attached."""
    return AttachmentError(f"{shown(path) or 'The empty name'} cannot be attached: {why}.", hint)


def too_large(path: str, count: int | None, limit: int, hint: str = "") -> AttachmentError:
    """Say that a file exceeds `limit` bytes; `count` is None where its size is unknown."""
    had = f"it has {size(count)}" if count is not None else f"it has more than {size(limit)}"
    return AttachmentError(
        f"{shown(path)} is too large: {had}, the limit is {size(limit)}.",
        hint,
        exit_code=_TOO_LARGE,
    )


def expanded(path: str) -> str:
    """Put a home folder in the place of `~`; where there is none, or no such name, it stays."""
    try:
        return os.path.expanduser(path)  # noqa: PTH111 - pathlib raises where there is no home
    except ValueError:  # NUL, or half a character
        return path


def _from_file_url(spec: str) -> str:
    try:
        parts = urlsplit(spec)
    except ValueError:
        raise refusal(spec, "the address cannot be read") from None
    if parts.netloc not in {"", "localhost", platform.node()}:
        raise refusal(spec, "it lies on another computer")
    return unquote(parts.path, errors="surrogateescape")


def _why_not_open(path: str, error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):
        return "the name holds a character that no file name may have"
    if not path:
        return "no file is named"
    if error.errno == errno.ENOENT and Path(path).is_symlink():
        return "it is a link to a file that does not exist"
    if error.errno == errno.ENXIO:
        try:
            return f"it is {_kind(Path(path).stat().st_mode)}, not a file"
        except OSError:
            pass
    return _words(error)


def _words(error: OSError) -> str:
    return _WORDS.get(error.errno or 0) or (error.strerror or "it cannot be read").lower()


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"
