"""The keyboard and the window of a chat while a reply comes."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from chatrepl.shells.desk import Desk, Relay
from chatrepl.terminal.attention import Attention
from chatrepl.terminal.keyboard import Off, Reactions, watch_keyboard
from chatrepl.terminal.views.live import LiveView
from chatrepl.turn import Display

if TYPE_CHECKING:  # most chats have no tools
    from chatrepl.shells.tool_consent import ToolConsent

Answered = TypeVar("Answered")
Answering: TypeAlias = Callable[[Display], Coroutine[None, None, Answered]]


async def watched(
    reply: Answering[Answered],
    view: LiveView | Relay,
    desk: Desk,
    takes: Callable[[str], bool],
    attention: Attention,
    *,
    notify: bool,
) -> Answered:
    """Show a reply in `view` as it comes; Esc and Ctrl-C stop it, and what is typed is kept.

    `takes` is offered each line that was typed, and tells whether it took it. Where tools run, Esc
    stops them first; what is asked about them has the terminal to itself.
    """
    consent = desk.tools
    task = asyncio.current_task()

    def end() -> None:
        if task is not None:
            task.cancel()

    def stop() -> None:
        if consent is None or not consent.stop():
            end()

    reactions = Reactions(
        stop=stop,
        keep=desk.prompt.type_ahead,
        before_suspend=view.suspend,
        after_suspend=view.resume,
        hear=attention.hear,
        waits=view.let_wait,
        takes=takes,
        end=end,
    )
    call = attention.call_to_question if notify else int
    async with watch_keyboard(desk.tty, reactions) as off:
        with attention.watching(notify=notify), _asking(consent, view, off, call):
            return await reply(view)


@contextmanager
def _asking(
    consent: "ToolConsent | None", view: LiveView | Relay, off: Off, call: Callable[[], object]
) -> Iterator[None]:
    """Let questions about tools be asked while a reply is watched; each is called to."""
    if consent is None:
        yield
        return

    @contextmanager
    def apart() -> Iterator[None]:
        view.suspend()
        try:
            with off():
                call()
                yield
        finally:
            view.resume()

    with consent.asking(apart):
        yield
