"""The history file."""

import json
import os
import stat
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.terminal.prompt import history as module
from chatrepl.terminal.prompt.history import DiskHistory


def test_half_a_character_comes_back_as_none(tmp_path: Path) -> None:
    DiskHistory(tmp_path / "h").store_string("a\ud800b")
    assert stored(tmp_path / "h") == ["a\ufffdb"]


def stored(path: Path) -> list[str]:
    return list(DiskHistory(path).load_history_strings())


@pytest.mark.parametrize("entry", ["one", "two\nlines", "\x1b[31m\u202e", "日本 👩", "\r\n x"])
def test_any_entry_comes_back_and_the_file_is_inert(tmp_path: Path, entry: str) -> None:
    DiskHistory(tmp_path / "h").store_string(entry)
    assert stored(tmp_path / "h") == [entry]
    assert (tmp_path / "h").read_bytes().decode("ascii").isprintable() is False
    assert all(32 <= byte < 127 for byte in (tmp_path / "h").read_bytes()[:-1])


def test_the_newest_comes_first(tmp_path: Path) -> None:
    for entry in ("one", "two", "three"):
        DiskHistory(tmp_path / "h").store_string(entry)
    assert stored(tmp_path / "h") == ["three", "two", "one"]


@pytest.mark.parametrize("entry", ["see @a.md", "above\nsee @a.md\nbelow", "see @b.md"])
def test_what_was_pasted_is_known_as_pasted_by_later_programs(tmp_path: Path, entry: str) -> None:
    pastes = ["see @a.md", "@c.md"]
    DiskHistory(tmp_path / "h", pasted=pastes).store_string(entry)
    for _ in range(2):  # it is stored again when it is sent again
        recalled: list[str] = []
        history = DiskHistory(tmp_path / "h", recalled=recalled)
        assert set(history.load_history_strings()) == {entry}
        assert recalled == [paste for paste in pastes if paste in entry]
        history.store_string(entry)


@pytest.mark.parametrize(
    "line", ["{}", '{"text": 1}', '{"text": ""}', '{"text": "a", "pasted": 1}', "[1]", "null"]
)
def test_an_odd_line_costs_nothing_but_itself(tmp_path: Path, line: str) -> None:
    (tmp_path / "h").write_text(f'"one"\n{line}\n')
    assert [entry for entry in stored(tmp_path / "h") if entry != "a"] == ["one"]


@pytest.mark.parametrize("entry", [" private", "", "  ", "my key is sk-ant-api03-x", "x" * 300_000])
def test_what_must_not_or_need_not_be_stored_is_remembered_only(tmp_path: Path, entry: str) -> None:
    history = DiskHistory(tmp_path / "h")
    history.append_string(entry)
    assert history.get_strings() == [entry]
    assert stored(tmp_path / "h") == []


@pytest.mark.parametrize(
    "entry",
    [
        "use own-key-0, please",
        "AKIA" + "QJ7Z" * 4,
        "-----BEGIN PRIVATE KEY",
        "/set headers a: b",
        "/set! base_url https://me:pw@h",
    ],
)
def test_keys_are_remembered_only(tmp_path: Path, entry: str) -> None:
    history = DiskHistory(tmp_path / "h")
    history.secrets = ("own-key-0",)
    history.append_string(entry)
    assert history.get_strings() == [entry]
    assert stored(tmp_path / "h") == []


def test_file_and_folder_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    path = tmp_path / "new" / "h"
    DiskHistory(path).store_string("one")
    os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    DiskHistory(path).store_string("two")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@given(st.binary(max_size=60))
def test_damage_costs_only_the_damaged_lines(damage: bytes) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "h"
        DiskHistory(path).store_string("before")
        with path.open("ab") as file:
            file.write(damage)
        DiskHistory(path).store_string("after")
        entries = stored(path)
        assert entries[0] == "after"
        assert "before" in entries or not damage.startswith(b"\n")


def test_without_a_path_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    history = DiskHistory(None)
    history.append_string("one")
    assert list(history.load_history_strings()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_used_harms_nothing(tmp_path: Path) -> None:
    history = DiskHistory(tmp_path)
    history.append_string("one")
    assert history.get_strings() == ["one"]
    assert list(history.load_history_strings()) == []


def test_of_a_huge_file_only_the_end_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES_READ", 100)
    for number in range(100):
        DiskHistory(tmp_path / "h").store_string(f"entry {number}")
    entries = stored(tmp_path / "h")
    assert entries[0] == "entry 99"
    assert len(entries) < 10


def test_several_programs_append_at_once_and_lose_nothing(tmp_path: Path) -> None:
    context = get_context("fork")
    writers = [context.Process(target=_write_many, args=(tmp_path / "h", n)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = (tmp_path / "h").read_text(encoding="ascii").splitlines()
    assert sorted(json.loads(line)[:3] for line in lines) == sorted(
        ["0: ", "1: ", "2: ", "3: "] * 50
    )


def _write_many(path: Path, writer: int) -> None:
    for _ in range(50):
        DiskHistory(path).store_string(f"{writer}: {'x' * 5000}")


def test_a_fifo_is_not_waited_for_and_nesting_hides_no_other_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert list(DiskHistory(tmp_path / "fifo").load_history_strings()) == []
    (tmp_path / "deep").write_bytes(b'"one"\n' + b"[" * 200_000 + b'\n"two"\n')
    assert list(DiskHistory(tmp_path / "deep").load_history_strings()) == ["two", "one"]


def test_a_line_that_waits_is_stored_at_once_and_only_once(tmp_path: Path) -> None:
    history = DiskHistory(tmp_path / "h")
    history.store_ahead("one")
    history.store_ahead("two")
    history.store_ahead("one")
    assert stored(tmp_path / "h") == ["one", "two", "one"]
    for entry in ("one", "two", "one", "two"):
        history.store_string(entry)
    assert stored(tmp_path / "h") == ["two", "one", "two", "one"]


def test_what_a_line_that_waits_mentions_is_asked_about_when_it_comes_back(tmp_path: Path) -> None:
    recalled: list[str] = []
    DiskHistory(tmp_path / "h").store_ahead("see @a.md")
    assert list(DiskHistory(tmp_path / "h", recalled=recalled).load_history_strings())
    assert recalled == ["see @a.md"]


@pytest.mark.parametrize("entry", [" hidden", "my sk-ant-api03-key", "/set headers x", " "])
def test_a_line_that_waits_is_stored_by_the_rules_of_all_lines(tmp_path: Path, entry: str) -> None:
    DiskHistory(tmp_path / "h").store_ahead(entry)
    assert stored(tmp_path / "h") == []
