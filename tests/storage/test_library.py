import os
from pathlib import Path

import pytest

from chatrepl.core.errors import StorageError
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.storage import read
from chatrepl.storage.journal import Journal, resume
from chatrepl.storage.journal_file import SUFFIX
from chatrepl.storage.library import delete, find, holds, list_entries, reread
from chatrepl.storage.read import ReadBack, load, load_bytes
from chatrepl.storage.record_log import RecordLog
from chatrepl.storage.search import look_up


def save(folder: Path, id_: str, question: str, *, name: str = "", turns: int = 1) -> Path:
    recorder = RecordLog(0.0)
    conversation = Conversation()
    written = recorder.opening()
    for number in range(turns):
        turn = Turn(
            TurnId(f"t{number}"),
            conversation.head,
            (Message.user(question), Message.user("x" * 3_000)),
            Receipt("m", "end_turn"),
        )
        conversation = conversation.add(turn)
        written += recorder.finish(turn) + recorder.state(conversation)
    written += recorder.meta({"name": name}) if name else b""
    path = folder / f"{id_}.jsonl"
    path.write_bytes(written)
    return path


def test_the_newest_comes_first_with_its_name_and_first_words(tmp_path: Path) -> None:
    os.utime(save(tmp_path, "old", "why is the sky blue?", turns=3), (1, 1))
    os.utime(save(tmp_path, "new", "how deep is the sea?", name="sea"), (2, 2))
    new, old = list_entries(tmp_path)
    assert (new.id, new.name, new.title, new.turns) == ("new", "sea", "how deep is the sea?", 1)
    assert (old.id, old.name, old.turns, old.when) == ("old", "", 3, 1.0)
    assert (new.label, old.label) == ("sea", "why is the sky blue?")
    assert new.size == new.path.stat().st_size
    assert list_entries(tmp_path, 1) == (new,)


@pytest.mark.parametrize("turns", [1, 2, 60])
def test_what_grew_since_it_was_listed_is_read_anew_and_keeps_its_age(
    tmp_path: Path, turns: int
) -> None:
    path = save(tmp_path, "one", "about whales", name="notes", turns=turns)
    os.utime(path, (7, 7))
    (entry,) = list_entries(tmp_path)
    with path.open("ab") as file:
        file.write(RecordLog(0.0).meta({"name": "whales"}))
    assert (reread(entry).name, reread(entry).when) == ("whales", 7.0)
    path.unlink()
    assert reread(entry) == entry


def test_what_is_looked_up_is_called_so_or_holds_the_words(tmp_path: Path) -> None:
    save(tmp_path, "one", "about whales", name="notes")
    save(tmp_path, "two", "about cranes")

    def ids(query: str) -> set[str]:
        return {entry.id for entry in look_up(tmp_path, query)}

    assert ids("ONE") == ids("note") == ids("whales") == {"one"}
    assert ids("About") == ids("") == ids("  ") == {"one", "two"}
    assert ids("walrus") == set()
    assert look_up(None, "x") == ()


