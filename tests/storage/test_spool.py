"""What is put aside on the disk comes back as it was, and leaves nothing behind."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import StorageError
from chatrepl.storage import spool as module
from chatrepl.storage.spool import Spool


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_each_comes_back_as_often_as_it_is_read(pieces: list[bytes]) -> None:
    spool = Spool()
    kept = [spool.keep(piece) for piece in pieces]
    assert [spool.read(at) for at in reversed(kept)] == pieces[::-1]
    assert [spool.read(at) for at in kept] == pieces
    spool.close()


def test_nothing_is_seen_of_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.keep(b"x")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - hidden files, too
    spool.close()


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StorageError, match="cannot be put aside"):
        Spool(tmp_path / "none")

    def full(_descriptor: int, _data: bytes) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(module, "write_all", full)
    spool = Spool(tmp_path)
    with pytest.raises(StorageError, match="disk is full"):
        spool.keep(b"x")
    spool.close()
