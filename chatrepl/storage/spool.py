"""Bytes that wait on the disk until they are needed, so that they take no memory meanwhile."""

import os
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from chatrepl.core.errors import SAFE, StorageError
from chatrepl.storage.files import words_for, write_all

_SIZE_BYTES: Final = 8


class Spool:
    """A file without a name, which is gone with us."""

    def __init__(self, folder: Path | None = None) -> None:
        """Make it in `folder`, else where temporary files are. Raises StorageError."""
        try:
            self._file = TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115 - as long as we
        except OSError as error:
            raise _unkept(error) from error
        self._end = 0

    def keep(self, data: bytes) -> int:
        """Put `data` aside; by the number that is given it is read again. Raises StorageError."""
        at = self._end
        sized = len(data).to_bytes(_SIZE_BYTES) + data
        try:
            write_all(self._file.fileno(), sized)
        except OSError as error:
            raise _unkept(error) from error
        self._end += len(sized)
        return at

    def read(self, at: int) -> bytes:
        """Read what was put aside, as often as is wanted."""
        file = self._file.fileno()
        size = int.from_bytes(os.pread(file, _SIZE_BYTES, at))
        return os.pread(file, size, at + _SIZE_BYTES)

    def close(self) -> None:
        """Let go of it, and of all that is in it."""
        self._file.close()


def _unkept(error: OSError) -> StorageError:
    return StorageError(f"Questions cannot be put aside: {words_for(error)}.", SAFE)
