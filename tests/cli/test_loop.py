import asyncio
import threading

import pytest

from chatrepl.cli.connection import new_runner


def test_leaving_waits_for_no_thread_that_nothing_can_stop() -> None:
    begun, released, ended = threading.Event(), threading.Event(), threading.Event()

    def look_up() -> None:
        begun.set()
        released.wait(20)
        ended.set()

    async def ask() -> None:
        waiting = asyncio.get_running_loop().run_in_executor(None, look_up)
        await asyncio.to_thread(begun.wait, 20)
        waiting.cancel()
        await waiting

    with new_runner() as runner, pytest.raises(asyncio.CancelledError):
        runner.run(ask())
    assert not ended.is_set()
    released.set()
    assert ended.wait(20)


def test_what_threads_find_out_in_time_is_given() -> None:
    with new_runner() as runner:
        assert runner.run(asyncio.to_thread(lambda: 5)) == 5
