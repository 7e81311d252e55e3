"""The keyboard while a reply streams: Esc and Ctrl-C stop, Ctrl-Z suspends, the rest is kept.

What is kept is given on when the reply ends, for the next prompt, in order and with pastes whole.
Nothing of it is echoed. Where there is no terminal, all of this does nothing.

Tells a lone Esc from an escape sequence in a keyboard's bytes, and keeps everything else.

A question with yes or no, asked on the terminal; anything but yes is no.

A command or a sentence was meant for the prompt: it is no answer, and is handed back. So is what
was typed after the answer.
"""

import os
import re
import select
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from chatrepl.core.value import frozen
from chatrepl.terminal.modes import PASTE_OFF, PASTE_ON, Tty, is_ignored
from chatrepl.terminal.sanitize.text import one_line

if TYPE_CHECKING:
    import asyncio


_ESC = b"\x1b"
_CLEAR = b"\x0c"  # Ctrl-L means the screen of now; kept, it would wipe the reply away
_FOCUS = frozenset({b"\x1b[I", b"\x1b[O"})  # reports of the window, not keys
_PASTE_BEGINS = b"\x1b[200~"
_PASTE_ENDS = b"\x1b[201~"

# CSI and SS3 sequences, and Alt with a key; an Esc before another Esc stands alone.
_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\x1b\[O])", re.DOTALL)
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")


