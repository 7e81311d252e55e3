import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.storage import files
from chatrepl.storage.small_files import learn, read_facts
from tests.storage.test_journal_file import open_files


def test_what_was_learned_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "state" / "facts.json"
    assert learn(path, {"models": {"opus": {"prefill": False, "since": "2026-01-01"}}})
    assert read_facts(path) == {"models": {"opus": {"prefill": False, "since": "2026-01-01"}}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_others_learned_stays(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    learn(path, {"models": {"opus": {"prefill": False}}, "old": 1})
    learn(path, {"models": {"opus": {"scale": 1.1}, "haiku": {"scale": 0.9}}, "old": None})
    assert read_facts(path) == {
        "models": {"opus": {"prefill": False, "scale": 1.1}, "haiku": {"scale": 0.9}}
    }


@pytest.mark.parametrize("data", [b"", b"\0\0", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_a_damaged_file_counts_as_empty(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "facts.json"
    path.write_bytes(data)
    assert read_facts(path) == {}
    assert learn(path, {"a": 1})
    assert read_facts(path) == {"a": 1}


def test_without_a_place_nothing_is_kept_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not learn(None, {"a": 1})
    assert not learn(tmp_path / "file" / "facts.json", {"a": 1})
    assert read_facts(None) == read_facts(tmp_path / "missing") == {}


def test_a_write_that_fails_leaves_the_old_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "facts.json"
    learn(path, {"a": 1})

    def fails(*_: Any) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(files, "write_all", fails)
    assert not learn(path, {"a": 2})
    assert read_facts(path) == {"a": 1}
    assert {p.name for p in tmp_path.iterdir()} == {"facts.json", "facts.lock"}


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4))
def test_learning_twice_is_learning_once(changes: dict[str, Any]) -> None:
    from chatrepl.storage.small_files import _merged

    once = _merged({}, changes)
    assert _merged(once, changes) == once


def test_learning_lets_go_of_its_lock(tmp_path: Path) -> None:
    learn(tmp_path / "facts.json", {"a": 0})
    before = open_files()

    for number in range(20):
        assert learn(tmp_path / "facts.json", {"a": number})

    assert open_files() < before + 20


def test_a_fifo_holds_nothing_and_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    os.mkfifo(path)
    assert read_facts(path) == {}
    with os.fdopen(os.open(path, os.O_RDWR), "r+b", buffering=0):  # a writer that says nothing
        assert read_facts(path) == {}
