"""Many questions, one answer each, in the order of the items.

    items ──> questions ──> Sender ──> finished ──> Ordered ──> sink
              (what is done already is not asked)    (state file, then the output)

An item becomes a `ItemQuestion` (`attempt.py`): a session of its own and a message, of which
`question.request` is what is sent. A `Sender` takes questions as it can use them and tells of each
when it is finished, in any order: `live.py` sends single requests. What is finished goes into the
state at once and to the sink in order. Nothing is held for all items but a number in the state.

Another way to send is another `Sender`: for what the service answers elsewhere,
`Attempt(question, wanted).ask(stream)` makes the result from recorded events.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from chatrepl.core.errors import ChatreplError
from chatrepl.core.items import Item
from chatrepl.shells.attempt import ItemQuestion, unasked
from chatrepl.storage.answer_log import Done

Finished: TypeAlias = Callable[[ItemQuestion, dict[str, Any]], None]
Sink: TypeAlias = Callable[[Item, dict[str, Any]], None]
WINDOW: Final = 1024  # how far what is asked runs ahead of what is written


class Sender(Protocol):
    """Gets questions answered. `window` is how many may be open at once; None is no bound."""

    window: int | None

    async def send(self, questions: AsyncIterator[ItemQuestion], finished: Finished) -> None:
        """Ask all questions and tell of each result.

        Raises ChatreplError for what stops the whole run.
        """


@dataclass(slots=True)
class Ordered:
    """Results on their way to the sink: each goes as soon as all before it went.

    `failed_by` makes a result of a bug.
    """

    log: Done
    sink: Sink
    failed_by: Callable[[Exception], dict[str, Any]]
    next: int = 0
    _ready: dict[int, Item] = field(default_factory=dict)
    _went: asyncio.Event = field(default_factory=asyncio.Event)

    def finish(self, item: Item, result: dict[str, Any]) -> None:
        """Keep a result, and write what can be written now. A bug in that costs this result."""
        try:
            self.log.put(item.number, item.id, result)
        except (ChatreplError, OSError):
            raise
        except Exception as bug:  # noqa: BLE001 - a place of containment
            self.log.put(item.number, item.id, self.failed_by(bug))
        self.ready(item)

    def ready(self, item: Item) -> None:
        """Write what can be written, now that the result of `item` is there."""
        self._ready[item.number] = item
        while (due := self._ready.pop(self.next, None)) is not None:
            self._write(due)
            self.next += 1
            self._went.set()

    def _write(self, item: Item) -> None:
        """Write a result; one that a bug keeps from that is kept, and written as failed."""
        try:
            if (result := self.log.get(item.number, item.id)) is not None:
                self.sink(item, result)
        except (ChatreplError, OSError):
            raise
        except Exception as bug:  # noqa: BLE001 - a place of containment
            self.sink(item, self.failed_by(bug))

    async def room(self, number: int, window: int | None) -> None:
        """Wait until that item is near enough to what is written."""
        while window is not None and number >= self.next + window:
            self._went.clear()
            await self._went.wait()


@dataclass(slots=True)
class Each:
    """One run over many items.

    `make` makes a question of an item, or raises ChatreplError; `again` asks also for what failed.
    """

    make: Callable[[Item], ItemQuestion]
    model: str
    ordered: Ordered
    again: bool = False

    async def run(self, items: AsyncIterator[Item], sender: Sender) -> None:
        """Have all items answered. Raises ChatreplError for what stops the run, OSError of the
        output, and CancelledError.
        """
        try:
            async with aclosing(self._questions(items, sender.window)) as questions:
                await sender.send(questions, self._finish)
        except* (ChatreplError, OSError) as group:
            raise _first(group) from None

    def _finish(self, question: ItemQuestion, result: dict[str, Any]) -> None:
        self.ordered.finish(question.item, result)

    async def _questions(
        self, items: AsyncIterator[Item], window: int | None
    ) -> AsyncGenerator[ItemQuestion, None]:
        """Yield the questions that are open; what is done already goes on to the sink."""
        async for item in items:
            await self.ordered.room(item.number, window)
            result = self.ordered.log.get(item.number, item.id)
            if result is not None and (result.get("ok") or not self.again):
                self.ordered.ready(item)
                await asyncio.sleep(0)  # there may be many, and signals are to have their turn
                continue
            try:
                # A picture takes its time, and the replies under way do not wait for it.
                question = (
                    await asyncio.to_thread(self.make, item) if item.path else self.make(item)
                )
            except ChatreplError as error:
                self.ordered.finish(item, unasked(self.model, error))
            except Exception as bug:  # noqa: BLE001 - a place of containment
                self.ordered.finish(item, self.ordered.failed_by(bug))
            else:
                yield question


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
