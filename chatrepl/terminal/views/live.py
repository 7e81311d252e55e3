"""A reply on a terminal: rendered as it streams, with a status while there is nothing to read.

parts      what the reply is made of, one below the other
progress   the words of the status
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from chatrepl.core.exchange.reply import (
    BlockStart,
    CitationDelta,
    MessageStop,
    PrefillBegun,
    Remark,
    Reply,
    RetryWait,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.talk.blocks import Block, TextBlock
from chatrepl.core.talk.markdown import Weaver
from chatrepl.core.talk.traces import trace
from chatrepl.terminal.markdown.highlight import warm
from chatrepl.terminal.safe_console import SafeConsole
from chatrepl.terminal.views.parts import Parts, Style
from chatrepl.terminal.views.progress import TURN_S, Progress, retry_words

if TYPE_CHECKING:
    from chatrepl.terminal.views.whole import Held

__all__ = ["LiveView", "Style"]

_WARM = ("python", "bash", "javascript", "json", "typescript", "html", "sql", "css")
_WARM_AFTER_S = 0.3
_IDLE_S = 0.5
_SILENT_S = 3.0


class LiveView:
    """Paints a reply on a console; between deltas its own timer keeps the frames coming.

    With `condense` a text is held back until it has ended, and what that makes of it is shown.
    Raises OSError where the terminal cannot be written to any more: the reply ends there.
    """

    def __init__(self, console: SafeConsole, style: Style, clock: Callable[[], float]) -> None:
        self.condense: Callable[[str], str] | None = None
        self._style = style
        self._moment: float | None = None
        self._clock: Callable[[], float] = lambda: clock() if self._moment is None else self._moment
        self._begun_at = clock()
        self._parts = Parts(console, style, self._clock)
        self._progress = Progress(self._clock, utf8=style.utf8)
        self._weaver = Weaver(style.cite)
        self._waits = False  # whether the block may end in a mark
        self._closed = 0
        self._later: list[str] = []
        self._begun = False
        self._held = ""  # a beginning that waits for its text, so that no thinking parts the two
        self._done = False
        self._attempt = 0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._failure: OSError | None = None
        self._console = console
        self._waiting = False  # and that was said
        self._whole: Held | None = None
        self._languages: Iterator[str] = iter(() if style.raw else _WARM)

    def __enter__(self) -> Self:
        self._begun_at = self._clock()
        self._progress.begin()
        self._hold()
        self._task = asyncio.current_task()
        self._watch_size(on=True)
        self._tick()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _tb: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._watch_size(on=False)
        try:
            self._end(error)
        finally:
            if self._whole is not None:
                self._whole.end()

    def _end(self, error: BaseException | None) -> None:
        if self._failure is not None:  # found by the timer, which then cancelled the reply
            raise self._failure
        if isinstance(error, OSError):
            return
        if self._held:  # nothing more came
            self._parts.text(self._taken(ends=True))
        self._parts.text(self._weaver.end())
        self._parts.end()
        for remark in self._later:
            self._parts.line(remark)

    def at(self, moment: float) -> None:
        """Show what follows as it was shown at that moment: it came before it is looked at."""
        self._moment = moment

    def let_wait(self, messages: int) -> None:
        """Tell how many messages were typed for later."""
        self._progress.waiting = messages

    def let_ask(self) -> None:
        """Tell that a side question was asked meanwhile."""
        self._progress.beside += 1

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Take one event; what is due is painted. Raises OSError if the terminal is gone."""
        if self._failure is not None:
            raise self._failure
        self._progress.note(event, reply)
        self._follow(reply)
        match event:
            case TextDelta(text):
                self._go_on(text)
                return
            case CitationDelta():
                self._waits = True
            case ThinkingDelta(text) if self._style.thinking:
                self._parts.think(text)
            case PrefillBegun() if event.text and not self._begun:
                self._begin(event)
            case BlockStart(_, wire):
                self._open(str(wire.get("type")))
                self._waits = "citations" in wire
            case Remark(text):
                self._remark(text)
            case RetryWait() if not self._style.repaint and event.attempt != self._attempt:
                self._attempt = event.attempt
                self._parts.line(retry_words(event, utf8=self._marked), "warning")
                self._release()
            case MessageStop():
                self._done = True
            case _:
                pass
        self._status()

    def suspend(self) -> None:
        """Take the live rows off the screen, before the program is stopped."""
        self._parts.suspend()

    def resume(self) -> None:
        """Go on after `suspend`."""
        self._progress.go_on()
        self._parts.resume()

    def _begin(self, begun: PrefillBegun) -> None:
        self._begun, self._held = True, begun.text
        if begun.prefill.mode == "native" and self.condense is None:  # nothing is thought first
            self._parts.text(self._taken())

    def _go_on(self, text: str) -> None:
        self._begun = True
        self._parts.status(None)
        self._held += text
        if self.condense is None:
            self._parts.text(self._taken())

    def _taken(self, *, ends: bool = False) -> str:
        text, self._held = self._held, ""
        if ends and self.condense is not None:
            text = self.condense(text)
        opening = ""
        if not self._parts.in_text:  # what is between parts it already, and code goes on behind it
            self._weaver.apart = False
            opening = "" if self._style.raw else self._weaver.fences.opening()
        text = self._weaver.feed(text, waits=self._waits)
        return opening + text.removeprefix("\n") if opening else text

    def _open(self, kind: str) -> None:
        self._done = False
        if kind in {"thinking", "redacted_thinking"}:
            self._progress.think()

    def _follow(self, reply: Reply) -> None:
        """Close the blocks that ended since."""
        for block in reply.blocks[self._closed :]:
            self._close(block)
        self._closed = len(reply.blocks)

    def _close(self, block: Block) -> None:
        """Put what belongs to a block that ended behind it."""
        if self.condense is not None and isinstance(block, TextBlock) and self._held:
            self._parts.text(self._taken(ends=True))
        self._parts.text(self._weaver.close(block))
        if self._style.thinking or block.type not in {"thinking", "redacted_thinking"}:
            for row in trace(block):
                self._parts.row(row)
        if block.type == "tool_use":  # a question follows: what it is about comes first
            self._release()

    def _remark(self, text: str) -> None:
        """Say it at once, unless a text would be torn by it."""
        if self._parts.in_text:
            self._later.append(text)
        else:
            self._parts.line(text)
            self._release()

    @property
    def _marked(self) -> bool:
        """Whether words may be parted by marks."""
        return self._style.utf8 and not self._style.whole

    def _hold(self) -> None:
        if self._style.whole:
            from chatrepl.terminal.views.whole import Held  # seldom needed

            self._whole = Held(self._console)

    def _release(self) -> None:
        if self._whole is not None:
            self._whole.release()

    def _status(self) -> None:
        self._parts.status(None if self._done else self._progress.words())

    def _paint(self) -> None:
        try:
            self._status()
            self._parts.tick()
        except OSError as gone:
            self._failure = gone
            if self._task is not None:
                self._task.cancel()

    def _tick(self) -> None:
        self._paint()
        if self._failure is not None:
            return
        self._warm_up()
        self._say_that_it_waits()
        wait = self._parts.wait()
        longest = TURN_S if self._style.repaint and not self._done else _IDLE_S
        delay = max(0.002, longest if wait is None else min(wait, longest))
        self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _say_that_it_waits(self) -> None:
        """Let who sees nothing of a reply that comes know once that it is waited for."""
        if self._whole is not None and not self._waiting and not self._done:
            self._waiting = self._clock() - self._begun_at > _SILENT_S
            if self._waiting:
                self._whole.aside("waiting for the reply; Esc stops it")

    def _warm_up(self) -> None:
        """Load a lexer while nothing else is to be done, so that code is coloured at once."""
        if self._progress.waits and self._clock() - self._begun_at > _WARM_AFTER_S:
            for language in self._languages:
                warm(language)
                break

    def _watch_size(self, *, on: bool) -> None:
        """Paint anew as soon as the window has another size."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        with suppress(ValueError, RuntimeError, OSError):
            if on:
                loop.add_signal_handler(signal.SIGWINCH, self._paint)
            else:
                loop.remove_signal_handler(signal.SIGWINCH)
