"""Make something slow in the background, while the user types or the service thinks."""

import gc
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, Generic, TypeVar

Made = TypeVar("Made")
_SWITCH_S: Final = 0.0005  # threads take turns this often, so that typing stays smooth


class Warmup(Generic[Made]):
    """Call `make` once in a daemon thread; `result` waits for it and gives what it gave.

    While it runs the garbage collector pauses: what is being imported stays, and looking through
    it again and again costs a third of the time. What was made is then frozen out of its sight.
    """

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._future: Future[Made] = Future()
        self._lock = threading.Lock()
        self._started = False

    @property
    def ready(self) -> bool:
        """Whether `result` would return or raise at once."""
        return self._future.done()

    def start(self) -> None:
        """Begin, unless it has begun."""
        with self._lock:
            if self._started:
                return
            self._started = True
        threading.Thread(target=self._run, name="warmup", daemon=True).start()

    def result(self) -> Made:
        """Give what was made; begins and waits if need be. Raises what `make` raised."""
        self.start()
        return self._future.result()

    def _run(self) -> None:
        collected, interval = gc.isenabled(), sys.getswitchinterval()
        gc.disable()
        sys.setswitchinterval(min(interval, _SWITCH_S))
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
            sys.setswitchinterval(interval)
