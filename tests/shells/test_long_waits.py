"""Who waits longer than a moment hears of it."""

import threading

import pytest

from chatrepl.shells.guard import STILL, tell_if_long


def test_what_takes_longer_than_a_moment_is_told_once_and_before_it_ends() -> None:
    heard = threading.Event()
    told: list[str] = []

    def tell(words: str) -> None:
        told.append(words)
        heard.set()

    with tell_if_long(tell, 0.0):
        assert heard.wait(30)

    assert told == [STILL]


def test_what_ends_at_once_is_not_told_also_where_it_fails() -> None:
    told: list[str] = []
    with tell_if_long(told.append, 3600):
        pass
    with pytest.raises(KeyboardInterrupt), tell_if_long(told.append, 3600):
        raise KeyboardInterrupt

    assert told == []
    assert not any(isinstance(thread, threading.Timer) for thread in threading.enumerate())


@pytest.mark.parametrize("runs", [True, False])
def test_nothing_is_told_later_where_ctrl_c_comes_as_the_watch_begins(
    monkeypatch: pytest.MonkeyPatch, runs: bool
) -> None:
    start = threading.Timer.start

    def stopped(timer: threading.Timer) -> None:
        if runs:
            start(timer)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Timer, "start", stopped)
    with pytest.raises(KeyboardInterrupt), tell_if_long(list[str]().append, 3600):
        pass

    assert not any(isinstance(thread, threading.Timer) for thread in threading.enumerate())
