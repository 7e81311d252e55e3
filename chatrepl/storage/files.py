"""The few things done to the disk with care: private files, whole writes, locks, words for faults.

Nothing here is ever overwritten halfway: a file is written aside, synced, and then renamed.
"""

import contextlib
import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from chatrepl.core.errors import StorageError

PRIVATE_FILE: Final = 0o600
Chunks: TypeAlias = Iterable[bytes]
_under_way: Final[set[threading.Event]] = set()  # files that other threads put in place
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
APPEND: Final = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_WORDS: Final[Mapping[int, str]] = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is full",
    errno.EFBIG: "the file has become too large",
    errno.EIO: "the disk reported a fault",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "you may not write there",
    errno.EPERM: "you may not write there",
    errno.EEXIST: "there is such a file already",
    errno.ENOENT: "there is no such folder",
    errno.ENOTDIR: "a part of the path is no folder",
    errno.EISDIR: "there is a folder of that name",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
    errno.ELOOP: "a link stands in its place",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ETIMEDOUT: "the disk does not answer",
}


def words_for(error: OSError) -> str:
    """Say in a few words what went wrong."""
    return _WORDS.get(error.errno or 0, "the disk refused")


@contextlib.contextmanager
def creating(path: Path) -> Iterator[int]:
    """Create a file for the user alone, under any umask; it is gone again where the rest fails.

    Gives the descriptor, which stays open. Raises FileExistsError and other OSErrors.
    """
    descriptor = os.open(path, APPEND | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        os.fchmod(descriptor, PRIVATE_FILE)
        yield descriptor
    except BaseException:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write `data` to its end, whatever the system takes at a time. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _write_pieces(descriptor: int, data: bytes | Chunks) -> None:
    for piece in (data,) if isinstance(data, bytes) else data:
        write_all(descriptor, piece)


def sync_data(descriptor: int) -> None:
    """Wait until the disk has what was written. Raises OSError."""
    getattr(os, "fdatasync", os.fsync)(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in `folder`. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:  # some network file systems cannot
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes | Chunks, mode: int = PRIVATE_FILE) -> None:
    """Put `data` in the place of what is at `path`, wholly or not at all. Raises OSError."""
    if not threading.current_thread().daemon:
        _replace(path, data, mode)
        return
    # A daemon thread is cut off wherever it is when the program ends: another one does it.
    faults: list[OSError] = []
    done = threading.Event()

    def work() -> None:
        try:
            _replace(path, data, mode)
        except OSError as error:
            faults.append(error)
        finally:
            done.set()

    _under_way.add(done)
    try:
        threading.Thread(target=work, daemon=False).start()
        done.wait()
    finally:
        _under_way.discard(done)
    if faults:
        raise faults[0]


def finish_writing(seconds: float) -> None:
    """Wait a while for files that other threads are putting in place, or are about to."""
    for done in tuple(_under_way):
        done.wait(seconds)


def _replace(path: Path, data: bytes | Chunks, mode: int) -> None:
    aside = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    with creating(aside) as descriptor:
        _write_pieces(descriptor, data)
        if mode != PRIVATE_FILE:
            os.fchmod(descriptor, mode)
        os.fsync(descriptor)
        aside.replace(path)
    os.close(descriptor)
    sync_folder(path.parent)


def write_new(path: Path, text: str | Chunks, *, overwrite: bool = False) -> None:
    """Write an export, wholly or not at all, for the user alone.

    Raises StorageError, in words; FileExistsError where something is there and `overwrite` is
    not set, so that the user can be asked.
    """
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    try:
        _write_export(path, data, overwrite=overwrite)
    except FileExistsError:
        raise
    except (OSError, ValueError) as error:
        why = words_for(error) if isinstance(error, OSError) else "the name cannot be used"
        raise StorageError(f"{path} was not written: {why}.") from error


def holder(path: Path) -> int | None:
    """Give the process that has locked a file, where the system knows; never one that is gone."""
    try:
        status = path.stat()
        locks = Path("/proc/locks").read_text("ascii")
    except (OSError, ValueError):
        return None
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    for words in map(str.split, locks.splitlines()):
        if words[1:2] == ["FLOCK"] and words[5:6] == [f"{device}:{status.st_ino}"]:
            return int(words[4]) if words[4].isdigit() and words[4] != "0" else None
    return None


@contextlib.contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Keep others from doing the same in `folder` meanwhile; waits a second at most."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        for _ in range(20):
            if lock(descriptor):
                break
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def lock(descriptor: int) -> bool:
    """Take a file for this process alone; False where another one has it.

    Where a file system knows no locks, all go on without.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _write_export(path: Path, data: bytes | Chunks, *, overwrite: bool) -> None:
    """Write a file that nobody sees before it is whole, also where we are killed meanwhile."""
    if os.path.lexists(path) and (not overwrite or path.is_dir()):
        raise FileExistsError(errno.EEXIST, "there is such a file", str(path))
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        descriptor = _nameless(folder)
        if descriptor is None:
            _write_aside(path, data, overwrite=overwrite)
            return
        try:
            os.fchmod(descriptor, PRIVATE_FILE)
            _write_pieces(descriptor, data)
            os.fsync(descriptor)
            _name(descriptor, folder, path.name, overwrite=overwrite)
        finally:
            os.close(descriptor)
    finally:
        os.close(folder)
    sync_folder(path.parent)


def _nameless(folder: int) -> int | None:
    """Open a file without a name in `folder`; None where the system or its disk has none."""
    flags = getattr(os, "O_TMPFILE", None)
    if flags is None or not os.path.lexists("/proc/self/fd"):
        return None
    with contextlib.suppress(OSError):
        return os.open(".", flags | os.O_RDWR | os.O_CLOEXEC, PRIVATE_FILE, dir_fd=folder)
    return None


def _name(descriptor: int, folder: int, name: str, *, overwrite: bool) -> None:
    """Give a finished file its name; in the place of another one, if it may `overwrite`."""

    def link(named: str) -> None:  # only with a folder given is the link to the file followed
        os.link(f"/proc/self/fd/{descriptor}", named, dst_dir_fd=folder, follow_symlinks=True)

    try:
        link(name)
    except FileExistsError:
        if not overwrite:
            raise
        aside = f".{name[:200]}.{os.urandom(4).hex()}"
        link(aside)
        try:
            os.rename(aside, name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            os.unlink(aside, dir_fd=folder)
            raise


def _write_aside(path: Path, data: bytes | Chunks, *, overwrite: bool) -> None:
    """Write a file under another name first."""
    if overwrite and not path.is_dir():
        replace_file(path, data)
        return
    aside = path.with_name(f".{path.name[:200]}.{os.urandom(4).hex()}")
    try:
        replace_file(aside, data)
        publish(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def publish(aside: Path, path: Path) -> None:
    """Give a finished file its name, beside the one it has.

    Raises FileExistsError where something has taken it.
    """
    try:
        os.link(aside, path)
    except FileExistsError:
        raise
    except OSError:  # no hard links here
        aside.rename(path)
