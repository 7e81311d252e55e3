"""Bytes that wait on the disk until they are needed, so that they take no memory meanwhile."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

from chatrepl.core.errors import StorageError
from chatrepl.storage.files import words_for, write_all


class Spool:
    """A file without a name, which is gone with us."""

    def __init__(self, folder: Path | None = None) -> None:
        """Make it in `folder`, else where temporary files are. Raises StorageError."""
        try:
            self._file = TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115 - as long as we
        except OSError as error:
            raise _unkept(error) from error
        self._end = 0

    def keep(self, data: bytes) -> Callable[[], bytes]:
        """Put `data` aside; what is given back reads it again. Raises StorageError."""
        at = self._end
        try:
            write_all(self._file.fileno(), data)
        except OSError as error:
            raise _unkept(error) from error
        self._end += len(data)
        return partial(os.pread, self._file.fileno(), len(data), at)

    def close(self) -> None:
        """Let go of it, and of all that is in it."""
        self._file.close()


def _unkept(error: OSError) -> StorageError:
    return StorageError(f"Questions cannot be put aside: {words_for(error)}.", "Nothing was sent.")
