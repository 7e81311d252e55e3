import asyncio
import gc
import sys
import threading

import pytest

from chatrepl.startup.lazy import Lazy, Made


def test_it_is_made_once_in_another_thread() -> None:
    made: list[str] = []

    def make() -> str:
        made.append(threading.current_thread().name)
        return "ready"

    lazy = Lazy(make)
    before = lazy.ready
    lazy.start()
    lazy.start()
    assert lazy.result() == lazy.result() == "ready"
    assert (before, lazy.ready) == (False, True)
    assert made == ["lazy"]


def test_where_nothing_has_begun_it_is_made_by_who_wants_it() -> None:
    assert Lazy(threading.current_thread).result() is threading.current_thread()


def test_its_failure_is_raised_wherever_it_is_wanted() -> None:
    def fail() -> None:
        raise ValueError("no")

    lazy = Lazy(fail)
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            lazy.result()
        with pytest.raises(ValueError, match="no"):
            asyncio.run(_awaited(lazy))


async def _awaited(lazy: Lazy[Made]) -> Made:
    return await lazy


def test_leaving_a_wait_is_possible_at_once_and_it_is_made_all_the_same() -> None:
    go_on = threading.Event()

    def make() -> str:
        go_on.wait(20)
        return "ready"

    lazy = Lazy(make)

    async def leave() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await lazy

    asyncio.run(leave())
    assert not lazy.ready
    go_on.set()
    assert asyncio.run(_awaited(lazy)) == lazy.result() == "ready"


def test_the_collector_pauses_and_goes_on_as_it_was() -> None:
    during: list[tuple[bool, bool]] = []
    interval = sys.getswitchinterval()
    try:
        Lazy(lambda: during.append((gc.isenabled(), sys.getswitchinterval() < interval))).result()
        assert during == [(False, True)]
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert sys.getswitchinterval() == interval
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("error", [OSError(24, "too many"), KeyboardInterrupt()])
def test_what_failed_once_is_made_by_who_asks_next(error: BaseException) -> None:
    tries = iter([error])

    def make() -> str:
        for each in tries:
            raise each
        return "ready"

    lazy = Lazy(make)
    with pytest.raises(type(error)):
        lazy.result()
    assert not lazy.ready
    assert lazy.result() == asyncio.run(_awaited(lazy)) == "ready"