def test_a_name_given_before_the_last_turn_is_listed(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    conversation = Conversation()
    journal.meta(name="first")
    for number in range(3):
        turn = Turn(TurnId(f"{number}"), conversation.head, (Message.user("x"),))
        journal.begin(turn)
        journal.finish(turn)
        conversation = conversation.add(turn)
        journal.state(conversation)
    journal.close()
    assert list_entries(tmp_path)[0].name == "first"


@pytest.mark.parametrize("data", [b"", b"\0" * 9_000, b"\xff" * 200_000, b'{"t":"state"}\n'])
def test_a_damaged_file_is_listed_all_the_same(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.jsonl").write_bytes(data)
    assert [entry.id for entry in list_entries(tmp_path)] == ["bad"]


def test_a_torn_last_record_does_not_hide_the_rest(tmp_path: Path) -> None:
    path = save(tmp_path, "one", "why?", turns=3)
    path.write_bytes(path.read_bytes()[:-9])
    entry = list_entries(tmp_path)[0]
    assert (entry.title, entry.turns) == ("why?", 3)


def test_a_huge_file_hides_no_other(tmp_path: Path) -> None:
    save(tmp_path, "20260101-a", "hello")
    huge = tmp_path / "20260102-b.jsonl"
    with huge.open("wb") as file:
        file.truncate(10 * 1024**3)

    assert [entry.id for entry in list_entries(tmp_path)] == ["20260102-b", "20260101-a"]
    assert [entry.id for entry in look_up(tmp_path, "hello")] == ["20260101-a"]
    with pytest.raises(StorageError, match="larger than 512 MB"):
        load(huge)


@pytest.mark.parametrize(
    "row", [b"[1]\n", b"\n", b"\0x", b'{"t":"x"}\n', b'{"t":"d","id":"t","text":"hello"}\n']
)
def test_rows_without_an_end_are_not_read_to_their_end_and_hide_no_other(
    tmp_path: Path, row: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "_MOST_EFFORT", 5_000)
    save(tmp_path, "20260101-a", "hello")
    endless = tmp_path / "20260102-b.jsonl"
    endless.write_bytes(row * 6_000)
    assert {entry.id for entry in list_entries(tmp_path)} == {"20260102-b", "20260101-a"}
    assert "20260101-a" in {entry.id for entry in look_up(tmp_path, "hello")}
    for opening in (load, resume):
        with pytest.raises(StorageError, match="more lines than a conversation can have"):
            opening(endless)
    assert endless.read_bytes() == row * 6_000 + b"\n" * (not row.endswith(b"\n"))


def test_without_a_folder_there_are_none(tmp_path: Path) -> None:
    assert list_entries(None) == ()
    assert list_entries(tmp_path / "missing") == ()


def test_one_is_found_by_id_name_or_the_beginning_of_either(tmp_path: Path) -> None:
    save(tmp_path, "20260101-000000-ab12cd34", "a", name="Garden")
    save(tmp_path, "20260102-000000-ee99ff00", "b", name="Garage")
    for wanted in ("20260101-000000-ab12cd34", "20260101", "ab12", "Garden", "gard", "GARDEN"):
        assert find(tmp_path, wanted).name == "Garden"


def test_more_than_one_is_asked_about(tmp_path: Path) -> None:
    save(tmp_path, "20260101-000000-ab12cd34", "a", name="Garden")
    save(tmp_path, "20260102-000000-ee99ff00", "b", name="Garage")
    with pytest.raises(StorageError, match="2 saved") as caught:
        find(tmp_path, "gar")
    assert "Garden" in caught.value.hint
    assert "Garage" in caught.value.hint


@pytest.mark.parametrize("wanted", ["nothing", "", "  ", "../x", "\0"])
def test_none_is_said(tmp_path: Path, wanted: str) -> None:
    save(tmp_path, "20260101-000000-ab12cd34", "a")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(StorageError, match="no saved conversation"):
        find(tmp_path, wanted)


def test_deleting_takes_that_file_and_no_other(tmp_path: Path) -> None:
    save(tmp_path, "one", "a")
    save(tmp_path, "two", "b")
    delete(find(tmp_path, "one"))
    assert [path.name for path in tmp_path.iterdir()] == ["two.jsonl"]


def test_one_that_is_open_is_not_deleted(tmp_path: Path) -> None:
    path = save(tmp_path, "one", "a")
    journal = resume(path).journal
    with pytest.raises(StorageError, match="open in another"):
        delete(find(tmp_path, "one"))
    journal.close()
    entry = find(tmp_path, "one")
    delete(entry)
    with pytest.raises(StorageError, match="gone already"):
        delete(entry)


def test_what_is_not_found_is_named_in_one_short_line(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as found:
        find(tmp_path, "x" * 5000)
    assert len(found.value.message) < 120


def test_a_file_without_a_state_is_read_in_parts_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, "one", "hello")
    (tmp_path / "bad.jsonl").write_bytes(b'{"t":"x"}\n' * 200_000)
    lengths = []

    def read(data: bytes) -> ReadBack:
        lengths.append(len(data))
        return load_bytes(data[:1_000])

    monkeypatch.setattr("chatrepl.storage.library.load_bytes", read)
    assert {entry.id for entry in list_entries(tmp_path)} == {"one", "bad"}
    assert lengths == [1 << 20]


def test_the_state_is_found_before_a_long_record(tmp_path: Path) -> None:
    path = save(tmp_path, "one", "why?", turns=3)
    path.write_bytes(path.read_bytes() + b'{"t":"turn","x":"' + b"a" * 9_000_000 + b'"}\n')
    assert list_entries(tmp_path)[0].turns == 3


def test_whether_there_are_some_conversations_is_told_without_reading_them(tmp_path: Path) -> None:
    assert not holds(tmp_path / "nowhere", 1)
    for number in range(3):
        (tmp_path / f"{number}{SUFFIX}").touch()
    (tmp_path / "other.txt").touch()
    assert holds(tmp_path, 3)
    assert not holds(tmp_path, 4)
