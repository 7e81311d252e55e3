import errno
import os
import stat
from pathlib import Path

import pytest

from chatrepl.storage import files
from chatrepl.storage.journal_file import DAMAGED, LogFile


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_a_new_file_is_private_and_takes_what_is_appended(tmp_path: Path) -> None:
    log = LogFile.create(tmp_path / "c" / "a.jsonl")
    data = bytearray(b"one\n")
    log.append(data)
    log.sync()
    log.close()
    assert data == b""
    assert log.path.read_bytes() == b"one\n"
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_an_existing_file_is_never_taken_for_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"mine\n")
    with pytest.raises(FileExistsError):
        LogFile.create(tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == b"mine\n"


def test_an_open_file_is_opened_by_nobody_else(tmp_path: Path) -> None:
    log = LogFile.create(tmp_path / "a.jsonl")
    assert LogFile.open(tmp_path / "a.jsonl") is None
    log.close()
    again = LogFile.open(tmp_path / "a.jsonl")
    assert again is not None
    again.close()


def test_a_torn_line_is_ended_when_the_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"one\ntw")
    for _ in range(2):
        log = LogFile.open(path)
        assert log is not None
        log.close()
    assert path.read_bytes() == b"one\ntw\n"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "a.jsonl").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match=r"symbolic links|link"):
        LogFile.open(tmp_path / "a.jsonl")


def test_what_was_written_of_a_line_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogFile.create(tmp_path / "a.jsonl")
    real = os.write
    left = [2, 0]

    def short(descriptor: int, data: bytearray) -> int:
        if not left:
            return real(descriptor, data)
        if not (count := left.pop(0)):
            raise OSError(errno.ENOSPC, "full")
        return real(descriptor, data[:count])

    monkeypatch.setattr("chatrepl.storage.journal_file.os.write", short)
    data = bytearray(b"line\n")
    with pytest.raises(OSError, match="full"):
        log.append(data)
    assert data == b"ne\n"
    log.append(data)
    log.close()
    assert log.path.read_bytes() == b"line\n"


def test_written_anew_the_old_file_is_kept_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    old = LogFile.create(path)
    old.append(bytearray(b"old\n"))
    new = LogFile.rewrite(path, b"new\n")
    assert not old.is_in_place()
    assert new.is_in_place()
    assert LogFile.open(path) is None
    assert path.read_bytes() == b"new\n"
    assert path.with_suffix(DAMAGED).read_bytes() == b"old\n"
    assert len(list(tmp_path.iterdir())) == 2
    old.close()
    new.close()


def test_a_journal_that_another_process_has_costs_no_descriptor(tmp_path: Path) -> None:
    log = LogFile.create(tmp_path / "a.jsonl")
    before = open_files()

    for _ in range(20):
        assert LogFile.open(tmp_path / "a.jsonl") is None

    assert open_files() < before + 20
    log.close()


def test_the_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, synced = LogFile.create(tmp_path / "a.jsonl"), list[int]()
    monkeypatch.setattr(files, "sync_data", synced.append)
    log.sync()
    log.close()
    assert synced == [log._descriptor]


def test_what_is_written_anew_while_we_open_it_is_opened_again_and_the_old_one_let_go_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock, attempts = tmp_path / "a.jsonl", files.lock, iter(range(20))
    path.touch()

    def late(descriptor: int) -> bool:
        if next(attempts, None) is not None:
            (tmp_path / "new").touch()
            (tmp_path / "new").replace(path)
        return lock(descriptor)

    monkeypatch.setattr(files, "lock", late)
    before = open_files()
    log = LogFile.open(path)
    assert log is not None
    assert log.is_in_place()
    assert open_files() < before + 20
    log.close()


def test_a_rewrite_that_fails_leaves_the_old_file_alone_and_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jsonl"
    LogFile.create(path).close()

    def fails(_: int) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr("chatrepl.storage.journal_file.os.fsync", fails)
    before = open_files()
    for _ in range(20):
        with pytest.raises(OSError, match="broken"):
            LogFile.rewrite(path, b"new\n")

    assert open_files() < before + 20
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_journal_whose_name_cannot_be_put_on_the_disk_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Path) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr("chatrepl.storage.files.sync_folder", fails)
    before = open_files()
    for _ in range(20):
        with pytest.raises(OSError, match="broken"):
            LogFile.create(tmp_path / "a.jsonl")

    assert open_files() < before + 20
    assert not list(tmp_path.iterdir())
