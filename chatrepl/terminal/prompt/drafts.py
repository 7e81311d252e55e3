"""The line that is being typed, on disk while it rests: what kills a chat does not lose it.

Each chat has a file of its own, and a lock on it as long as it lives. What lies there and belongs
to nobody goes into the history when the next chat begins.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

_REST_S: Final = 0.5
_MOST_BYTES: Final = 4_000_000


class DraftKeeper:
    """Writes down what `draft` gives, soon after it changed; nothing without a folder."""

    def __init__(self, folder: Path | None, draft: Callable[[], str]) -> None:
        self._folder = folder
        self._draft = draft
        self._path: Path | None = None
        self._file = -1
        self._waits = False

    def changed(self, _sender: object = None) -> None:
        """Write the line down in a moment, however often it changes until then."""
        if self._folder is None or self._waits:
            return
        with suppress(RuntimeError):  # nobody is typing where no event loop runs
            asyncio.get_running_loop().call_later(_REST_S, self._write)
            self._waits = True

    def drop(self) -> None:
        """Let go of the line: it was sent, or is in the history."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._file)
            self._path = None

    def _write(self) -> None:
        self._waits = False
        text = self._draft()
        if not text:
            self.drop()
            return
        with suppress(OSError):
            self._open()
            data = json.dumps(text).encode("ascii")
            os.pwrite(self._file, data, 0)  # what stands behind it does not count
            os.ftruncate(self._file, len(data))

    def _open(self) -> None:
        if self._path is not None or self._folder is None:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{os.getpid()}-{os.urandom(4).hex()}.json"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        self._path = path
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def hand_over(folder: Path, take: Callable[[str], bool]) -> None:
    """Let the lines of chats that were killed be taken; what is not taken stays for the next."""
    for path in sorted(folder.glob("*.json")):
        with suppress(OSError):
            file = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # not where the chat goes on
                data = os.read(file, _MOST_BYTES)
                if data and take(_text(data)):  # without any it has only just begun
                    path.unlink()
            finally:
                os.close(file)


def _text(data: bytes) -> str:
    try:
        text, _ = json.JSONDecoder().raw_decode(data.decode("ascii", "replace"))
    except (ValueError, RecursionError):
        return ""
    return text if isinstance(text, str) else ""
