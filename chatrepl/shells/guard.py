"""The chat's containment: what nobody thought of costs a log and a line, and the chat goes on."""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from chatrepl.core.errors import BUG, INTERRUPTED, ChatreplError, UnsentError
from chatrepl.session.session import Session
from chatrepl.shells.bugs import Bugs
from chatrepl.terminal.modes import is_gone
from chatrepl.terminal.prompt.prompt import Prompt
from chatrepl.terminal.say import Speaker

_HUNG_UP: Final = 128 + signal.SIGHUP
_BUG: Final = "A bug in chatrepl stopped this; nothing is lost, and the chat goes on."
_MOMENT_S: Final = 2.0
STILL: Final = "Still at it; Ctrl-C leaves it."


@contextmanager
def tell_if_long(tell: Callable[[str], object], moment_s: float = _MOMENT_S) -> Iterator[None]:
    """Have the user told, once, where a block that shows nothing takes longer than a moment.

    What comes after the block is never mixed with it: it is told before, or not at all.
    """
    timer = threading.Timer(moment_s, tell, (STILL,))
    timer.daemon = True
    try:
        timer.start()  # Ctrl-C may come in the middle of it
        yield
    finally:
        timer.cancel()
        if timer.ident is not None:
            timer.join()


def beside(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Begin work that nobody waits for; the loop is told of what it raises, as soon as it does."""
    task = loop.create_task(work)
    task.add_done_callback(_tell_loop)
    return task


def _tell_loop(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (bug := task.exception()) is not None:
        task.get_loop().call_exception_handler({"message": "beside", "exception": bug})


@dataclass(slots=True)
class Guard:
    """Takes what is raised where nobody thought of it: in a command or turn, a key, a thread.

    What happens while the screen is not ours to write on is said before the next prompt. `code`
    tells, as an exit code does, how what went wrong last went wrong.
    """

    session: Session
    speaker: Speaker
    prompt: Prompt
    code: int = 0
    _bugs: Bugs = field(default_factory=Bugs)
    _waiting: list[str] = field(default_factory=list)

    @contextmanager
    def around(self, *, repeats: bool = True) -> Iterator[None]:
        """Let something fail, and say so; with `repeats`, also where it failed like that before.

        Raises SystemExit where the terminal is gone.
        """
        try:
            yield
        except (Exception, asyncio.CancelledError, KeyboardInterrupt) as error:  # noqa: BLE001
            self.take(error, repeats=repeats)

    def take(self, error: BaseException, *, repeats: bool = True) -> None:
        """Say what was raised; keep it where nobody thought of it."""
        match error:
            case UnsentError():
                with self.around():
                    self.speaker.line(error.message)
            case ChatreplError():
                self.code = 1
                with self.around():
                    self.speaker.error(error)
            case KeyboardInterrupt() | asyncio.CancelledError():
                self.code = INTERRUPTED
                with self.around():
                    self.speaker.line("Stopped.")
            case _:
                self.code = BUG
                self._say(self._words(error, repeats=repeats))

    def later(self, words: str) -> None:
        """Have something said before the next prompt; from any thread."""
        self._waiting.append(words)

    def tell(self) -> None:
        """Say what happened while nothing could be said."""
        while self._waiting:
            self._say(self._waiting.pop(0))

    @contextmanager
    def watch(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Take also what is raised in callbacks and tasks of `loop`, and in threads."""

        def on_thread(raised: threading.ExceptHookArgs) -> None:
            self._on_thread(raised)
            with suppress(RuntimeError):  # nothing runs any more
                loop.call_soon_threadsafe(self.prompt.above, self.tell)

        hook, threading.excepthook = threading.excepthook, on_thread
        loop.set_exception_handler(self._on_loop)
        try:
            yield
        finally:
            threading.excepthook = hook
            self.tell()

    def _on_loop(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        bug = context.get("exception")
        if not isinstance(bug, Exception):
            return  # a remark of asyncio's own
        self.later(self._words(bug, repeats=False))
        self.prompt.above(self.tell)

    def _on_thread(self, raised: threading.ExceptHookArgs) -> None:
        if raised.exc_value is not None and not isinstance(raised.exc_value, SystemExit):
            self.later(self._words(raised.exc_value, repeats=False))

    def _words(self, bug: BaseException, *, repeats: bool) -> str:
        """Keep a bug, and say so; nothing where it is known and does not need to be said again."""
        if is_gone(bug):
            sys.exit(_HUNG_UP)  # and no signal told
        if self._bugs.knows(bug) and not repeats:
            return ""
        account = self._bugs.account(bug, keeps=self.session.settings.save)
        return f"{_BUG} {account}"

    def _say(self, words: str) -> None:
        if not words:
            return
        try:
            self.speaker.line(words, "warning")
        except Exception as bug:  # noqa: BLE001 - a place of containment
            if is_gone(bug):
                sys.exit(_HUNG_UP)
            with suppress(OSError, ValueError):
                sys.stdout.write(f"{words}\n")
                sys.stdout.flush()
