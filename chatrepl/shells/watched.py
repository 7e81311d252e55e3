"""The keyboard and the window of a chat while a reply comes."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeAlias, TypeVar

from chatrepl.shells.desk import Desk, Relay
from chatrepl.terminal.attention import Attention
from chatrepl.terminal.keyboard import Reactions, watch_keyboard
from chatrepl.terminal.views.live import LiveView
from chatrepl.turn import Display

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

    `takes` is offered each line that was typed, and tells whether it took it.
    """
    task = asyncio.current_task()

    def stop() -> None:
        if task is not None:
            task.cancel()

    reactions = Reactions(
        stop=stop,
        keep=desk.prompt.type_ahead,
        before_suspend=view.suspend,
        after_suspend=view.resume,
        hear=attention.hear,
        waits=view.let_wait,
        takes=takes,
    )
    async with watch_keyboard(desk.tty, reactions):
        with attention.watching(notify=notify):
            return await reply(view)
