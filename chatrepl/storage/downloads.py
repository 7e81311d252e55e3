"""Files from outside, put into a folder of the user's: under harmless names, over no other file."""

import os
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path, PurePosixPath
from tempfile import mkstemp
from typing import Final

from chatrepl.core.characters import without_hidden
from chatrepl.core.errors import StorageError
from chatrepl.storage.files import publish, sync_folder, words_for, write_all

MOST_BYTES: Final = 500_000_000  # the service has no larger ones
_LONGEST_BYTES: Final = 200  # of a name: file systems take 255
_UNFIT: Final = frozenset('<>:"|?*')  # on one system or another
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


def harmless(name: str, otherwise: str) -> str:
    """Make a name of the last part of what a file is called elsewhere.

    It is no hidden file, no option of a command, nothing that shows as another name than it is.
    """
    last = re.split(r"[/\\]", name)[-1]
    plain, _ = without_hidden(last)
    fit = (char if char.isprintable() and char not in _UNFIT else "_" for char in plain)
    plain = "".join(fit).strip().lstrip(".-~ ").rstrip(". ")
    if not plain:
        return otherwise
    return _short(f"_{plain}" if _DEVICES.match(plain) else plain)


def _short(name: str) -> str:
    """Cut a name to what a file system takes, and keep what it ends in."""
    if len(name.encode()) <= _LONGEST_BYTES:
        return name
    suffix = PurePosixPath(name).suffix
    suffix = suffix if len(suffix.encode()) <= 20 else ""
    begin = name.encode()[: _LONGEST_BYTES - len(suffix.encode())]
    return begin.decode("utf-8", "ignore").rstrip(". ") + suffix


def save_new(folder: Path, name: str, fill: Callable[[Callable[[bytes], None]], object]) -> Path:
    """Write a new file, whole or not at all; `fill` gives its bytes to the function that it gets.

    Where there is one of that `name` it is called `name-2`, and so on. It is never executable.
    Raises StorageError, in words, and what `fill` raises.
    """
    try:
        descriptor, aside = mkstemp(prefix=".chatrepl-", suffix=".part", dir=folder)
    except (OSError, ValueError) as error:
        raise _unwritten(name, error) from error
    path = Path(aside)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            _fill(file.fileno(), name, fill)
        return _named(path, folder, name)
    finally:
        path.unlink(missing_ok=True)


def _fill(descriptor: int, name: str, fill: Callable[[Callable[[bytes], None]], object]) -> None:
    size = 0

    def write(data: bytes) -> None:
        nonlocal size
        size += len(data)
        if size > MOST_BYTES:
            raise StorageError(f"{name} was not written: it is larger than the service allows.")
        try:
            write_all(descriptor, data)
        except OSError as error:
            raise _unwritten(name, error) from error

    fill(write)
    os.fsync(descriptor)


def _named(aside: Path, folder: Path, name: str) -> Path:
    for candidate in _names(name):
        path = folder / candidate
        if os.path.lexists(path):
            continue
        try:
            publish(aside, path)
        except FileExistsError:
            continue
        except OSError as error:
            raise _unwritten(name, error) from error
        sync_folder(folder)
        return path
    raise AssertionError  # names without end


def _names(name: str) -> Iterator[str]:
    yield name
    whole = PurePosixPath(name)
    yield from (f"{whole.stem}-{number}{whole.suffix}" for number in count(2))


def _unwritten(name: str, error: Exception) -> StorageError:
    why = words_for(error) if isinstance(error, OSError) else "the name cannot be used"
    return StorageError(f"{name} was not written: {why}.")
