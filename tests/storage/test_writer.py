import itertools
import threading
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NoReturn
from unittest.mock import Mock

import pytest

from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.storage.journal import Journal
from chatrepl.storage.journal_file import LogFile
from chatrepl.storage.read import load
from chatrepl.storage.record_log import RecordLog
from chatrepl.storage.writer import COALESCE_CHARS, Delta, WriteJob, Writer

TURN = Turn(TurnId("t"), None, (Message.user("why?"),))


def started(path: Path) -> Writer:
    writer = Writer(path, RecordLog(0.0), None, b"")
    writer.start()
    done(writer, WriteJob(lambda recorder: recorder.begin(TURN)))
    return writer


def done(writer: Writer, job: WriteJob, *, last: bool = False) -> None:
    event = threading.Event()
    writer.put(WriteJob(job.encode, done=event, last=last))
    assert event.wait(60)


def end(writer: Writer) -> None:
    done(writer, WriteJob(lambda _: b""), last=True)
    writer.join(20)


def test_jobs_and_pieces_are_written_in_their_order(tmp_path: Path) -> None:
    writer = started(tmp_path / "a.jsonl")
    for kind, text in (("thinking", "a"), ("thinking", "b"), ("text", "c"), ("text", "d")):
        writer.put_delta(Delta(TURN.id, kind, text))
    writer.put(WriteJob(lambda recorder: recorder.meta({"x": 1})))
    writer.put_delta(Delta(TURN.id, "text", "e"))
    end(writer)
    lines = writer.path.read_text().splitlines()
    assert [line.split('"')[3] for line in lines[:2]] == ["conv", "turn"]
    order = "".join(line.rsplit('"', 2)[-2] if '"d"' in line else "|" for line in lines[2:])
    assert order == "abcd|e"


