"""Event loops that can be left at any time.

Names are looked up in threads, which nothing can stop: a loop of asyncio's own would wait at its
end until a name server that is away has been given up, half a minute after Ctrl-C. What is raised
where nobody waits for it, in a callback or a thread, is kept as a bug.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, Self, TypeVar

_WIND_UP_S: Final = 1.0
_LOOK_S: Final = 0.01
_Result = TypeVar("_Result")


class _Leaving(ThreadPoolExecutor):
    """Threads that nobody waits for at the end: what they find out is of no use any more."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        del wait, cancel_futures
        super().shutdown(wait=False, cancel_futures=True)


class LoopRunner:
    """A runner of asyncio, which signals may leave at any moment: of what ran then nothing stays.

    A signal may raise between any two steps of the loop. Work that it left half done would go on
    within whatever runs next, and a stop that was due would end that too early.
    """

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=_new_loop)

    def __enter__(self) -> Self:
        self._runner.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        is_left = kind is not None and issubclass(kind, KeyboardInterrupt | SystemExit)
        # A stop that was due ends the winding up too early; what it leaves goes with the process.
        with suppress(*(RuntimeError,) * is_left):
            self._runner.close()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Give the loop."""
        return self._runner.get_loop()

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run `work` to its end, and give its result."""
        tasks: list[asyncio.Task[Any]] = []

        async def held() -> _Result:
            if (task := asyncio.current_task()) is not None:
                tasks.append(task)
            return await work

        try:
            return self._runner.run(held())
        except (KeyboardInterrupt, SystemExit):
            self._wind_up(tasks)
            raise

    def _wind_up(self, tasks: list[asyncio.Task[Any]]) -> None:
        self._go_round(0.0)  # what had not begun yet does so now
        for task in tasks:
            task.cancel()
        patient_until = time.monotonic() + _WIND_UP_S
        while not all(task.done() for task in tasks) and time.monotonic() < patient_until:
            self._go_round(_LOOK_S)
        for task in tasks:
            if task.done() and not task.cancelled():
                task.exception()  # it was seen: nobody needs to be told

    def _go_round(self, seconds: float) -> None:
        loop = self.get_loop()
        loop.call_later(seconds, loop.stop)
        loop.run_forever()


def hush() -> None:
    """Keep the logs of all libraries from the screen and from pipes, whatever asks for them.

    What has a handler is not set up again (ANTHROPIC_LOG=debug), and nothing goes to stderr for
    want of one (PYTHONASYNCIODEBUG=1).
    """
    if not logging.root.handlers:
        logging.root.addHandler(logging.NullHandler())


def new_runner() -> LoopRunner:
    """Make a runner for one shell; leaving it waits for no thread.

    What its callbacks and other threads raise is kept as a bug from now on.
    """
    hear_threads()
    hush()
    return LoopRunner()


def hear_threads() -> None:
    """Keep as a bug what is raised in a thread that nobody waits for."""
    threading.excepthook = lambda raised: take_lost(raised.exc_value)


def take_lost(bug: BaseException | None) -> None:
    """Keep what was raised where nobody waits for it; what merely ends a thread is no bug."""
    if isinstance(bug, Exception):
        from chatrepl.cli.failures import pass_over

        pass_over(bug)


def _new_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, context: take_lost(context.get("exception")))
    loop.set_default_executor(_Leaving(thread_name_prefix="lookup"))
    return loop
