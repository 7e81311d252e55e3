"""The keyboard while a reply streams: Esc and Ctrl-C stop, Ctrl-Z suspends, the rest is kept.

What is kept is given on when the reply ends, for the next prompt, in order and with pastes whole.
Nothing of it is echoed. Where there is no terminal, all of this does nothing.
"""

import os
import select
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from chatrepl.core.value import frozen
from chatrepl.terminal.keys.typing import Pasted, Stroke
from chatrepl.terminal.modes import PASTE_OFF, PASTE_ON, Tty, is_ignored

if TYPE_CHECKING:
    import asyncio


_ESC: Final = "\x1b"
_ENTER: Final = "\r"
# Ctrl-C, Ctrl-Z and Ctrl-\ are signals, unless the terminal tells all keys apart.
_SIGNALS: Final = {"\x03": signal.SIGINT, "\x1a": signal.SIGTSTP, "\x1c": signal.SIGQUIT}
_CLEAR: Final = "\x0c"  # Ctrl-L means the screen of now; kept, it would wipe the reply away
_NOT_FOR_LATER: Final = frozenset({_ESC, _CLEAR, *_SIGNALS})


_RUBOUT: Final = frozenset({"\x7f", "\x08"})
Handler: TypeAlias = Callable[[int, FrameType | None], Any]
Off: TypeAlias = Callable[[], AbstractContextManager[None]]
_PAUSE_S: Final = 0.25  # nobody who types makes a longer one between two keys
ESCAPE_SECONDS = 0.05  # how long the rest of an escape sequence may take
_DEADLY = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_MOST_BLOWS = 3


@frozen
class Reactions:
    """What to do: `stop` on Esc or Ctrl-C, `keep` what was typed, and around a suspension.

    `hear` gets all bytes as they come: the terminal reports among them where the user looks.
    `waits` gets how many messages were submitted so far. `takes` gets each line that was submitted
    as it was typed, and tells whether it took it: then it is not kept. `end` is for signals that
    end the program.
    """

    stop: Callable[[], None]
    keep: Callable[[Iterable[Stroke]], None]
    before_suspend: Callable[[], None] = lambda: None
    after_suspend: Callable[[], None] = lambda: None
    hear: Callable[[bytes], None] = lambda _data: None
    waits: Callable[[int], None] = lambda _messages: None
    takes: Callable[[str], bool] = lambda _line: False
    end: Callable[[], None] | None = None


@asynccontextmanager
async def watch_keyboard(tty: Tty, reactions: Reactions) -> AsyncIterator[Off]:
    """Watch the keyboard while the block runs; all modes and handlers are put back after it.

    Gives what leaves the keyboard to somebody else for a while, such as a question.
    """
    if not tty.is_ours:
        yield nullcontext
        return
    import asyncio  # late: it is not cheap, and the first prompt does not need it

    watch = _Watch(tty, reactions, asyncio.get_running_loop())
    with watch.on():
        yield watch.off


