"""One journal file on the disk: created, locked, appended to, synced, written anew."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from chatrepl.storage import files
from chatrepl.storage.paths import make_folder

SUFFIX: Final = ".jsonl"
DAMAGED: Final = ".damaged"


class LogFile:
    """An open journal, held by this process alone. Every method raises OSError."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def create(cls, path: Path) -> "LogFile":
        """Create a journal and see to it that its name is on the disk."""
        make_folder(path.parent)
        with files.creating(path) as descriptor:
            files.lock(descriptor)
            files.sync_folder(path.parent)
        return cls(path, descriptor)

    @classmethod
    def open(cls, path: Path) -> "LogFile | None":
        """Open a journal to go on with it; None where another process has it."""
        while True:
            descriptor = os.open(path, files.APPEND)
            log = cls(path, descriptor)
            if not files.lock(descriptor):
                os.close(descriptor)
                return None
            if log.is_in_place():
                log.end_torn_line()
                return log
            os.close(descriptor)  # written anew by another process in between

    @classmethod
    def rewrite(cls, path: Path, data: bytes) -> "LogFile":
        """Write a journal anew in the place of one the disk cannot be trusted with.

        The old one is kept beside it, for a time when somebody wants to look.
        """
        make_folder(path.parent)
        aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with files.creating(aside) as descriptor:
            files.lock(descriptor)
            files.write_all(descriptor, data)
            os.fsync(descriptor)
            with contextlib.suppress(OSError):
                os.link(path, path.with_suffix(DAMAGED))
            aside.replace(path)
            files.sync_folder(path.parent)
        return cls(path, descriptor)

    def append(self, data: bytearray) -> None:
        """Write `data`; what is written is taken out of it, also where the rest fails."""
        while data:
            count = os.write(self._descriptor, data)
            del data[:count]

    def sync(self) -> None:
        files.sync_data(self._descriptor)

    def is_in_place(self) -> bool:
        """Tell whether the file still stands under its name."""
        ours = os.fstat(self._descriptor)
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return False
        return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)

    def end_torn_line(self) -> None:
        """Close a line that was cut by a crash, so that nothing is ever appended to it."""
        size = os.fstat(self._descriptor).st_size
        os.lseek(self._descriptor, max(0, size - 1), os.SEEK_SET)
        if size and os.read(self._descriptor, 1) != b"\n":
            files.write_all(self._descriptor, b"\n")

    def drop_if_empty(self) -> None:
        """Take the file away again where nothing could be written to it."""
        with contextlib.suppress(OSError):
            if not os.fstat(self._descriptor).st_size and self.is_in_place():
                self.path.unlink()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._descriptor)
