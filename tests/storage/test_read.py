from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.core.errors import StorageError
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.storage.read import load, load_bytes, read_journal
from chatrepl.storage.record_log import RecordLog
from chatrepl.storage.records import line


def written(turns: int = 3) -> list[bytes]:
    recorder = RecordLog(5.0)
    conversation = Conversation()
    lines = [recorder.opening()]
    for number in range(turns):
        turn = Turn(
            TurnId(f"t{number}"),
            conversation.head,
            (Message.user(f"question {number}"), Message.user("tool loop"), Message("system", ())),
            Receipt("m", "end_turn"),
        )
        conversation = conversation.add(turn)
        lines += [recorder.begin(turn), recorder.finish(turn), recorder.state(conversation)]
    return lines


@settings(max_examples=200)
@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_loaded_without_complaint(data: bytes) -> None:
    loaded = load_bytes(data)
    assert loaded.conversation == Conversation()
    assert loaded.skipped <= data.count(b"\n") + data.count(b"\0") + 1


@pytest.mark.parametrize(
    "trouble",
    [
        b"\0" * 4096,
        b"\xff\xfe\xfd",
        b"[" * 100_000,
        b'{"t":"turn"',
        b'{"t":"turn","id":"x","parent":null,"messages":7}',
        b"9" * 10_000,
        b'{"a":' * 50_000,
        b"null",
        b'{"no":"type"}',
        b'{"t":["turn"]}',
        b'{"t":"state","keep":1,"steps":[{"head":1}],"at":1}',
    ],
)
def test_damage_between_records_costs_nothing_else(trouble: bytes) -> None:
    lines = written()
    whole = load_bytes(b"".join(lines))
    damaged = load_bytes(b"".join([*lines[:4], trouble + b"\n", *lines[4:]]))
    assert damaged.conversation == whole.conversation
    assert damaged.skipped == (0 if trouble.startswith(b"\0") else 1)


def test_zeroed_blocks_before_a_record_do_not_hide_it() -> None:
    lines = written()
    lines[4] = b"\0" * 512 + lines[4]
    assert load_bytes(b"".join(lines)).conversation == load_bytes(b"".join(written())).conversation


def test_records_of_a_later_version_are_counted_and_passed_over() -> None:
    later = line({"t": "poem", "id": "x"}) + line({"t": "meta", "v": 2, "set": {"name": "no"}})
    loaded = load_bytes(b"".join(written()) + later)
    assert (loaded.newer, loaded.skipped, "name" in loaded.meta) == (2, 0, False)
    assert len(loaded.conversation.turns) == 3


def test_a_turn_whose_question_is_lost_keeps_its_answer_and_its_place() -> None:
    lines = written()
    lines[4] = b"garbage\n"
    loaded = load_bytes(b"".join(lines))
    assert [turn.id for turn in loaded.conversation.path()] == ["t0", "t1", "t2"]
    assert loaded.skipped == 1


def test_a_turn_that_is_lost_altogether_leaves_those_after_it_connected() -> None:
    lines = written()
    del lines[4:6]
    loaded = load_bytes(b"".join(lines))
    assert [turn.id for turn in loaded.conversation.path()] == ["t0", "t2"]


def test_turns_can_never_form_a_circle() -> None:
    records = [
        {"t": "turn", "id": "a", "parent": "b", "messages": []},
        {"t": "turn", "id": "b", "parent": "a", "messages": []},
        {"t": "turn", "id": "a", "parent": "b", "messages": []},
        {"t": "turn", "id": "c", "parent": "c", "messages": []},
    ]
    loaded = load_bytes(b"".join(map(line, records)))
    for turn in loaded.conversation.turns:
        assert loaded.conversation.path(turn)


def test_what_was_never_part_of_a_state_is_recovered() -> None:
    loaded = load_bytes(b"".join(written()[:-1]))
    assert loaded.recovered
    assert loaded.conversation.head == "t2"
    assert loaded.recorded.head == "t1"


def test_a_file_that_cannot_be_read_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="gone cannot be read: there is no such"):
        load(tmp_path / "gone.jsonl")


def test_holes_in_a_file_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    with path.open("wb") as file:
        file.write(b"".join(written()))
        file.seek(100 << 20)
        file.write(b"\n" + line({"t": "meta", "set": {"name": "late"}}))
    assert len(read_journal(path)) < 4 << 20
    read = load(path)
    assert (read.meta["name"], read.skipped) == ("late", 0)
    assert read.conversation == load_bytes(b"".join(written())).conversation


def test_a_line_beyond_all_measure_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatrepl.storage.read.MOST_LINE_BYTES", 10_000)
    long = line({"t": "meta", "set": {"name": "x" * 10_000}})
    read = load_bytes(long + b"".join(written()) + long)
    assert read.skipped == 2
    assert read.conversation == load_bytes(b"".join(written())).conversation
