"""The ledger on the disk: what is entered is there, whoever else writes and whatever breaks."""

import errno
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.spending import Spending
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.storage import accounts as module
from chatrepl.storage.accounts import Accounts, Running

WHEN = 1_790_000_000.0
DAY_S = 86_400


def price(_model: str, usage: Usage, _when: float) -> Cost:
    return Cost(float(usage.input_tokens), 0.0)


def one(id_: str, count: int, when: float = WHEN, **more: Any) -> Spending:
    return replace(Spending(id_, when, "m", Usage(count)), **more)


def test_what_is_entered_is_read_in_the_files_of_its_month_for_the_user_alone(
    tmp_path: Path,
) -> None:
    accounts = Accounts.of(tmp_path / "state")
    entries = [one("a", 1), one("b", 2, WHEN + 40 * DAY_S), one("c", 3)]

    assert all(map(accounts.enter, entries))
    assert len(accounts.files()) == 2
    assert sorted(accounts.read(), key=lambda each: each.id) == entries
    assert [each.id for each in accounts.read(WHEN + DAY_S)] == ["b"]
    assert {path.stat().st_mode & 0o777 for path in accounts.files()} == {0o600}
    assert accounts.folder.stat().st_mode & 0o777 == 0o700


def test_a_later_record_takes_the_place_of_an_open_one(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    begun = one("a", 1, open=True, at_least=True, held_usd=9.0)
    accounts.enter(begun)
    assert list(accounts.read()) == [begun]

    done = one("a", 7)
    accounts.enter(done)
    assert list(accounts.read()) == [done]


def test_the_results_of_a_batch_count_once_however_often_they_are_entered(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    for _ in range(2):
        accounts.enter(one("batch:1", 5, batch=True))
        accounts.enter(one("plain", 5))

    assert [each.id for each in accounts.read()] == ["batch:1", "plain", "plain"]


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(0, 400))
def test_damage_costs_the_damaged_lines_alone(junk: list[bytes], cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        accounts = Accounts(Path(folder))
        accounts.enter(one("first", 1))
        (path,) = accounts.files()
        whole = path.read_bytes()
        torn = whole[: cut % len(whole)]  # a process that was killed, or a disk that was full
        path.write_bytes(whole + torn + b"\n".join(junk).replace(b"{", b"("))
        accounts.enter(one("last", 2))

        ids = [each.id for each in accounts.read()]
    assert ids[0] == "first"
    assert ids[-1] == "last"


def test_a_line_that_is_too_long_is_passed_over_whole(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    accounts.enter(one("first", 1))
    (path,) = accounts.files()
    entry = path.read_bytes().strip().replace(b"first", b"inner")
    for length in (65_535, 65_536, 65_537, 2 * 65_536):
        with path.open("ab") as file:
            file.write(b"x" * length + entry)
        accounts.enter(one("last", 2))
    assert [each.id for each in accounts.read()] == ["first", *["last"] * 4]


def test_a_year_beyond_all_calendars_is_none(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    accounts.enter(one("first", 1))
    (path,) = accounts.files()
    for when in ("253402300799", "9e11", "250000000000"):
        path.write_text(f'{path.read_text()}\n{{"id":"x","at":{when},"model":"m","in":1}}\n')
    assert [each.id for each in accounts.read()] == ["first"]
    assert Running(accounts, price).since(one("x", 0).day) == 1


def test_what_is_let_go_while_the_clock_is_set_back_is_held_no_more(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    accounts.enter(one("batch", 0, WHEN + 40 * DAY_S, open=True, held_usd=5.0))
    accounts.enter(one("batch", 0, WHEN))
    assert list(accounts.read()) == [one("batch", 0, WHEN)]
    assert Running(accounts, price).since(one("x", 0).day) == 0


def test_what_counts_against_a_budget_is_read_once_and_then_only_what_is_new(
    tmp_path: Path,
) -> None:
    accounts = Accounts(tmp_path)
    running = Running(accounts, price)
    today = one("x", 0).day
    assert running.since(today) == 0

    accounts.enter(one("old", 100, WHEN - 2 * DAY_S))
    accounts.enter(one("a", 1))
    assert running.since(today) == 1
    accounts.enter(one("b", 2, open=True, at_least=True, held_usd=50.0))
    assert running.since(today) == 51
    (path,) = accounts.files()
    read_to = running.read_to[path]
    accounts.enter(one("b", 4))
    assert running.since(today) == 5
    assert running.read_to[path] > read_to
    accounts.enter(one("c", 4, at_least=True, held_usd=6.0))  # cut: it may have come to more
    assert running.since(today) == 11
    assert running.since(one("old", 0, WHEN - 2 * DAY_S).day) == 111
    assert running.since(today.replace(year=today.year + 1)) == 0


def test_where_nothing_can_be_written_that_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    accounts = Accounts(blocked)

    assert not accounts.enter(one("a", 1))
    with accounts.alone() as is_alone:
        assert not is_alone
    assert list(Accounts(tmp_path / "none").read()) == []
    (tmp_path / "2026-09.jsonl").mkdir()
    assert list(Accounts(tmp_path).read()) == []
    assert not Accounts(tmp_path).enter(one("a", 1))


def test_several_processes_mix_no_lines_and_one_alone_reserves(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from chatrepl.core.spending import Spending\n"
        "from chatrepl.core.talk.usage import Usage\n"
        "from chatrepl.storage.accounts import Accounts\n"
        "a, seen = Accounts(Path(sys.argv[1])), Path(sys.argv[1]) / 'sum'\n"
        "for i in range(100):\n"
        "    with a.alone() as alone:\n"
        "        assert alone\n"
        "        seen.write_text(str(int(seen.read_text()) + 1))\n"
        f"    a.enter(Spending(f'{{sys.argv[2]}}-{{i}}', {WHEN}, 'm', Usage(1), 'x' * 500))\n"
    )
    (tmp_path / "sum").write_text("0")
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(n)],
            env={**os.environ, "PYTHONPATH": "."},
        )
        for n in range(3)
    ]

    assert [run.wait() for run in runs] == [0, 0, 0]
    assert (tmp_path / "sum").read_text() == "300"
    assert len({each.id for each in Accounts(tmp_path).read()}) == 300


def test_who_is_the_first_of_all_is_alone_and_a_lock_is_let_go(tmp_path: Path) -> None:
    accounts = Accounts.of(tmp_path / "new")
    for _ in range(2):
        with accounts.alone() as is_alone:
            assert is_alone
    assert accounts.enter(one("a", 1))


def test_who_waits_too_long_for_others_is_not_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE_S", 0.02)
    accounts = Accounts(tmp_path)
    with accounts.alone(), accounts.alone() as is_alone:
        assert not is_alone


def test_where_no_folder_can_be_made_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_folder: Path) -> None:
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr(module, "make_folder", full)
    accounts = Accounts.of(tmp_path)
    assert not accounts.enter(one("a", 1))
    with accounts.alone() as is_alone:
        assert not is_alone


def test_what_is_not_written_whole_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:-1]))
    for accounts in (Accounts(tmp_path), Accounts.of(tmp_path)):  # with its folder, and without
        assert not accounts.enter(one("a", 1))
        assert list(accounts.read()) == []


