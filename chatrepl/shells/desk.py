"""What a chat needs of its terminal and its loop, and nothing of how that is done."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import field
from types import TracebackType
from typing import Any, Protocol, TypeVar

from chatrepl.core.exchange.reply import Reply, StreamEvent
from chatrepl.core.talk.blocks import Block
from chatrepl.core.value import frozen
from chatrepl.terminal.attention import Attention
from chatrepl.terminal.modes import Tty
from chatrepl.terminal.prompt.prompt import Prompt
from chatrepl.terminal.say import Speaker
from chatrepl.terminal.views.live import LiveView

Done = TypeVar("Done")


class WorkLoop(Protocol):
    """Runs work on one event loop, as asyncio's does."""

    def run(self, work: Coroutine[Any, Any, Done], /) -> Done: ...
    def get_loop(self) -> asyncio.AbstractEventLoop: ...


@frozen
class Desk:
    """What the chat needs of the terminal; each part is a small door to a library.

    `ask` gives None where the question was left: as good as no, where no changes nothing. `dress`
    lets prompt and screen follow settings that were changed; `picture` draws a picture that
    is attached, where that can be.
    """

    prompt: Prompt
    speaker: Speaker
    tty: Tty
    new_view: Callable[[], LiveView]
    ask: Callable[[str], bool | None]
    choose: Callable[[str, str], str]
    edit: Callable[[str], str]
    copy: Callable[[str], str]
    dress: Callable[[], None] = lambda: None
    picture: Callable[[Block], None] = lambda _block: None
    attention: Attention = field(default_factory=lambda: Attention(Tty(-1, -1), {}))


class Relay:
    """The views of several replies, one after the other; keys reach the one of the moment."""

    def __init__(self, make: Callable[[], LiveView], condense: Callable[[str], str] | None) -> None:
        self._make = make
        self._messages = 0
        self.condense = condense
        self._now = make()

    def fresh(self) -> LiveView:
        """Go on with another view."""
        self._now = self._make()
        self._now.condense = self.condense
        self._now.let_wait(self._messages)
        return self._now

    def __enter__(self) -> object:
        return self.fresh().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._now.__exit__(kind, error, tb)

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Let the view of the moment show an event."""
        self._now.show(event, reply)

    def let_wait(self, messages: int) -> None:
        """Tell how many messages were typed for later."""
        self._messages = messages
        self._now.let_wait(messages)

    def let_ask(self) -> None:
        """Tell that a side question was asked meanwhile."""
        self._now.let_ask()

    def suspend(self) -> None:
        """Take the live rows off the screen."""
        self._now.suspend()

    def resume(self) -> None:
        """Go on after `suspend`."""
        self._now.resume()
