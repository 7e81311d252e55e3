"""What is done of many questions, on the disk."""

import errno
import json
import os
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import StorageError, UsageError
from chatrepl.storage.answer_log import AnswerLog, OutFile, Passing
from chatrepl.storage.spool import Spool

MADE = {"prompt": "a", "model": "b"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.state"


def result(number: int, size: int = 5) -> dict[str, Any]:
    return {"ok": True, "text": f"{number} " + "ä" * size}


def opened(path: Path) -> AnswerLog:
    return AnswerLog(path, MADE)


def test_what_is_done_is_known_to_the_next_run(path: Path) -> None:
    log = opened(path)
    for number in (4, 0, 2):
        log.put(number, f"id{number}", result(number, 100_000 * number))
    log.close()
    again = opened(path)
    assert again.get(4, "id4") == result(4, 400_000)
    assert again.get(0, "id0") == result(0, 0)
    assert [again.get(number, f"id{number}") for number in (1, 3, 5)] == [None] * 3
    again.close()


def test_the_disk_is_waited_for_every_other_second(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = [100.0]
    synced: list[float] = []
    monkeypatch.setattr("chatrepl.storage.answer_log.time.monotonic", lambda: moments[-1])
    log = opened(path)
    log.sync()
    monkeypatch.setattr(
        "chatrepl.storage.answer_log.sync_data", lambda _: synced.append(moments[-1])
    )
    for moment in (101.0, 102.0, 102.5, 104.0, 104.5, 105.0):
        moments.append(moment)
        log.put(len(moments), "id", result(0))
    assert synced == [102.5, 105.0]
    log.close()


def test_a_disk_that_takes_no_more_is_told_with_what_is_safe(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "")

    log = opened(path)
    log.put(0, "id", result(0))
    with monkeypatch.context() as patch:
        patch.setattr("chatrepl.storage.answer_log.write_all", full)
        with pytest.raises(StorageError, match="cannot be written: the disk is full") as fault:
            log.put(1, "id", result(1))
    assert fault.value.hint == "What was answered before is kept."
    assert (log.get(0, "id"), log.get(1, "id")) == (result(0), None)
    log.close()


def test_another_item_in_that_place_is_not_done(path: Path) -> None:
    log = opened(path)
    log.put(0, "one", result(0))
    assert log.get(0, "two") is None
    log.close()


def test_the_last_result_of_an_item_counts(path: Path) -> None:
    log = opened(path)
    log.put(0, "a", result(1))
    log.put(0, "a", result(2))
    log.close()
    log = opened(path)
    assert log.get(0, "a") == result(2)
    log.close()


@given(st.integers(1, 10_000))
def test_a_file_cut_anywhere_loses_at_most_what_was_not_whole(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "state"
    log, ends = opened(path), [path.stat().st_size]
    for number in range(5):
        log.put(number, str(number), result(number))
        ends.append(path.stat().st_size)
    log.close()
    cut = min(cut, ends[-1])
    os.truncate(path, cut)
    log = opened(path)
    whole = sum(end <= cut for end in ends[1:])
    done = [log.get(number, str(number)) for number in range(5)]
    assert done == [*(result(number) for number in range(whole)), *[None] * (5 - whole)]
    log.put(4, "4", result(9))
    log.close()
    log = opened(path)
    assert log.get(4, "4") == result(9)
    assert log.get(0, "0") == (result(0) if whole else None)
    log.close()


def test_a_damaged_line_costs_that_item(path: Path) -> None:
    log = opened(path)
    log.put(0, "0", result(0))
    log.put(1, "1", result(1))
    log.close()
    path.write_bytes(path.read_bytes().replace(b'"id":"0","result"', b'"id":"0",,result"'))
    log = opened(path)
    assert (log.get(0, "0"), log.get(1, "1")) == (None, result(1))
    log.close()


@pytest.mark.parametrize("number", ["9" * 9, "9" * 20, "1048999"])
def test_a_number_beyond_all_items_takes_no_room(path: Path, number: str) -> None:
    log = opened(path)
    log.put(0, "a", result(0))
    log.close()
    with path.open("a") as file:
        file.write(f'{{"n":{number},"id":"far","result":{{"ok":true}}}}\n')
    log = opened(path)
    assert log.get(0, "a") == result(0)
    assert log.get(int(number), "far") in (None, {"ok": True})
    log.put(1, "b", result(1))
    assert log.get(1, "b") == result(1)
    assert len(log._places) < 10
    log.close()


def test_a_result_that_is_nested_without_end_is_none(path: Path) -> None:
    log = opened(path)
    log.put(0, "a", result(0))
    log.close()
    with path.open("a") as file:
        file.write(f'{{"n":1,"id":"deep","result":{"[" * 100_000}\n')
    log = opened(path)
    assert log.get(1, "deep") is None
    assert log.get(0, "a") == result(0)
    log.close()


def test_notes_are_remembered_beside_the_results(path: Path) -> None:
    log = opened(path)
    log.note(batch="msgbatch_1", numbers=[0, 3])
    log.put(0, "0", result(0))
    for _ in range(2):  # at once, and by the next run
        assert log.notes == [{"batch": "msgbatch_1", "numbers": [0, 3]}]
        log.close()
        log = opened(path)
    log.close()


def test_the_state_of_another_command_is_not_gone_on_with(path: Path) -> None:
    opened(path).close()
    with pytest.raises(UsageError, match="another model"):
        AnswerLog(path, {"prompt": "a", "model": "c"})


@pytest.mark.parametrize("text", ["hello\n", "[]\n", "{}\n", "no end"])
def test_a_file_that_is_no_state_is_left_alone(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(UsageError, match="no state"):
        opened(path)
    assert path.read_text() == text


def test_two_at_once_are_refused(path: Path) -> None:
    log = opened(path)
    with pytest.raises(UsageError, match="in use"):
        opened(path)
    log.close()


def test_the_state_is_for_the_user_alone(path: Path) -> None:
    opened(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        opened(tmp_path / "none" / "state")
    with pytest.raises(UsageError, match="no such folder"):
        OutFile(tmp_path / "none" / "out", goes_on=False)


def test_many_results_that_wait_take_the_disk_and_no_memory_and_come_back_as_they_were() -> None:
    results = {
        number: {"ok": True, "text": f"{number} \ud800 ä{os.urandom(8_000).hex()}", "n": number / 3}
        for number in range(400)
    }
    log = Passing()
    tracemalloc.start()
    for number in range(399, -1, -1):
        log.put(number, "", json.loads(json.dumps(results[number])))
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held_bytes < 2_500_000
    for number, result in results.items():
        assert log.get(number, "") == result
    assert log._spool is None


def test_what_the_disk_does_not_take_waits_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_spool: object, _data: bytes) -> None:
        raise StorageError("full")

    monkeypatch.setattr(Spool, "keep", full)
    log = Passing()
    for number in range(200):
        log.put(number, "", {"n": number})
    assert [log.get(number, "") for number in range(200)] == [{"n": n} for n in range(200)]
    log.close()


def test_a_result_in_memory_is_taken_once() -> None:
    log = Passing()
    log.put(3, "x", result(3))
    assert log.get(3, "x") == result(3)
    assert log.get(3, "x") is None


PARTS = [b"one\n", b"two\n", b"three\n"]


BEFORE = [
    b"", b"one\n", b"one\ntw", b"one\ntwo\nthree\n", b"one\n\n\n", b"x", b"one\ntwo\nthree\nfour\n",
    b"one\n" + b"x" * 100, b"y" * 100,
]  # fmt: skip


@pytest.mark.parametrize("before", BEFORE)
def test_a_run_that_goes_on_leaves_the_output_as_one_run_would(
    tmp_path: Path, before: bytes
) -> None:
    path = tmp_path / "out"
    path.write_bytes(before)
    out = OutFile(path, goes_on=True)
    for part in PARTS:
        out.write(part)
    out.end()
    out.close()
    assert path.read_bytes() == b"".join(PARTS)


def test_what_stands_there_is_not_cut_while_it_is_right(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"".join(PARTS))
    out = OutFile(path, goes_on=True)
    out.write(PARTS[0])
    out.close()
    assert path.read_bytes() == b"".join(PARTS)


def test_somebody_elses_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"mine")
    with pytest.raises(UsageError, match="there already"):
        OutFile(path, goes_on=False)
    assert path.read_bytes() == b"mine"
    path.write_bytes(b"")
    OutFile(path, goes_on=False).close()


def test_a_device_takes_all() -> None:
    out = OutFile(Path(os.devnull), goes_on=False)
    for part in PARTS:
        out.write(part)
    out.end()
    out.close()


@pytest.mark.parametrize(
    "line",
    [
        b'{"n":9999999999999999999,"id":"1","result":{"ok":true,"text":"x"}}',
        b'{"n":1,"id":"1","result":{}}',
        b'{"n":1,"id":"1","result":{"ok":1,"text":"x"}}',
        b'{"n":1,"id":"1","result":{"ok":false,"text":"x","error":null}}',
        b'{"n":1,"id":"1","result":[1]}',
        b'{"n":1,"id":"1","result":' + b"[" * 100_000,
        b'{"n":1',
        b'{"n":-1,"id":"1"}',
        b'{"note":[1]}',
        b"\0\0\0\xff[",
    ],
)
def test_a_damaged_line_costs_its_own_result_and_no_other(path: Path, line: bytes) -> None:
    log = opened(path)
    log.put(0, "0", result(0))
    log.close()
    with path.open("ab") as file:
        file.write(line + b"\n")
    log = opened(path)
    log.put(2, "2", result(2))
    log.close()
    log = opened(path)
    assert [log.get(number, str(number)) for number in range(3)] == [result(0), None, result(2)]
    log.close()


@given(st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=3)), max_size=4))
def test_bytes_that_were_changed_give_a_result_of_that_shape_or_none(
    tmp_path_factory: pytest.TempPathFactory, spots: list[tuple[int, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("spoilt") / "state"
    log = opened(path)
    for number in range(5):
        log.put(number, str(number), result(number))
    log.close()
    data = bytearray(path.read_bytes())
    for at, new in spots:
        data[at % len(data) : at % len(data) + len(new)] = new
    path.write_bytes(data)
    try:
        log = opened(path)
    except UsageError:
        return
    for number in range(5):
        done = log.get(number, str(number))
        assert done is None or (isinstance(done["text"], str) and done["ok"] is True)
    log.close()


def test_a_head_that_was_torn_is_begun_anew_and_what_is_no_file_is_refused(path: Path) -> None:
    opened(path).close()
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        opened(path).close()
        assert path.read_bytes() == whole
    os.mkfifo(path.with_name("fifo"))
    for other in (path.with_name("fifo"), path.parent):
        with pytest.raises(UsageError):
            opened(other)


NAMES = st.lists(st.sampled_from("abcd"), max_size=7)


@given(NAMES, NAMES, st.integers(0, 7))
def test_items_that_moved_keep_their_results_each_for_one_of_them(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], now: list[str], done: int
) -> None:
    path = tmp_path_factory.mktemp("moved") / "o.state"
    log = opened(path)
    assert not any(log.get(number, item) for number, item in enumerate(before))
    for number, item in enumerate(before[:done]):
        log.put(number, item, {"ok": True, "text": f"{item}{number}"})
    log.close()
    log = opened(path)
    answers = [log.get(number, item) for number, item in enumerate(now)]
    texts = [(answer["text"], item) for answer, item in zip(answers, now, strict=True) if answer]
    assert all(text.startswith(item) for text, item in texts)
    assert len(set(texts)) == len(texts) == (Counter(before[:done]) & Counter(now)).total()
    assert [log.get(number, item) for number, item in enumerate(now)] == answers
    log.close()


def test_a_run_that_was_killed_after_an_item_came_in_front_still_knows_the_others(
    path: Path,
) -> None:
    log = opened(path)
    log.put(0, "a", result(0))
    log.put(1, "b", result(1))
    log.close()
    log = opened(path)
    assert log.get(0, "new") is None
    log.put(0, "new", result(2))
    log.close()  # killed before it came to the others
    log = opened(path)
    wanted = [("new", result(2)), ("a", result(0)), ("b", result(1))]
    assert [(item, log.get(n, item)) for n, (item, _) in enumerate(wanted)] == wanted
    log.close()
