"""Event loops that can be left at any time.

Names are looked up in threads, which nothing can stop: a loop of asyncio's own would wait at its
end until a name server that is away has been given up, half a minute after Ctrl-C.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor


class _Leaving(ThreadPoolExecutor):
    """Threads that nobody waits for at the end: what they find out is of no use any more."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        del wait, cancel_futures
        super().shutdown(wait=False, cancel_futures=True)


def new_runner() -> asyncio.Runner:
    """Make a runner for one shell; leaving it waits for no thread."""
    return asyncio.Runner(loop_factory=_new_loop)


def _new_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_Leaving(thread_name_prefix="lookup"))
    return loop
