"""Who waits longer than a moment hears of it."""

import threading

import pytest

from chatrepl.shells.patience import STILL, patience


def test_what_takes_longer_than_a_moment_is_told_once_and_before_it_ends() -> None:
    heard = threading.Event()
    told: list[str] = []

    def tell(words: str) -> None:
        told.append(words)
        heard.set()

    with patience(tell, 0.0):
        assert heard.wait(30)

    assert told == [STILL]


def test_what_ends_at_once_is_not_told_also_where_it_fails() -> None:
    told: list[str] = []
    with patience(told.append, 3600):
        pass
    with pytest.raises(KeyboardInterrupt), patience(told.append, 3600):
        raise KeyboardInterrupt

    assert told == []
    assert not any(isinstance(thread, threading.Timer) for thread in threading.enumerate())
