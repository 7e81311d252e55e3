"""Files from outside: their names are harmless, they stand over no other file, and are whole."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import StorageError
from chatrepl.storage import downloads, files
from chatrepl.storage.downloads import harmless, save_new

Write = Callable[[bytes], None]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("chart.png", "chart.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\report.csv", "report.csv"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("~root", "root"),
        ("a\nb\x1b[31m.txt", "a_b.txt"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("con", "_con"),
        ("AUX.txt", "_AUX.txt"),
        ("a:b*c?.txt", "a_b_c_.txt"),
        ("name. . ", "name"),
        ("", "file-1"),
        ("...", "file-1"),
        ("/", "file-1"),
        ("\ud800.txt", "txt"),
        ("Übersicht 2026.md", "Übersicht 2026.md"),
    ],
)
def test_a_name_is_the_last_part_of_it_with_nothing_that_harms(name: str, made: str) -> None:
    assert harmless(name, "file-1") == made


@given(st.text(alphabet=st.characters(), max_size=400))
def test_any_name_can_be_written_and_leads_nowhere_else(name: str) -> None:
    made = harmless(name, "file-1")
    assert made == os.path.basename(made)  # noqa: PTH119
    assert made.isprintable()
    assert not made.startswith((".", "-", "~", " "))
    assert 0 < len(made.encode()) <= 200


def test_a_long_name_keeps_what_it_ends_in() -> None:
    assert harmless("ä" * 400 + ".tar", "x").endswith("ä.tar")


def test_a_file_stands_over_no_other_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine")
    (tmp_path / "a-2.csv").symlink_to(tmp_path / "nowhere")
    old = os.umask(0)
    try:
        path = save_new(tmp_path, "a.csv", lambda write: write(b"new"))
    finally:
        os.umask(old)
    assert (path.name, path.read_bytes()) == ("a-3.csv", b"new")
    assert (tmp_path / "a.csv").read_text() == "mine"
    assert stat.S_IMODE(path.stat().st_mode) & 0o111 == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a-2.csv", "a-3.csv", "a.csv"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, StorageError("gone")])
def test_of_a_file_that_does_not_come_whole_nothing_stays(
    tmp_path: Path, fault: BaseException
) -> None:
    def fill(write: Write) -> None:
        write(b"half")
        raise fault

    with pytest.raises(type(fault) if isinstance(fault, Exception) else KeyboardInterrupt):
        save_new(tmp_path, "a.csv", fill)
    assert [*tmp_path.iterdir()] == []


def test_a_file_that_is_larger_than_the_service_allows_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MOST_BYTES", 10)
    with pytest.raises(StorageError, match="larger than the service allows"):
        save_new(tmp_path, "a", lambda write: [*map(write, [b"12345"] * 3)])
    assert [*tmp_path.iterdir()] == []


def test_a_file_that_gets_no_name_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_aside: Path, _path: Path) -> None:
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr(downloads, "publish", full)
    with pytest.raises(StorageError, match=r"a\.csv was not written: the disk is full\."):
        save_new(tmp_path, "a.csv", lambda write: write(b"new"))
    assert [*tmp_path.iterdir()] == []


def test_a_name_that_somebody_takes_meanwhile_stays_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish, synced = files.publish, list[Path]()

    def late(aside: Path, path: Path) -> None:
        if path.name == "a.csv":
            path.write_bytes(b"theirs")
        publish(aside, path)

    monkeypatch.setattr(downloads, "publish", late)
    monkeypatch.setattr(downloads, "sync_folder", synced.append)
    path = save_new(tmp_path, "a.csv", lambda write: write(b"new"))
    assert (path.name, path.read_bytes()) == ("a-2.csv", b"new")
    assert (tmp_path / "a.csv").read_bytes() == b"theirs"
    assert synced == [tmp_path]


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"a was not written: there is no such folder\."):
        save_new(tmp_path / "none", "a", lambda write: write(b""))
