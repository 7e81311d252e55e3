"""Small runs of the soak commands, each with a fault it must find."""

import errno
import os
import random
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.storage import journal_file
from chatrepl.storage.journal import Journal, resume
from chatrepl.storage.read import load, load_bytes
from tests.soak import (
    fuzz_loader,
    grow_journal,
    inject_faults,
    kill_journal,
    many_instances,
    power_cut,
)
from tests.storage.test_journal import hold

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
STRACE = pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace here")


def test_a_killed_chat_loses_nothing_that_was_acknowledged() -> None:
    figures = kill_journal.run(6, seed=100)
    assert figures["acknowledged and lost or doubled"] == 0
    assert figures["in mid-reply"] > 0


def test_the_kill_run_finds_a_journal_that_buffers() -> None:
    assert kill_journal.run(2, broken=True)["acknowledged and lost or doubled"] > 0


def test_a_damaged_file_gives_all_that_is_intact() -> None:
    assert fuzz_loader.run(1_500, 5) == (1_500, "")


def test_the_fuzzer_finds_a_loader_that_stops_at_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(data: bytes) -> Any:
        lines = data.split(b"\n")
        bad = next((i for i, line in enumerate(lines) if not line.startswith(b'{"t":')), len(lines))
        return real(b"\n".join(lines[:bad]))

    real = load_bytes
    monkeypatch.setattr(fuzz_loader, "load_bytes", stops)
    assert fuzz_loader.run(1_500, 5)[1]


def test_a_long_talk_on_a_failing_disk_ends_up_saved() -> None:
    figures = grow_journal.run(60, 3, share=0.2)
    assert figures["faults"] > 20
    assert figures["turns with a notice"] > 0
    assert figures["equal"]
    assert figures["saved at last"]
    assert figures["descriptors grown"] <= 0


def test_many_chats_at_once_lose_nothing() -> None:
    figures = many_instances.run(4, 20)
    assert (figures["messages kept"], figures["listed"]) == (80, 80)
    assert figures["facts kept"] == figures["facts learned"]


def test_the_count_finds_chats_that_share_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "new", lambda folder: Journal(folder / "shared.jsonl"))
    figures = many_instances.run(2, 3)
    assert figures["messages kept"] < figures["of"]


def test_the_long_talk_finds_a_file_that_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets(self: journal_file.LogFile, data: bytearray) -> None:
        written.append(1)
        if len(written) % 20:
            real(self, data)
        data.clear()

    written: list[int] = []
    real = journal_file.LogFile.append
    monkeypatch.setattr(journal_file.LogFile, "append", forgets)
    assert not grow_journal.run(60, 3, share=0.0)["equal"]


@pytest.mark.skipif(bool(WHY := power_cut.missing()), reason=f"NOT CHECKED: {WHY}")
def test_a_power_cut_loses_nothing_that_was_durable() -> None:
    figures = power_cut.run(1)
    assert figures["durable and lost"] == 0
    assert figures["oldest lost text, s"] <= power_cut.WINDOW_S


@STRACE
@pytest.mark.parametrize(
    ("call", "error", "when"),
    [("write", "ENOSPC", "3"), ("sync", "EIO", "2"), ("open", "EIO", "2"), ("rename", "EIO", "1+")],
)
def test_a_failed_call_is_survived(call: str, error: str, when: str) -> None:
    assert inject_faults.run_once(call, error, when) == ""


@STRACE
def test_the_injection_finds_a_journal_that_boasts() -> None:
    assert inject_faults.run_once("write", "ENOSPC", "2+", boast=True) == "it says all is saved"


class Disk:
    """The system, with one call that always fails."""

    def __init__(self, call: str, code: int) -> None:
        self._call = call
        self._code = code
        self.works = False

    def __getattr__(self, name: str) -> Any:
        if name == self._call and not self.works:
            return self._fail
        return getattr(os, name)

    def _fail(self, *_: Any) -> Any:
        raise OSError(self._code, os.strerror(self._code))


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        ("write", errno.ENOSPC, "the disk is full"),
        ("write", errno.EIO, "the disk reported a fault"),
        ("write", errno.EROFS, "the disk is read-only"),
    ],
)
def test_a_disk_fault_is_said_and_the_next_turn_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, words: str
) -> None:
    journal = Journal.new(tmp_path)
    conversation = hold(journal, Conversation(), 1)
    journal.flush()
    disk = Disk(call, code)
    monkeypatch.setattr(journal_file, "os", disk)
    conversation = hold(journal, conversation, 2)
    assert not journal.flush()
    assert journal.unsaved == words
    disk.works = True
    conversation = hold(journal, conversation, 1)
    assert journal.flush()
    assert not journal.unsaved
    journal.close()
    loaded = load(journal.path)
    assert loaded.conversation == conversation
    assert loaded.skipped == 0


def test_after_a_failed_sync_the_file_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.new(tmp_path)
    conversation = hold(journal, Conversation(), 1)
    journal.flush()
    before = journal.path.stat().st_ino
    fail = Disk("fdatasync", errno.EIO)
    monkeypatch.setattr("chatrepl.storage.files.os", fail)
    conversation = hold(journal, conversation, 1)
    journal.flush()
    fail.works = True
    conversation = hold(journal, conversation, 1)
    assert journal.close()
    assert journal.path.stat().st_ino != before
    assert journal.path.with_suffix(journal_file.DAMAGED).stat().st_ino == before
    assert load(journal.path).conversation == conversation


def test_the_same_seed_gives_the_same_damage() -> None:
    data = fuzz_loader.samples()[0]
    one, other = (fuzz_loader.mutate(data, random.Random(4)) for _ in range(2))
    assert one == other != data


def test_a_disk_that_hangs_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    monkeypatch.setattr("chatrepl.storage.files.sync_data", lambda _: answers.wait(30))
    journal = Journal.new(tmp_path)
    journal.state(conversation := Conversation().add(Turn(TurnId("a"), None, ())))
    assert not journal.flush(0.1)
    assert journal.unsaved == "the disk does not answer"
    answers.set()
    assert journal.flush()
    assert not journal.unsaved
    journal.close()
    assert load(journal.path).conversation == conversation


def test_a_folder_one_may_not_write_to_can_still_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.new(tmp_path)
    conversation = hold(journal, Conversation(), 2)
    journal.close()
    monkeypatch.setattr(journal_file, "os", Disk("open", errno.EROFS))
    monkeypatch.setattr("chatrepl.storage.files.os", Disk("open", errno.EROFS))
    resumed = resume(journal.path)
    assert resumed.copied == "the disk is read-only"
    assert resumed.loaded.conversation == conversation
    hold(resumed.journal, conversation)
    assert not resumed.journal.close()
    assert resumed.journal.unsaved == "the disk is read-only"


def test_a_conversation_that_no_byte_of_could_be_written_leaves_no_empty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.new(tmp_path)
    monkeypatch.setattr(journal_file, "os", Disk("write", errno.ENOSPC))
    hold(journal, Conversation(), 1)
    assert not journal.close()
    assert list(tmp_path.iterdir()) == []
