import errno
import fcntl
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from chatrepl.core.errors import StorageError
from chatrepl.storage import files


def _create(path: Path) -> None:
    with files.creating(path) as descriptor:
        os.close(descriptor)


@pytest.mark.parametrize("umask", [0, 0o777])
def test_a_file_is_for_the_user_alone_under_any_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        _create(tmp_path / "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_an_export_is_written_whole_and_private(tmp_path: Path) -> None:
    files.write_new(tmp_path / "a.md", "Grüße\n")
    assert (tmp_path / "a.md").read_bytes() == "Grüße\n".encode()
    assert stat.S_IMODE((tmp_path / "a.md").stat().st_mode) == 0o600
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("is_named_late", [True, False])
def test_an_export_in_pieces_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_named_late: bool
) -> None:
    if not is_named_late:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    files.write_new(tmp_path / "a.md", (b"%d\n" % number for number in range(3)))
    assert (tmp_path / "a.md").read_bytes() == b"0\n1\n2\n"

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise KeyError

    with pytest.raises(KeyError):
        files.write_new(tmp_path / "b.md", broken())
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]


def test_nothing_is_overwritten_without_being_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        files.write_new(path, "theirs")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        files.write_new(tmp_path / "link", "theirs")
    assert path.read_text() == "mine"
    files.write_new(path, "theirs", overwrite=True)
    assert path.read_text() == "theirs"
    assert len(list(tmp_path.iterdir())) == 2


_KILLED = """
import os, sys
from pathlib import Path
from chatrepl.storage import files

call, when, path, how = sys.argv[1:]
real = getattr(os, call)

def killed(*args, **more):
    if when == "after":
        real(*args, **more)
    os._exit(9)

setattr(os, call, killed)
files.write_new(Path(path), "x" * 100_000, overwrite=how == "over")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="files without names are Linux's")
@pytest.mark.parametrize("how", ["new", "over"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["write", "fchmod", "fsync"])
def test_an_export_that_is_killed_leaves_nothing_behind(
    tmp_path: Path, call: str, when: str, how: str
) -> None:
    path = tmp_path / "a.md"
    if how == "over":
        path.write_text("old")
    argv = [sys.executable, "-c", _KILLED, call, when, str(path), how]
    code = subprocess.run(argv, check=False).returncode
    left = {file.name: file.read_text()[:3] for file in tmp_path.iterdir()}
    assert (code, left) == (9, {"a.md": "old"} if how == "over" else {})


def test_where_no_file_is_without_a_name_an_export_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    test_an_export_is_written_whole_and_private(tmp_path)
    (tmp_path / "more").mkdir()
    test_nothing_is_overwritten_without_being_asked(tmp_path / "more")


@pytest.mark.parametrize("name", ["missing/a.md", "folder", "a\0b"])
def test_what_cannot_be_written_is_said_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises((StorageError, FileExistsError)):
        files.write_new(tmp_path / name, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_text_that_cannot_be_encoded_is_written_with_marks(tmp_path: Path) -> None:
    files.write_new(tmp_path / "a", "half \ud800")
    assert (tmp_path / "a").read_bytes() == b"half ?"


def test_a_failed_replacement_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def fails(_: int) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr("chatrepl.storage.files.os.fsync", fails)
    with pytest.raises(OSError, match="broken"):
        files.replace_file(path, b"new")
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("is_named_late", [True, False])
@pytest.mark.parametrize("old", [None, "old"])
@pytest.mark.parametrize("call", ["open", "fchmod", "write", "fsync", "link", "rename", "replace"])
def test_whichever_call_fails_an_export_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, old: str | None, is_named_late: bool
) -> None:
    if not is_named_late:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    does, path = getattr(os, call), tmp_path / "a.md"
    for fails_at in range(6):
        path.unlink(missing_ok=True)
        if old is not None:
            path.write_text(old)
        calls = count()

        def fails(*args: Any, _calls: "count[int]" = calls, _at: int = fails_at, **how: Any) -> Any:
            if next(_calls) == _at:
                raise OSError(errno.EIO, "broken")
            return does(*args, **how)

        error = None
        with monkeypatch.context() as patch:
            patch.setattr(os, call, fails)
            try:
                files.write_new(path, "new", overwrite=old is not None)
            except StorageError as fault:
                error = fault
        left = {file.name: file.read_text() for file in tmp_path.iterdir()}
        before = {} if old is None else {"a.md": old}
        assert left in ([{"a.md": "new"}] if error is None else [before, {"a.md": "new"}])


def test_a_name_that_somebody_takes_while_an_export_is_written_stays_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)

    def pieces() -> Iterator[bytes]:
        yield b"ours"
        (tmp_path / "a.md").write_text("theirs")

    with pytest.raises(FileExistsError):
        files.write_new(tmp_path / "a.md", pieces())
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"a.md": "theirs"}


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_a_folder_that_no_disk_has_is_told_but_where_none_can_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fails(_descriptor: int) -> None:
        raise OSError(number, "broken")

    monkeypatch.setattr(os, "fsync", fails)
    cannot_tell = number == errno.EINVAL
    with nullcontext() if cannot_tell else pytest.raises(OSError, match="broken"):
        files.sync_folder(tmp_path)


def test_faults_have_words() -> None:
    assert files.words_for(OSError(errno.ENOSPC, "")) == "the disk is full"
    assert files.words_for(OSError()) == "the disk refused"


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    with files.creating(tmp_path / "a") as first:
        pass
    second = os.open(tmp_path / "a", os.O_RDWR)
    assert files.lock(first)
    assert not files.lock(second)
    os.close(first)
    assert files.lock(second)
    os.close(second)


def test_a_folder_is_held_by_one_and_let_go_of_whatever_happens(tmp_path: Path) -> None:
    other = os.open(tmp_path, os.O_RDONLY)
    for fault in (None, KeyError):
        with suppress(KeyError), files.hold_folder(tmp_path):
            assert not files.lock(other)
            if fault is not None:
                raise fault
        assert files.lock(other)
        fcntl.flock(other, fcntl.LOCK_UN)
    os.close(other)
    with files.hold_folder(tmp_path / "none"):
        assert not (tmp_path / "none").exists()


def test_a_file_that_could_not_be_made_private_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "no")

    with monkeypatch.context() as broken:
        broken.setattr("chatrepl.storage.files.os.fchmod", refuse)
        with pytest.raises(OSError, match="no"):
            _create(tmp_path / "a")
    _create(tmp_path / "a")


def test_a_file_that_a_daemon_thread_writes_outlives_the_end_of_the_program(
    tmp_path: Path,
) -> None:
    slow = """
