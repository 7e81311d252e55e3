"""What a chat needs of its terminal and its loop, and nothing of how that is done."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from chatrepl.core.talk.blocks import Block
from chatrepl.core.value import frozen
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
