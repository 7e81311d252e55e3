"""Several replies to one question at once: each comes whole, whatever becomes of the others.

Of those that one model gives the first goes alone until something of it has come: by then the
service has the question in its cache, and the others read it from there.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field

from chatrepl.core.errors import ChatreplError
from chatrepl.core.exchange.reply import Reply, RetryWait, StreamEvent
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.world import Display
from chatrepl.session.comparison import contender, take_over
from chatrepl.session.session import Session
from chatrepl.turn import Overheard


class HeldBack(nullcontext[object]):
    """Keeps what comes of a reply until it is looked at."""

    def __init__(self) -> None:
        super().__init__(None)
        self._begun_at = time.monotonic()
        self._came: list[tuple[float, StreamEvent, Reply]] = []

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Keep an event; waits are over when it is looked at."""
        if not isinstance(event, RetryWait):
            self._came.append((time.monotonic(), event, reply))

    def seen(self, view: Display, at: Callable[[float], object] = lambda _: None) -> None:
        """Show all that came; `at` hears when each came."""
        at(self._begun_at)
        with view:
            for moment, event, reply in self._came:
                at(moment)
                view.show(event, reply)


@dataclass(slots=True)
class Side:
    """One of several replies: what it is called by, and the session of its own that asks for it."""

    label: str
    model: str
    session: Session
    leads: bool = True
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    turn: Turn | None = None
    error: ChatreplError | None = None
    bug: Exception | None = None

    def watched(self, view: Display) -> Display:
        """Give a view that lets the others of this model begin once something has come."""
        return Overheard(view, self._hear) if self.leads else view

    def _hear(self, _event: StreamEvent, reply: Reply) -> None:
        if reply.open is not None or reply.has_content:
            self.opened.set()


def sides_of(session: Session, models: Sequence[str], labels: Sequence[str]) -> list[Side]:
    """Make the sides, in the order given."""
    leading: dict[str, asyncio.Event] = {}
    sides = []
    for label, model in zip(labels, models, strict=True):
        leads = model not in leading
        opened = leading.setdefault(model, asyncio.Event())
        sides.append(Side(label, model, contender(session, model), leads, opened))
    return sides


class Race:
    """All sides under way; `session` takes over what comes of each the moment it has ended."""

    def __init__(self, session: Session, sides: Sequence[Side]) -> None:
        self._session = session
        self.sides = sides
        self._tasks: dict[asyncio.Task[None], Side] = {}

    @asynccontextmanager
    async def under_way(self, ask: Callable[[Side], Awaitable[None]]) -> AsyncIterator[None]:
        """Let all sides run; those that are still under way at the end are stopped."""
        self._tasks = {
            asyncio.get_running_loop().create_task(self._asked(side, ask)): side
            for side in self.sides
        }
        try:
            yield
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Stop what is under way, and wait until what came of it is kept."""
        running = [task for task in self._tasks if not task.done()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def ended(self, *wanted: Side) -> list[Side]:
        """Wait until one of the sides has ended; give those that have, in their order.

        Raises OSError of what is written to.
        """
        tasks = [task for task, side in self._tasks.items() if side in wanted]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return [self._tasks[task] for task in tasks if task in done]

    def raise_bugs(self) -> None:
        """Raise what nobody thought of, the first of it: to be called once all is shown."""
        for side in self.sides:
            if side.bug is not None:
                raise side.bug

    async def _asked(self, side: Side, ask: Callable[[Side], Awaitable[None]]) -> None:
        try:
            await self._kept(side, ask)
        except (ChatreplError, OSError):
            raise
        except Exception as bug:  # noqa: BLE001 - a place of containment
            side.bug = bug

    async def _kept(self, side: Side, ask: Callable[[Side], Awaitable[None]]) -> None:
        if not side.leads:
            await side.opened.wait()
        try:
            await ask(side)
        finally:  # whatever comes of one, the others go on
            side.opened.set()
            side.turn = take_over(self._session, side.session)
