"""Many questions: each is written once, in order; a bug costs the one result that it is in."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import StorageError, UsageError
from chatrepl.core.items import Item
from chatrepl.core.talk.message import Message
from chatrepl.shells.attempt import ItemQuestion
from chatrepl.shells.each import Each, Finished, Ordered
from chatrepl.storage.answer_log import AnswerLog, Passing
from tests.commands.playing import Player

ITEMS = [Item(number, f"item {number}") for number in range(4)]


class Log(Passing):
    """Breaks once, in one of its ways, at one item."""

    def __init__(self, breaks: str, error: Exception) -> None:
        super().__init__()
        self.breaks, self.error = breaks, error

    def _break(self, way: str, number: int) -> None:
        if way == self.breaks and number == 2:
            self.breaks = ""
            raise self.error

    def get(self, number: int, item_id: str) -> dict[str, Any] | None:
        self._break("get", number)
        return super().get(number, item_id)

    def put(self, number: int, item_id: str, result: Mapping[str, Any]) -> None:
        self._break("put", number)
        super().put(number, item_id, result)

    def sink(self, item: Item, result: dict[str, Any]) -> None:
        self._break("sink", item.number)
        self.written.append((item.number, result["ok"]))

    written: list[tuple[int, bool]] = []  # noqa: RUF012 - each test has its own


def finished(breaks: str, error: Exception, order: list[int]) -> list[tuple[int, bool]]:
    log = Log(breaks, error)
    log.written = []
    ordered = Ordered(log, log.sink, lambda bug: {"ok": False, "error": str(bug)})
    for number in order:
        ordered.finish(ITEMS[number], {"ok": True})
    return log.written


@pytest.mark.parametrize("breaks", ["get", "put", "sink"])
@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]])
def test_a_bug_with_one_result_costs_that_one_and_the_order_stays(
    breaks: str, order: list[int]
) -> None:
    written = finished(breaks, LookupError("x"), order)

    assert written == [(0, True), (1, True), (2, False), (3, True)]


@pytest.mark.parametrize("breaks", ["get", "put", "sink"])
@pytest.mark.parametrize("error", [StorageError("The disk is full."), OSError("gone")])
def test_what_stops_a_run_is_no_bug_of_one_result(breaks: str, error: Exception) -> None:
    with pytest.raises(type(error)):
        finished(breaks, error, [0, 1, 2, 3])


BAD, BUG, FAILS = "cannot be asked about", "is a bug", "fails at first"
KINDS = ("is asked about", BAD, BUG, FAILS)
SESSION = Player().session


@dataclass
class Service:
    """Answers several questions at once, whenever it likes; at one of them the disk is full."""

    rng: random.Random
    window: int | None
    most_open: int
    stops_at: int
    is_broken: bool = False
    asked: list[int] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)

    async def send(self, questions: AsyncIterator[ItemQuestion], finished: Finished) -> None:
        free = asyncio.Semaphore(self.most_open)
        async with asyncio.TaskGroup() as tasks:
            async for question in questions:
                await free.acquire()
                self.asked.append(question.item.number)
                tasks.create_task(self._answer(question, finished, free))

    async def _answer(
        self, question: ItemQuestion, finished: Finished, free: asyncio.Semaphore
    ) -> None:
        for _ in range(self.rng.randrange(6)):
            await asyncio.sleep(0)
        if self.stops_at == len(self.answered):
            self.is_broken = True
            raise StorageError("The disk is full.")
        number = question.item.number
        is_first = number not in self.answered
        self.answered.add(number)
        is_ok = FAILS not in question.item.label or not is_first
        error = None if is_ok else {"message": "It failed."}
        finished(question, {"ok": is_ok, "text": f"{number}", "error": error})
        free.release()


class Command:
    """A command over many items with its state on the disk, run again and again."""

    def __init__(self, path: Path, kinds: list[str]) -> None:
        self.path = path
        self.items = [Item(number, f"{number} {kind}") for number, kind in enumerate(kinds)]

    def run(self, service: Service, *, again: bool = False) -> list[tuple[int, bool, str]]:
        """Give what a run writes, from its beginning."""
        written: list[tuple[int, bool, str]] = []
        log = AnswerLog(self.path, {"prompt": "p"})

        def sink(item: Item, result: dict[str, Any]) -> None:
            written.append((item.number, result["ok"], result["text"]))

        def failed(bug: Exception) -> dict[str, Any]:
            return {"ok": False, "text": "", "error": {"message": str(bug)}}

        def make(item: Item) -> ItemQuestion:
            assert service.window is None or item.number < ordered.next + service.window
            if BAD in item.label:
                raise UsageError("No such field.")
            if BUG in item.label:
                raise ZeroDivisionError
            return ItemQuestion(item, SESSION, Message.user(item.label))

        async def items() -> AsyncIterator[Item]:
            for item in self.items:
                yield item

        ordered = Ordered(log, sink, failed)
        running = Each(make, "m", ordered, again).run(items(), service)
        with closing(log), suppress(StorageError):
            asyncio.run(running)
            assert not service.is_broken
        return written


@given(
    st.lists(st.sampled_from(KINDS), max_size=12),
    st.lists(st.integers(0, 8), max_size=3),
    st.none() | st.integers(1, 4),
    st.integers(1, 4),
    st.integers(0, 9_999),
)
def test_however_often_a_run_breaks_off_each_item_is_written_once_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    kinds: list[str],
    stops: list[int],
    window: int | None,
    most_open: int,
    seed: int,
) -> None:
    command = Command(tmp_path_factory.mktemp("each") / "state", kinds)
    rng, answered = random.Random(seed), set[int]()
    for stops_at in (*stops, -1):
        service = Service(rng, window, most_open, stops_at)
        written = command.run(service)
        assert [number for number, _, _ in written] == list(range(len(written)))
        assert not answered & set(service.asked)
        answered |= service.answered
    plain = [n for n, kind in enumerate(kinds) if kind in {KINDS[0], FAILS}]
    assert sorted(answered) == plain
    assert [(number, ok) for number, ok, _ in written] == [
        (number, kind == KINDS[0]) for number, kind in enumerate(kinds)
    ]
    assert all(text == f"{number}" for number, ok, text in written if ok)
    again = Service(rng, window, most_open, -1, answered=answered)
    written = command.run(again, again=True)
    assert [ok for _, ok, _ in written] == [kind in {KINDS[0], FAILS} for kind in kinds]
    assert sorted(again.asked) == [n for n, kind in enumerate(kinds) if kind == FAILS]
