"""Questions beside the conversation, as a chat has them: shown in a gutter, also under a reply.

One that is typed while a reply streams is asked at once, in parallel, of the conversation without
that reply. Its answer waits until the reply has ended, so that the two do not mix.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TypeAlias

from chatrepl.aside import ask_beside
from chatrepl.commands.beside import question_beside
from chatrepl.commands.registry import REGISTRY
from chatrepl.commands.slash import split as split_command
from chatrepl.core.errors import ChatreplError, UsageError
from chatrepl.core.exchange.reply import Reply, StreamEvent
from chatrepl.core.outcome import Beside
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.words import meta_line
from chatrepl.core.world import Display
from chatrepl.session.beside import plans_beside, reads_no_cache
from chatrepl.session.session import Session
from chatrepl.shells.consent import Consent
from chatrepl.shells.desk import Desk
from chatrepl.terminal.views.gutter import Gutter
from chatrepl.turn import Stream

SideAnswer: TypeAlias = Coroutine[None, None, Turn]
Showing: TypeAlias = Callable[[Callable[[Display], SideAnswer]], Turn]


class _Unshown(nullcontext[object]):
    """Keeps what comes of an answer until it is looked at."""

    def __init__(self) -> None:
        super().__init__(None)
        self._came: list[tuple[StreamEvent, Reply]] = []
        self._view: Gutter | None = None

    def show(self, event: StreamEvent, reply: Reply) -> None:
        self._came.append((event, reply))
        if self._view is not None:
            self._view.show(event, reply)

    async def seen(self, view: Display, asking: SideAnswer) -> Turn:
        """Show what came and what still comes, and give the turn."""
        with view:
            self._view = Gutter(view)
            for event, reply in tuple(self._came):
                self._view.show(event, reply)
            return await asking

    @property
    def is_empty(self) -> bool:
        return not (self._came and self._came[-1][1].has_content)


@dataclass(slots=True)
class SideQuestions:
    """The side questions of one chat: `showing` shows an answer while the keyboard is watched.

    `put_back` gets the line of one that nothing came of.
    """

    session: Session
    stream: Stream
    desk: Desk
    consent: Consent
    showing: Showing
    put_back: Callable[[str], None]
    _is_open: bool = field(default=False, init=False)
    _waiting: list[tuple[Beside, "asyncio.Task[Turn]", _Unshown]] = field(
        default_factory=list, init=False
    )

    def ask(self, asked: Beside) -> None:
        """Ask now, and show the answer as it comes. Raises ChatreplError and KeyboardInterrupt."""
        if self.consent.to_send(asked.message) and self.consent.to_pay():
            asking, unshown = self._begun(asked)
            self._show(asked, asking, unshown)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Let what is asked meanwhile be asked at once."""
        self._is_open = True
        try:
            yield
        finally:
            self._is_open = False

    def take(self, line: str, tell: Callable[[], object] = lambda: None) -> bool:
        """Ask what was typed under a reply, where it is a side question; tell whether it was.

        `tell` is called where it was. One that the user is to be asked about first is left for the
        prompt.
        """
        asked = self._read(line) if self._is_open else None
        if asked is None or not self.consent.is_given(asked.message):
            return False
        asking, unshown = self._begun(asked)
        self._waiting.append((asked, asyncio.get_running_loop().create_task(asking), unshown))
        tell()
        return True

    @property
    def waiting(self) -> int:
        """How many answers to what was asked under a reply are not shown yet."""
        return len(self._waiting)

    def show_next(self) -> None:
        """Show the answer to what was asked first under a reply. Raises as `ask` does."""
        asked, task, unshown = self._waiting.pop(0)
        self.desk.speaker.rest()
        self.desk.speaker.line(self.desk.prompt.options.mark + asked.typed, "")
        if words := reads_no_cache(self.session, asked.model):
            self.desk.speaker.line(words)
        self._show(asked, _of(task), unshown)

    def _begun(self, asked: Beside) -> tuple[SideAnswer, _Unshown]:
        plans, unshown = plans_beside(self.session, asked.message, asked.model), _Unshown()
        return ask_beside(self.session, plans, self.stream, unshown), unshown

    def _show(self, asked: Beside, asking: SideAnswer, unshown: _Unshown) -> None:
        try:
            turn = self.showing(lambda view: unshown.seen(view, asking))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
        except ChatreplError:
            if unshown.is_empty:
                self.put_back(asked.typed)
            raise
        if turn.receipt is not None:
            summary = meta_line(turn.receipt, demo=self.session.is_demo)
            self.desk.speaker.line(f"beside · {summary}")

    def _read(self, line: str) -> Beside | None:
        if self.session.settings.multiline or not line.startswith("/") or line.startswith("//"):
            return None
        word, text = split_command(line)
        try:
            if REGISTRY.find(word).name != "btw" or text.strip() in {"", "keep"}:
                return None
            return question_beside(self.session, text)
        except UsageError:
            return None


async def _of(task: "asyncio.Task[Turn]") -> Turn:
    return await task
