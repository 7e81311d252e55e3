"""Work goes on beside whoever asks, and ends with its loop."""

import asyncio
import threading
import time

import pytest

from chatrepl.tools.own_loop import OwnLoop


async def _where() -> str:
    await asyncio.sleep(0)
    return threading.current_thread().name


def test_work_runs_in_a_thread_that_begins_when_it_must() -> None:
    loop = OwnLoop("beside")
    assert not loop.has_begun

    names = {loop.wait(_where(), 5), asyncio.run(loop.run(_where()))}
    loop.close()

    assert names == {"beside"}
    assert "beside" not in [thread.name for thread in threading.enumerate()]


def test_who_waits_too_long_leaves_and_the_work_is_stopped() -> None:
    loop, stopped = OwnLoop("beside"), threading.Event()

    async def endless() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            stopped.set()

    with pytest.raises(TimeoutError):
        loop.wait(endless(), 0.05)
    assert stopped.wait(5)
    loop.close()


def test_closing_stops_what_is_under_way_and_may_be_done_twice() -> None:
    loop, stopped = OwnLoop("beside"), threading.Event()

    async def endless() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            stopped.set()

    loop.begin(endless())
    time.sleep(0.05)
    loop.close()
    loop.close()

    assert stopped.is_set()
