"""Something slow, made once and when it suits: now, in the background, or where it is wanted."""

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, Final, Generic, TypeVar

Made = TypeVar("Made")
_SWITCH_S: Final = 0.0005  # threads take turns this often meanwhile, so that typing stays smooth
_USUAL_SWITCH_S: Final = sys.getswitchinterval()


class Lazy(Generic[Made]):
    """What `make` gives: `start` begins in a daemon thread, `result` and `await` wait for it.

    While it is made the garbage collector pauses: what is being imported stays, and looking through
    it again and again costs a fifth of the time. What was made is then frozen out of its sight.
    """

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._future: Future[Made] = Future()
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether `result` would return or raise at once."""
        return self._future.done()

    def start(self) -> None:
        """Begin in the background, unless it has begun."""
        if self._begins():
            threading.Thread(target=self._run, name="lazy", daemon=True).start()

    def result(self) -> Made:
        """Give what was made; made here and now if nothing has begun. Raises what `make` raised."""
        if self._begins():
            self._run()
        return self._future.result()

    def __await__(self) -> Generator[Any, None, Made]:
        """Begin in the background and wait; leaving the wait disturbs nothing."""
        self.start()
        return asyncio.wrap_future(self._future).__await__()

    def _begins(self) -> bool:
        with self._lock:
            if self._future.running() or self._future.done():
                return False
            return self._future.set_running_or_notify_cancel()  # from now on nobody can cancel it

    def _run(self) -> None:
        collected = gc.isenabled()
        gc.disable()
        sys.setswitchinterval(_SWITCH_S)
        try:
            made = self._make()
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is wanted
            self._future.set_exception(error)
        else:
            self._future.set_result(made)
        finally:
            gc.freeze()
            if collected:
                gc.enable()
            sys.setswitchinterval(_USUAL_SWITCH_S)
