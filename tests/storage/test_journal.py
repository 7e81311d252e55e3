import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.storage.journal import Journal, new_id, resume
from chatrepl.storage.library import list_entries
from chatrepl.storage.read import load
from chatrepl.storage.records import turn_to_record
from chatrepl.storage.small_files import learn


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def asked(number: int, parent: TurnId | None = None, text: str = "why?") -> Turn:
    return Turn(TurnId(f"turn{number}"), parent, (Message.user(text),), created=1.0)


def answered(turn: Turn, text: str = "because") -> Turn:
    reply = Message("assistant", (TextBlock(text),), "m")
    return replace(turn, messages=(*turn.messages, reply), receipt=Receipt("m", "end_turn"))


def hold(journal: Journal, conversation: Conversation, turns: int = 1) -> Conversation:
    for _ in range(turns):
        turn = asked(len(conversation.turns), conversation.head)
        journal.begin(turn)
        journal.delta(turn.id, "because")
        journal.finish(answered(turn))
        conversation = conversation.add(answered(turn))
        journal.state(conversation)
    return conversation


def test_nothing_is_created_before_there_is_something_to_keep(tmp_path: Path) -> None:
    folder = tmp_path / "conversations"
    journal = Journal.new(folder)
    journal.meta(model="m")
    journal.state(Conversation())
    assert journal.close()
    assert not folder.exists()