def test_a_piece_waits_for_others_only_where_one_was_written_a_moment_ago(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatrepl.storage.writer.COALESCE_S", 3600.0)
    now = itertools.count(7200.0, 7200.0)  # each look at the clock is long after the last one
    monkeypatch.setattr("chatrepl.storage.writer.time", Mock(monotonic=lambda: next(now)))
    writer = started(tmp_path / "a.jsonl")
    writer.put_delta(Delta(TURN.id, "text", "at once"))
    while b"at once" not in writer.path.read_bytes():
        threading.Event().wait(0.01)
    monkeypatch.setattr("chatrepl.storage.writer.time", Mock(monotonic=lambda: 0.0))
    writer.put_delta(Delta(TURN.id, "text", "later"))
    writer.put_delta(Delta(TURN.id, "text", " still"))
    end(writer)
    assert b'"later still"' in writer.path.read_bytes()


def test_many_pieces_do_not_wait_for_more(tmp_path: Path) -> None:
    writer = started(tmp_path / "a.jsonl")
    writer.put_delta(Delta(TURN.id, "text", "x" * COALESCE_CHARS))
    end(writer)
    turn = load(writer.path).conversation.path()[-1]
    assert turn.messages[-1].text == "x" * COALESCE_CHARS


def test_what_cannot_be_written_down_is_said_and_the_rest_is_kept(tmp_path: Path) -> None:
    def fails(_: RecordLog) -> NoReturn:
        raise RecursionError

    writer = started(tmp_path / "a.jsonl")
    done(writer, WriteJob(fails))
    assert writer.unsaved == "a part of it cannot be written down"
    writer.put_delta(Delta(TURN.id, "text", "still here"))
    end(writer)
    assert load(writer.path).conversation.path()[-1].messages[-1].text == "still here"


def test_a_writer_that_never_ran_lets_go_of_its_file(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a.jsonl", RecordLog(0.0), None, b"")
    writer.close_unstarted()
    writer.join(1)
    assert not writer.runs
    assert not writer.path.exists()


def test_a_bug_while_writing_is_told_keeps_nobody_waiting_and_all_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    journal = Journal(tmp_path / "a.jsonl")
    journal.begin(TURN)
    with monkeypatch.context() as broken:
        broken.setattr(threading, "excepthook", seen.append)
        broken.setattr(LogFile, "append", None)
        journal.finish(TURN)
        assert not journal.flush()
    assert journal.unsaved
    assert seen
    assert journal.flush()
    assert journal.unsaved == ""
    assert journal.close()
    assert load(journal.path).conversation.path()[-1].messages == TURN.messages


def test_a_bug_in_one_record_is_told_and_the_rest_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: RecordLog) -> NoReturn:
        raise LookupError

    seen: list[object] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    writer = started(tmp_path / "a.jsonl")
    done(writer, WriteJob(fails))
    assert writer.unsaved == "a part of it cannot be written down"
    assert len(seen) == 1
    end(writer)
    assert load(writer.path).conversation.path()[-1].messages == TURN.messages


def test_a_bug_between_two_records_is_told_and_what_is_on_the_disk_can_be_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    talk = Conversation().grown([replied := replace(TURN, receipt=Receipt("m", cost_usd=1.0))])
    journal = Journal(tmp_path / "a.jsonl")
    journal.begin(TURN)
    with monkeypatch.context() as broken:
        broken.setattr(Writer, "_encode_all", None)
        journal.delta(TURN.id, "half")
        journal.finish(replied)
        journal.meta(name="lost")
        journal.flush()
    journal.state(talk)
    assert not journal.close()
    assert journal.unsaved
    assert told
    assert load(journal.path).conversation == talk


class BreakingQueue(SimpleQueue[WriteJob | Delta]):
    """A queue of which one method breaks so many times."""

    def __init__(self, method: str, times: int) -> None:
        self.method, self.times = method, times

    def _breaks(self, method: str) -> None:
        if method == self.method and self.times:
            self.times -= 1
            raise LookupError

    def get(self, block: bool = True, timeout: float | None = None) -> WriteJob | Delta:
        self._breaks("get")
        return super().get(block, timeout)

    def get_nowait(self) -> WriteJob | Delta:
        self._breaks("get_nowait")
        return super().get_nowait()


@pytest.mark.parametrize("method", ["get", "get_nowait"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_bug_between_two_rounds_loses_nothing_and_the_thread_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, times: int
) -> None:
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    writer = Writer(tmp_path / "a.jsonl", RecordLog(0.0), None, b"")
    monkeypatch.setattr(writer, "_queue", BreakingQueue(method, times))
    writer.start()
    done(writer, WriteJob(lambda recorder: recorder.begin(TURN)))
    for word in ("still", " here"):
        writer.put_delta(Delta(TURN.id, "text", word))
        done(writer, WriteJob(lambda _: b""))
    end(writer)

    assert writer.unsaved == ""
    assert len(told) == times
    assert load(writer.path).conversation.path()[-1].messages[-1].text == "still here"


def test_a_bug_in_each_round_ends_the_thread_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    writer = Writer(tmp_path / "a.jsonl", RecordLog(0.0), None, b"")
    monkeypatch.setattr(writer, "_queue", BreakingQueue("get", 99))
    writer.start()
    writer.join(20)

    assert writer.stopped
    assert writer.unsaved == "the journal broke off"


def test_a_file_that_was_taken_away_is_written_anew_and_one_in_its_place_is_not(
    tmp_path: Path,
) -> None:
    writer = started(tmp_path / "a.jsonl")
    before = writer.path.stat().st_ino
    done(writer, WriteJob(lambda recorder: recorder.meta({"x": 1})))
    assert writer.path.stat().st_ino == before

    writer.path.rename(tmp_path / "away")
    done(writer, WriteJob(lambda recorder: recorder.meta({"x": 2})))
    end(writer)
    assert load(writer.path).conversation.path()[-1].messages == TURN.messages
    assert load(writer.path).meta["x"] == 2


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_while_pieces_keep_coming_the_disk_has_them_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, synced = Clock(), []
    monkeypatch.setattr("chatrepl.storage.writer.time", clock)
    monkeypatch.setattr(LogFile, "sync", lambda _: synced.append(clock.now))
    writer = Writer(tmp_path / "a.jsonl", RecordLog(0.0), None, b"")
    writer._write([WriteJob(lambda recorder: recorder.begin(TURN))])
    for clock.now in (100.0, 100.5, 100.9, 101.0, 101.5, 102.4, 102.5):
        writer._write([Delta(TURN.id, "text", "x")])
    writer.close_unstarted()

    assert synced == [100.0, 101.0, 102.5]


def test_after_the_last_piece_the_disk_is_waited_for_within_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Waiting:
        def get(self, *, timeout: float) -> NoReturn:
            waited.append(round(timeout, 6))
            raise Empty

    clock, waited = Clock(), list[float]()
    monkeypatch.setattr("chatrepl.storage.writer.time", clock)
    writer = Writer(tmp_path / "a.jsonl", RecordLog(0.0), None, b"")
    monkeypatch.setattr(writer, "_queue", Waiting())
    writer._unsynced_since = 100.0
    for clock.now in (100.0, 100.75, 101.0):
        assert writer._next() is None

    assert waited == [1.0, 0.25]
