"""Something slow, made once and when it suits: now, in the background, or where it is wanted."""

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

    Where it fails, all who wait are told, and who asks next has it made once more: a Ctrl-C or a
    moment without memory must not last. While it is made the garbage collector pauses: what is
    being imported stays, and looking through it again and again costs a fifth of the time. What was
    made is then frozen out of its sight.
    """

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._future: Future[Made] = Future()
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether it was made: `result` returns at once."""
        return self._future.done()

    def start(self) -> None:
        """Begin in the background, unless it has begun."""
        self._started()

    def result(self) -> Made:
        """Give what was made; made here and now if nothing has begun. Raises what `make` raised."""
        future, is_ours = self._taken()
        if is_ours:
            self._run(future)
        return future.result()

    def __await__(self) -> Generator[Any, None, Made]:
        """Begin in the background and wait; leaving the wait disturbs nothing."""
        import asyncio  # whoever waits so has it already

        return asyncio.wrap_future(self._started()).__await__()

    def _started(self) -> Future[Made]:
        future, is_ours = self._taken()
        if is_ours:
            threading.Thread(target=self._run, args=(future,), name="lazy", daemon=True).start()
        return future

    def _taken(self) -> tuple[Future[Made], bool]:
        """Give what will hold it, and whether it is for the caller to fill."""
        with self._lock:
            future = self._future
            if future.running() or future.done():
                return future, False
            return future, future.set_running_or_notify_cancel()  # nobody can cancel it any more

    def _run(self, future: Future[Made]) -> None:
        collected = gc.isenabled()
        gc.disable()
        sys.setswitchinterval(_SWITCH_S)
        try:
            made = self._make()
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is wanted
            self._future = Future()
            future.set_exception(error)
        else:
            future.set_result(made)
        finally:
            gc.freeze()
            if collected:
                gc.enable()
            sys.setswitchinterval(_USUAL_SWITCH_S)