def test_nothing_stays_open_of_what_was_written_read_or_locked(tmp_path: Path) -> None:
    def next_descriptor() -> int:
        descriptor = os.open(os.devnull, os.O_RDONLY)
        os.close(descriptor)
        return descriptor

    accounts, running = Accounts(tmp_path), Running(Accounts(tmp_path), price)
    first = next_descriptor()
    for number in range(3):
        with accounts.alone():
            accounts.enter(one(f"{number}", 1))
        running.since(one("x", 0).day)
        assert len(list(accounts.read())) == number + 1
    assert next_descriptor() == first


MONTH_BEGINS = 1_790_812_800.0  # 2026-10-01 in UTC


@given(
    st.lists(st.integers(-3 * DAY_S, 3 * DAY_S), max_size=6, unique=True),
    st.integers(-3 * DAY_S, 3 * DAY_S),
)
def test_all_that_was_spent_since_a_moment_is_read_also_where_a_month_begins(
    offsets: list[int], since: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        accounts = Accounts(Path(folder))
        for offset in (*offsets, since):  # also what was spent at that very moment
            for is_open in (False, True):
                id_ = f"{offset} {is_open}"
                accounts.enter(one(id_, 1, MONTH_BEGINS + offset, open=is_open))
        read = {each.id for each in accounts.read(MONTH_BEGINS + since)}
    expected = {offset for offset in (*offsets, since) if offset >= since}
    assert read == {f"{offset} {is_open}" for offset in expected for is_open in (False, True)}
