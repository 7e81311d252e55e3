"""Work on an event loop that signals may leave at any moment, and of which nothing stays behind."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

Worked = TypeVar("Worked")
_WIND_UP_S: Final = 1.0
_LOOK_S: Final = 0.01


def run_on(runner: asyncio.Runner, work: Coroutine[Any, Any, Worked]) -> Worked:
    """Run `work` to its end, as `runner.run` does.

    A signal may raise between any two steps of the loop. Work that it left half done would go on
    within whatever runs next, and a stop that was due would end that too early.
    """
    tasks: list[asyncio.Task[Any]] = []

    async def held() -> Worked:
        if (task := asyncio.current_task()) is not None:
            tasks.append(task)
        return await work

    try:
        return runner.run(held())
    except (KeyboardInterrupt, SystemExit):
        _wind_up(runner.get_loop(), tasks)
        raise


def _wind_up(loop: asyncio.AbstractEventLoop, tasks: list[asyncio.Task[Any]]) -> None:
    _go_round(loop, 0.0)  # what had not begun yet does so now
    for task in tasks:
        task.cancel()
    patient_until = time.monotonic() + _WIND_UP_S
    while not all(task.done() for task in tasks) and time.monotonic() < patient_until:
        _go_round(loop, _LOOK_S)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # it was seen: nobody needs to be told


def _go_round(loop: asyncio.AbstractEventLoop, seconds: float) -> None:
    loop.call_later(seconds, loop.stop)
    loop.run_forever()
