"""A loop in a thread of its own, for what goes on while the chat waits at its prompt."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Final, TypeVar

Result = TypeVar("Result")
_PATIENCE_S: Final = 3.0


class OwnLoop:
    """Runs work beside whoever asks, a chat's loop or no loop at all; it begins when it must."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def has_begun(self) -> bool:
        return self._loop is not None

    def begin(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Let work go on by itself; cancelling what comes back cancels the work."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name=self._name, daemon=True
                )
                self._thread.start()
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Wait for work from another loop; a cancellation reaches it, and is not waited for."""
        return await asyncio.wrap_future(self.begin(work))

    def wait(self, work: Coroutine[Any, Any, Result], seconds: float) -> Result:
        """Wait for work without a loop. Raises TimeoutError, and cancels it, after some time."""
        future = self.begin(work)
        try:
            return future.result(seconds)
        finally:
            future.cancel()

    def close(self) -> None:
        """End the loop, and what is left on it."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_wind_up(), loop)
        thread.join(_PATIENCE_S)
        if not thread.is_alive():
            loop.close()


async def _wind_up() -> None:
    """Cancel all that is under way, wait for it, and stop the loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.wait(others, timeout=_PATIENCE_S / 2) if others else None
    asyncio.get_running_loop().stop()
