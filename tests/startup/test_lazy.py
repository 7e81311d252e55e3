import gc
import sys
import threading

import pytest

from chatrepl.startup.lazy import Warmup


def test_it_is_made_once_in_another_thread() -> None:
    made: list[str] = []

    def make() -> str:
        made.append(threading.current_thread().name)
        return "ready"

    warmup = Warmup(make)
    before = warmup.ready
    warmup.start()
    warmup.start()
    assert warmup.result() == warmup.result() == "ready"
    assert (before, warmup.ready) == (False, True)
    assert made == ["warmup"]


def test_its_failure_is_raised_where_it_is_wanted() -> None:
    def fail() -> None:
        raise ValueError("no")

    warmup = Warmup(fail)
    with pytest.raises(ValueError, match="no"):
        warmup.result()


def test_the_collector_pauses_and_goes_on_as_it_was() -> None:
    during: list[bool] = []
    interval = sys.getswitchinterval()
    try:
        Warmup(lambda: during.append(gc.isenabled())).result()
        for thread in threading.enumerate():
            if thread.name == "warmup":
                thread.join()
        assert during == [False]
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert sys.getswitchinterval() == interval
    finally:
        gc.unfreeze()