class KeySplitter:
    """Takes what was typed in pieces of any size."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._open = b""  # what may still be the beginning of a sequence
        self._paste: bytearray | None = None

    @property
    def waits(self) -> bool:
        """Whether silence would decide something now."""
        return bool(self._open)

    def feed(self, data: bytes) -> bool:
        """Take bytes; say whether a lone Esc was among them."""
        data, self._open = self._open + data, b""
        stops = False
        while data:
            if self._paste is not None:
                data = self._go_on_pasting(data)
            elif _UNFINISHED.match(data):
                self._open = data
                break
            elif not data.startswith(_ESC):
                plain, esc, rest = data.partition(_ESC)
                self._kept += plain.replace(_CLEAR, b"")
                data = esc + rest
            elif data.startswith(_PASTE_BEGINS):
                self._paste, data = bytearray(), data[len(_PASTE_BEGINS) :]
            elif sequence := _SEQUENCE.match(data):
                if sequence[0] not in _FOCUS:
                    self._kept += sequence[0]
                data = data[sequence.end() :]
            elif data[1:2] == _ESC:
                stops, data = True, data[1:]
            else:
                self._kept += data[:1]  # a broken sequence
                data = data[1:]
        return stops

    def end_of_sequence(self) -> bool:
        """Say that nothing followed for a while; give whether a lone Esc was open."""
        sequence, self._open = self._open, b""
        if sequence == _ESC:
            return True
        self._kept += sequence
        return False

    def finish(self) -> bytes:
        """Give all that was kept; an Esc that is still alone is dropped, an open paste closed."""
        self.end_of_sequence()
        if self._paste is not None:
            self._kept += _PASTE_BEGINS + self._paste + _PASTE_ENDS
            self._paste = None
        keys = bytes(self._kept)
        self._kept.clear()
        return keys

    def _go_on_pasting(self, data: bytes) -> bytes:
        paste = self._paste if self._paste is not None else bytearray()
        start = max(0, len(paste) - len(_PASTE_ENDS))
        paste += data
        end = paste.find(_PASTE_ENDS, start)
        if end < 0:
            return b""
        rest = bytes(paste[end + len(_PASTE_ENDS) :])
        self._kept += _PASTE_BEGINS + paste[:end] + _PASTE_ENDS
        self._paste = None
        return rest


Handler: TypeAlias = Callable[[int, FrameType | None], Any]
ESCAPE_SECONDS = 0.05  # how long the rest of an escape sequence may take
_DEADLY = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_MOST_BLOWS = 3


@frozen
class Reactions:
    """What to do: `stop` on Esc or Ctrl-C, `keep` what was typed, and around a suspension.

    `hear` gets all bytes as they come: the terminal reports among them where the user looks.
    """

    stop: Callable[[], None]
    keep: Callable[[bytes], None]
    before_suspend: Callable[[], None] = lambda: None
    after_suspend: Callable[[], None] = lambda: None
    hear: Callable[[bytes], None] = lambda _data: None


@asynccontextmanager
async def watch_keyboard(tty: Tty, reactions: Reactions) -> AsyncIterator[None]:
    """Watch the keyboard while the block runs; all modes and handlers are put back after it."""
    if not tty.is_ours:
        yield
        return
    import asyncio  # late: it is not cheap, and the first prompt does not need it

    watch = _Watch(tty, reactions, asyncio.get_running_loop())
    with tty.quiet(), watch.paste_mode(), watch.signals(), watch.reading():
        yield


class _Watch:
    def __init__(self, tty: Tty, reactions: Reactions, loop: "asyncio.AbstractEventLoop") -> None:
        self._tty = tty
        self._reactions = reactions
        self._loop = loop
        self._splitter = KeySplitter()
        self._timer: asyncio.TimerHandle | None = None
        self._stop_is_due = False
        self._deadly = 0
        self._blows = 0
        self._ends: dict[int, Handler] = {}

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
            if keys := self._splitter.finish():
                self._reactions.keep(keys)

    def _on_readable(self) -> None:
        self._cancel_timer()
        try:
            data = os.read(self._tty.keyboard, 65_536)
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._tty.keyboard)
        self._reactions.hear(data)
        if self._splitter.feed(data):
            self._reactions.stop()
        if self._splitter.waits:
            self._timer = self._loop.call_later(ESCAPE_SECONDS, self._on_silence)

    def _on_silence(self) -> None:
        self._timer = None
        if self._splitter.end_of_sequence():
            self._reactions.stop()

    def _drain(self) -> None:
        with suppress(OSError):
            while select.select([self._tty.keyboard], [], [], 0)[0]:
                if not (data := os.read(self._tty.keyboard, 65_536)):
                    break
                self._splitter.feed(data)

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
        self._loop.call_soon_threadsafe(self._reactions.stop)

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


_LOOK_UP_S: Final = 0.1  # a Ctrl-C that came just before the wait began is noticed this soon
_MOST_WORDS: Final = 3  # of an answer such as "no, thank you"


def ask_yes_no(tty: Tty, question: str, keep: Callable[[bytes], None]) -> bool:
    """Ask and wait for an answer in the terminal's usual mode. Ctrl-C and Ctrl-D mean no.

    `keep` takes the keys that were no answer, for the next prompt.
    """
    with tty.usual():
        try:
            sys.stdout.write(f"{one_line(question, 400)} [y/N] ")
            sys.stdout.flush()
            typed = _typed(tty.keyboard)
        except KeyboardInterrupt:
            typed = b""
    answer, end, rest = _parted(typed)
    if not typed.endswith(b"\n"):
        sys.stdout.write("\n")
    if answer.lstrip().startswith(b"/"):
        rest = answer + end + rest
    elif len(answer.split()) > _MOST_WORDS:
        rest = answer + (b"\n" + rest if rest else b"")  # not sent by itself: nobody asked for it
    if rest:
        keep(rest)
    return answer.decode("utf-8", "replace").strip().casefold() in {"y", "yes"}


def _parted(typed: bytes) -> tuple[bytes, bytes, bytes]:
    """Give the first line, its Enter, and what follows, with Enter as it comes at the prompt."""
    return re.sub(rb"\r?\n", b"\r", typed).partition(b"\r")


def _typed(keyboard: int) -> bytes:
    """Read the line that is submitted, and what else is there; nothing at the keyboard's end."""
    typed = b""
    while not _waits(keyboard, _LOOK_UP_S):
        pass
    while data := os.read(keyboard, 4096):
        typed += data
        if not _waits(keyboard, 0):
            break
    return typed


def _waits(keyboard: int, seconds: float) -> bool:
    return bool(select.select([keyboard], [], [], seconds)[0])