class _Watch:
    def __init__(self, tty: Tty, reactions: Reactions, loop: "asyncio.AbstractEventLoop") -> None:
        self._tty = tty
        self._reactions = reactions
        self._loop = loop
        self._strokes: list[Stroke] = []
        self._timer: asyncio.TimerHandle | None = None
        self._stop_is_due = False
        self._deadly = 0
        self._blows = 0
        self._ends: dict[int, Handler] = {}
        self._held = ExitStack()

    @contextmanager
    def on(self) -> Iterator[None]:
        """Watch, until somebody else takes over or the block ends."""
        self._enter()
        try:
            yield
        finally:
            self._held.close()

    @contextmanager
    def off(self) -> Iterator[None]:
        """Leave the keyboard alone while the block runs, once nobody types any more.

        What was typed before is kept for later, so that it answers no question; Ctrl-C raises.
        """
        while select.select([self._tty.keyboard], [], [], _PAUSE_S)[0]:
            if not self._drain():
                break
        self._held.close()
        before = signal.getsignal(signal.SIGINT)
        is_main = threading.current_thread() is threading.main_thread()
        try:
            if is_main:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            yield
        finally:
            if is_main:
                signal.signal(signal.SIGINT, before)
            self._enter()

    def _enter(self) -> None:
        with ExitStack() as stack:
            stack.enter_context(self._tty.quiet())
            stack.enter_context(self._tty.keys_apart())
            stack.enter_context(self.paste_mode())
            stack.enter_context(self.signals())
            stack.enter_context(self.reading())
            self._held = stack.pop_all()

    @contextmanager
    def paste_mode(self) -> Iterator[None]:
        self._tty.write(PASTE_ON)
        try:
            yield
        finally:
            self._tty.write(PASTE_OFF)

    @contextmanager
    def signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        ours: dict[int, Handler] = {
            signal.SIGINT: self._on_interrupt,
            signal.SIGTSTP: self._on_suspend,
        }
        handlers = {number: ours[number] for number in ours if not is_ignored(number)}
        for deadly in _DEADLY:
            if callable(handler := signal.getsignal(deadly)):
                handlers[deadly] = self._on_deadly
                self._ends[deadly] = handler
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            if self._deadly:
                self._ends[self._deadly](self._deadly, None)

    @contextmanager
    def reading(self) -> Iterator[None]:
        with suppress(OSError):  # a keyboard that cannot be watched can still be read later
            self._loop.add_reader(self._tty.keyboard, self._on_readable)
        try:
            yield
        finally:
            self._loop.remove_reader(self._tty.keyboard)
            self._cancel_timer()
            self._drain()
            if strokes := self._strokes:
                self._strokes = []
                self._reactions.keep(strokes)

    def _on_readable(self) -> None:
        self._cancel_timer()
        try:
            data = os.read(self._tty.keyboard, 65_536)
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._tty.keyboard)
        self._reactions.hear(data)
        self._take(self._tty.typing.feed(data))
        self._tty.tell_keys_apart()
        if self._tty.typing.waits:
            self._timer = self._loop.call_later(ESCAPE_SECONDS, self._on_silence)

    def _on_silence(self) -> None:
        self._timer = None
        self._take(self._tty.typing.silence())

    def _take(self, strokes: list[Stroke]) -> None:
        self._keep(strokes)
        for stroke in strokes:
            if stroke == _ESC:
                self._reactions.stop()
            elif isinstance(stroke, str) and stroke in _SIGNALS:
                signal.raise_signal(_SIGNALS[stroke])

    def _keep(self, strokes: list[Stroke]) -> None:
        for stroke in strokes:
            if isinstance(stroke, str) and stroke in _NOT_FOR_LATER:
                continue
            self._strokes.append(stroke)
            if stroke == _ENTER:
                self._offer()
        if _ENTER in strokes:
            self._reactions.waits(self._strokes.count(_ENTER))

    def _offer(self) -> None:
        """Offer the line that was just submitted, as far as it was typed as it reads."""
        ends = [at for at, stroke in enumerate(self._strokes) if stroke == _ENTER]
        begin = ends[-2] + 1 if len(ends) > 1 else 0
        line = typed_line(self._strokes[begin : ends[-1]])
        if line and self._reactions.takes(line):
            del self._strokes[begin:]

    def _drain(self) -> bool:
        """Keep what was typed so far; tell whether there is a keyboard."""
        with suppress(OSError):
            while select.select([self._tty.keyboard], [], [], 0)[0]:
                if not (data := os.read(self._tty.keyboard, 65_536)):
                    return False
                self._keep(self._tty.typing.feed(data))
            return True
        return False

    def _on_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self._stop_is_due:  # the loop did not come round between two presses: it hangs
            raise KeyboardInterrupt
        self._stop_is_due = True
        self._loop.call_soon_threadsafe(self._stop)

    def _on_deadly(self, number: int, frame: FrameType | None) -> None:
        """Stop the work first: raised in the middle of it, an exit could end up anywhere."""
        self._blows += 1
        if self._blows >= _MOST_BLOWS:  # it does not come round to stopping: it hangs
            self._ends[number](number, frame)
        self._deadly = number
        self._loop.call_soon_threadsafe(self._reactions.end or self._reactions.stop)

    def _stop(self) -> None:
        self._stop_is_due = False
        self._reactions.stop()

    def _on_suspend(self, _number: int, _frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._suspend)

    def _suspend(self) -> None:
        self._drain()  # else the shell would get what was typed
        self._reactions.before_suspend()
        self._tty.write(PASTE_OFF)
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        try:
            with self._tty.usual():
                signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
        finally:
            signal.signal(signal.SIGTSTP, handler)
        self._tty.write(PASTE_ON)
        self._reactions.after_suspend()

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


def typed_line(strokes: Iterable[Stroke]) -> str:
    """Give the text that strokes leave in a line; empty where other keys moved about in it."""
    line = ""
    for stroke in strokes:
        text = stroke.text if isinstance(stroke, Pasted) else stroke
        if text in _RUBOUT:
            line = line[:-1]
        elif isinstance(stroke, str) and not stroke.isprintable():
            return ""
        else:
            line += text
    return line