def test_a_question_is_on_the_disk_when_begin_returns(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    journal.begin(asked(1))
    assert b'"why?"' in journal.path.read_bytes()
    journal.close()


def test_a_conversation_comes_back_with_its_facts(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    journal.meta(model="m", prefill="{")
    conversation = hold(journal, Conversation(), 3).undo()
    journal.state(conversation)
    journal.meta(name="trip")
    assert journal.name == "trip"
    assert journal.close()
    loaded = load(journal.path)
    assert loaded.conversation == conversation
    assert [loaded.meta[key] for key in ("name", "model", "prefill")] == ["trip", "m", "{"]
    assert not loaded.recovered


def test_files_and_folders_are_private_under_any_umask(tmp_path: Path, open_umask: None) -> None:
    journal = Journal.new(tmp_path / "state" / "conversations")
    hold(journal, Conversation())
    journal.close()
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (journal.path, journal.path.parent, journal.path.parent.parent)
    }
    assert modes == {journal.path.name: 0o600, "conversations": 0o700, "state": 0o700}


def test_pieces_that_come_close_together_are_one_record(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    journal.begin(asked(1))
    for number in range(400):
        journal.delta(TurnId("turn1"), f"{number} ")
    journal.flush()
    records = journal.path.read_bytes().count(b'"t":"d"')
    journal.close()
    assert records < 40
    text = load(journal.path).conversation.path()[-1].messages[-1].text
    assert text == "".join(f"{number} " for number in range(400))


def test_pieces_reach_the_disk_without_anybody_asking(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    journal.begin(asked(1))
    journal.delta(TurnId("turn1"), "so far")
    written = threading.Event()
    for _ in range(1000):
        if b"so far" in journal.path.read_bytes():
            written.set()
            break
        written.wait(0.05)
    journal.close()
    assert written.is_set()


def test_a_conversation_is_gone_on_with_in_its_own_file(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    conversation = hold(journal, Conversation(), 2)
    journal.close()
    before = journal.path.read_bytes()
    resumed = resume(journal.path)
    assert not resumed.copied
    assert journal.path.read_bytes() == before
    conversation = hold(resumed.journal, resumed.loaded.conversation, 2)
    resumed.journal.close()
    assert journal.path.read_bytes().startswith(before)
    assert load(journal.path).conversation == conversation
    assert len(list(tmp_path.iterdir())) == 1


def test_a_torn_end_is_mended_before_anything_is_added(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    hold(journal, Conversation(), 2)
    journal.close()
    journal.path.write_bytes(journal.path.read_bytes()[:-20])
    resumed = resume(journal.path)
    assert resumed.loaded.recovered
    conversation = hold(resumed.journal, resumed.loaded.conversation)
    resumed.journal.close()
    loaded = load(journal.path)
    assert loaded.conversation == conversation
    assert loaded.skipped == 1


def test_who_opens_it_second_is_told_and_works_on_a_copy(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    first = hold(journal, Conversation(), 2)
    second = resume(journal.path)
    assert "another chatrepl" in second.copied
    assert second.journal.path != journal.path
    assert not second.journal.path.exists()
    copy = hold(second.journal, second.loaded.conversation)
    first = hold(journal, first)
    journal.close()
    second.journal.close()
    assert load(journal.path).conversation == first
    assert load(second.journal.path).conversation == copy
    assert load(second.journal.path).skipped == 0


def test_what_a_newer_version_wrote_is_left_alone(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    hold(journal, Conversation())
    journal.close()
    with journal.path.open("ab") as file:
        file.write(b'{"t":"poem","v":9,"text":"x"}\n')
    before = journal.path.read_bytes()
    resumed = resume(journal.path)
    assert "newer" in resumed.copied
    hold(resumed.journal, resumed.loaded.conversation)
    resumed.journal.close()
    assert journal.path.read_bytes() == before
    assert b'"t":"poem"' in resumed.journal.path.read_bytes()


def test_a_file_that_was_taken_away_is_written_anew(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    conversation = hold(journal, Conversation(), 2)
    journal.flush()
    journal.path.unlink()
    conversation = hold(journal, conversation)
    assert journal.close()
    assert load(journal.path).conversation == conversation


def test_without_a_folder_the_chat_goes_on_and_says_why_it_is_unsaved(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    journal = Journal.new(tmp_path / "file" / "below")
    conversation = hold(journal, Conversation(), 2)
    assert not journal.flush()
    assert journal.unsaved == "a part of the path is no folder"
    (tmp_path / "file").unlink()
    conversation = hold(journal, conversation)
    assert journal.close()
    assert load(journal.path).conversation == conversation


def test_a_key_in_the_environment_reaches_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-canary")
    journal = Journal.new(tmp_path)
    journal.meta(model="m")
    hold(journal, Conversation(), 2)
    journal.close()
    learn(tmp_path / "facts.json", {"opus": {"prefill": False}})
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert len(files) == 3
    assert not any(b"sk-canary" in data for data in files)


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    hold(journal, Conversation())
    assert journal.close()
    assert journal.close()
    assert journal.flush()


def test_ids_sort_by_time_and_are_all_different() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(id_) == 24 for id_ in ids)


def test_a_recovered_reply_survives_a_second_crash(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    journal.begin(asked(1))
    journal.delta(TurnId("turn1"), "so far")
    journal.close()
    resumed = resume(journal.path)
    conversation = resumed.loaded.conversation
    assert resumed.loaded.recovered
    resumed.journal.meta(name="x")
    resumed.journal.begin(asked(2, conversation.head))
    resumed.journal.close()
    again = load(journal.path)
    assert [turn.id for turn in again.conversation.path()] == ["turn1", "turn2"]
    assert again.conversation.turns[TurnId("turn1")] == conversation.turns[TurnId("turn1")]
    assert list_entries(tmp_path)[0].names[:2] == ("x", "why?")


def test_flushing_while_closing_is_harmless(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path)
    hold(journal, Conversation())
    closer = threading.Thread(target=journal.close)
    closer.start()
    assert journal.flush()
    closer.join()
    assert journal.flush()


@pytest.mark.parametrize("is_copy", [False, True])
def test_what_is_kept_beside_is_on_the_disk_and_no_part_of_the_conversation(
    tmp_path: Path, *, is_copy: bool
) -> None:
    first = Journal.new(tmp_path)
    conversation = hold(first, Conversation(), 2)
    if is_copy:
        first.flush()
    else:
        first.close()
    resumed = resume(first.path)
    journal = resumed.journal
    assert bool(resumed.copied) is is_copy
    record = turn_to_record(answered(asked(9, conversation.head, "beside\u202e?")))
    journal.keep(conversation, **{"beside/turn9": record})
    assert journal.flush()
    assert (journal.path == first.path) is not is_copy
    loaded = load(journal.path)  # as a kill at this moment would leave it
    assert loaded.conversation == conversation
    assert (loaded.newer, loaded.skipped) == (0, 0)
    assert loaded.meta["beside/turn9"] == record
    journal.close()
    first.close()
