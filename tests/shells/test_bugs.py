"""The log of what nobody thought of: private, without secrets, few and small."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chatrepl.shells.bugs import MOST_LOG_CHARS, MOST_LOGS, Bugs, keep

KEY = "sk-ant-api03-0123456789abcdef"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHATREPL_STATE_DIR", str(tmp_path))
    return tmp_path / "bugs"


def caught(call: Callable[[], object]) -> Exception:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError


def test_a_log_is_private_and_holds_no_secret(state: Path) -> None:
    where = Path(keep(caught(lambda: int(f"x {KEY}"))))

    assert where.parent == state
    assert where.stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700
    assert "ValueError" in where.read_text("utf-8")
    assert KEY not in where.read_text("utf-8")


def test_the_same_fault_is_kept_once_and_another_one_again(state: Path) -> None:
    bugs = Bugs()
    for _ in range(50):
        first = caught(lambda: int("x"))
        bugs.account(first, keeps=True)
    assert bugs.knows(first)
    assert len(list(state.iterdir())) == 1
    other = caught(lambda: float("x"))
    assert not bugs.knows(other)
    assert bugs.account(other, keeps=True) != bugs.account(first, keeps=True)
    assert len(list(state.iterdir())) == 2


def test_where_nothing_is_kept_the_words_say_so(state: Path) -> None:
    words = Bugs().account(caught(lambda: int("x")), keeps=False)

    assert words == "What happened was not kept in a file."
    assert not state.exists()


def test_only_the_newest_logs_stay(state: Path) -> None:
    names = [Path(keep(ValueError(str(number)))) for number in range(MOST_LOGS)]
    for age, name in enumerate(names):
        os.utime(name, ns=(age * 10**9, age * 10**9))
    for number in range(3):
        keep(ValueError(str(number)))
    assert len(list(state.iterdir())) == MOST_LOGS
    assert [name.exists() for name in names[:4]] == [False, False, False, True]


def test_a_log_is_small_however_much_there_is_to_say(state: Path) -> None:
    where = Path(keep(ValueError("é" * 10 * MOST_LOG_CHARS)))
    assert len(where.read_text("utf-8")) <= MOST_LOG_CHARS + 10


def test_a_state_folder_that_cannot_be_had_is_no_reason_to_keep_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CHATREPL_STATE_DIR", str(tmp_path / "file"))
    where = Path(keep(ValueError()))
    assert where.exists()
    where.unlink()