import os, sys, threading, time
from pathlib import Path
from chatrepl.storage import files
begun, sync = threading.Event(), os.fsync
def late(descriptor):
    begun.set()
    time.sleep(0.3)
    sync(descriptor)
os.fsync = late
work = lambda: files.replace_file(Path(sys.argv[1]), b"whole")
threading.Thread(target=work, daemon=True).start()
begun.wait()
"""
    target = tmp_path / "models.json"
    subprocess.run([sys.executable, "-c", slow, str(target)], check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["models.json"]
    assert target.read_bytes() == b"whole"


def test_a_file_whose_writer_has_not_begun_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, may_begin = threading.Event(), threading.Event()

    class Late(threading.Thread):
        def start(self) -> None:
            asked.set()
            may_begin.wait(10)
            super().start()

    writer = threading.Thread(target=files.replace_file, args=(tmp_path / "a", b"a"), daemon=True)
    monkeypatch.setattr(threading, "Thread", Late)
    writer.start()
    assert asked.wait(10)
    files.finish_writing(0.01)  # longer than that, nobody waits
    assert not (tmp_path / "a").exists()
    may_begin.set()
    files.finish_writing(10)
    assert (tmp_path / "a").read_bytes() == b"a"
    writer.join(10)


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system does not tell")
def test_who_holds_a_file_is_told_while_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "held"
    with files.creating(path) as descriptor:
        pass
    assert files.holder(path) is None
    assert files.lock(descriptor)
    assert files.holder(path) in {os.getpid(), None}  # some file systems hide it
    os.close(descriptor)
    assert files.holder(path) is None
    assert files.holder(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("written", "pid"),
    [
        ("FLOCK  ADVISORY  WRITE 4321 {file}", 4321),
        ("FLOCK  ADVISORY  WRITE 0 {file}", None),  # of another container
        ("FLOCK  ADVISORY  WRITE -1 {file}", None),
        ("POSIX  ADVISORY  WRITE 4321 {file}", None),
        ("FLOCK  ADVISORY  WRITE 4321 00:00:1", None),
        ("-> FLOCK  ADVISORY  WRITE 4321 {file}", None),  # it waits
    ],
)
def test_who_holds_a_file_is_told_only_where_the_system_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, pid: int | None
) -> None:
    (tmp_path / "held").touch()
    status = (tmp_path / "held").stat()
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    locks = f"1: {written} 0 EOF\n".replace("{file}", f"{device}:{status.st_ino}")
    monkeypatch.setattr(Path, "read_text", lambda *_: locks)

    assert files.holder(tmp_path / "held") == pid


def test_written_data_is_waited_for_with_what_the_system_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    synced: list[tuple[str, int]] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(("fsync", descriptor)))
    monkeypatch.setattr(
        os, "fdatasync", lambda descriptor: synced.append(("fdatasync", descriptor)), raising=False
    )
    files.sync_data(7)
    monkeypatch.delattr(os, "fdatasync")
    files.sync_data(8)

    assert synced == [("fdatasync", 7), ("fsync", 8)]
