"""Questions as Message Batches: each answered once, in whatever way a run before ended."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from chatrepl.api.batches import BatchDoor, BatchEntry, BatchStatus, packs
from chatrepl.api.client import connect
from chatrepl.api.prices import price
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import MessageStop, StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.items import Item
from chatrepl.core.result import Wanted
from chatrepl.core.settings import Settings
from chatrepl.core.spending import BudgetError
from chatrepl.core.talk.conversation import Message
from chatrepl.core.world import Edges
from chatrepl.demo.batches import PATH
from chatrepl.demo.engine import Engine
from chatrepl.demo.server import Served, serve
from chatrepl.demo.wire import json_answer
from chatrepl.session.session import Session
from chatrepl.session.till import Till
from chatrepl.shells import batched as module
from chatrepl.shells.attempt import ItemQuestion, fork
from chatrepl.shells.batched import (
    Batched,
    LeftError,
    place_of,
    recorded,
    status_words,
)
from chatrepl.shells.flights import Forgetting, is_under_way
from chatrepl.storage.accounts import Accounts
from tests.api.helpers import route

WHEN = 1_790_000_000.0


class KilledError(BaseException):
    """Stands for kill -9: nothing runs after it."""


class Door(BatchDoor):
    """A door that may break at one place."""

    broken: dict[str, list[BaseException]] = {}  # noqa: RUF012 - one test at a time

    async def create(
        self, requests: Sequence[BatchEntry], headers: Mapping[str, str]
    ) -> BatchStatus:
        self._break("before")
        status = await super().create(requests, headers)
        self._break("after")
        return status

    async def retrieve(self, id_: str) -> BatchStatus:
        self._break("retrieve")
        return await super().retrieve(id_)

    async def results(self, id_: str) -> Any:
        async for number, result in _numbered(super().results(id_)):
            if number == 1:
                self._break("results")
            yield result

    def _break(self, where: str) -> None:
        if self.broken.get(where):
            raise self.broken[where].pop(0)


async def _numbered(results: Any) -> AsyncIterator[tuple[int, Any]]:
    number = 0
    async for result in results:
        yield number, result
        number += 1


@dataclass
class Desk:
    """Somebody with a state, a ledger, and a service on loopback."""

    served: Served
    folder: Path
    memory: Forgetting = field(default_factory=Forgetting)
    said: list[str] = field(default_factory=list)
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    settings: Settings = field(default_factory=lambda: Settings(retries=2, max_tokens=100))
    wait: bool = True

    def ask(self, *texts: str, again: bool = False) -> None:
        """Run the command that asks those questions, from its beginning."""
        asyncio.run(self._ask(texts, again))

    async def _ask(self, texts: Sequence[str], again: bool) -> None:
        client = connect(route(self.served.url))
        session = Session(self.settings, Edges(lambda: WHEN, lambda: "id", price))

        async def count(_: object) -> int:
            return 10

        till = Till(session, self.folder, count)
        sender = Batched(
            session, Door(client), Wanted(), self.memory, till, lambda _usd: None,
            self.said.append, self.said.append, wait=self.wait, again=again, pace_s=0.01,
        )  # fmt: skip

        async def questions() -> AsyncIterator[ItemQuestion]:
            for number, text in enumerate(texts):
                done = self.results.get(number)
                if done is None or (again and not done["ok"]):
                    own = fork(session, "", "")
                    yield ItemQuestion(Item(number, text), own, Message.user(text))

        def finished(question: ItemQuestion, result: dict[str, Any]) -> None:
            assert question.item.number not in self.results or again
            self.results[question.item.number] = result

        try:
            await sender.send(questions(), finished)
        finally:
            await client.aclose()

    @property
    def texts(self) -> list[str]:
        return [self.results[number]["text"] for number in sorted(self.results)]

    @property
    def created(self) -> int:
        """How many batches there are at the service."""
        return len(self.served.engine.batches._batches)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    Door.broken = {}
    with serve(Engine()) as served:
        yield Desk(served, tmp_path)


SAY = tuple(f"demo: say {word}" for word in ("one", "two", "three"))
_NOTHING: tuple[Any, ...] = ()
TORN = ApiError(ApiErrorKind.CONNECTION, "gone")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "delay", lambda *_: 0.01)


def test_each_question_is_answered_and_entered_at_half_the_price(desk: Desk) -> None:
    desk.ask(*SAY)

    assert desk.texts == ["one", "two", "three"]
    entries = list(Accounts.of(desk.folder).read())
    assert len(entries) == 3
    for entry in entries:
        plain = price(entry.model, entry.usage, WHEN)
        assert plain is not None
        assert entry.batch
        assert entry.cost == plain.times(0.5)
    assert any("--fetch msgbatch_" in words for words in desk.said)
    assert desk.results[0]["cost_usd"] > 0


def test_what_failed_is_told_and_asked_again_in_a_new_batch(desk: Desk) -> None:
    desk.served.engine.batches.overdue = 1
    desk.ask("demo: say one", "demo: error 400", "demo: say late")

    assert [desk.results[n]["ok"] for n in range(3)] == [True, False, False]
    assert desk.results[2]["error"]["type"] == "expired_error"
    desk.served.engine.batches.overdue = 0
    desk.ask("demo: say one", "demo: error 400", "demo: say late", again=True)
    assert desk.results[2]["text"] == "late"
    assert desk.created == 2


def test_nobody_waits_where_that_is_not_wanted_and_the_next_run_takes_the_results(
    desk: Desk,
) -> None:
    desk.wait = False
    with pytest.raises(LeftError) as left:
        desk.ask(*SAY)
    (id_,) = left.value.ids
    desk.served.engine.batches.seconds = 10**6
    with pytest.raises(LeftError) as still:
        desk.ask(*SAY)
    assert still.value.ids == (id_,)
    assert is_under_way(desk.memory.notes)
    desk.served.engine.batches.seconds = 0
    desk.ask(*SAY)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 1)
    assert not is_under_way(desk.memory.notes)


@pytest.mark.parametrize("where", ["before", "after", "retrieve", "results"])
@pytest.mark.parametrize("grown", [(), ("demo: say four",)])
def test_a_run_that_was_killed_anywhere_pays_for_nothing_twice(
    desk: Desk, where: str, grown: tuple[str, ...]
) -> None:
    Door.broken = {where: [KilledError()]}
    with pytest.raises(KilledError):
        desk.ask(*SAY)
    desk.ask(*SAY, *grown)

    assert desk.texts == ["one", "two", "three", *(["four"] if grown else [])]
    asked = desk.served.engine.batches._batches.values()
    if where != "before":
        assert [len(batch.requests) for batch in asked] == [3, *map(len, [grown] if grown else [])]
    assert len(list(Accounts.of(desk.folder).read())) == 3 + len(grown)


@pytest.mark.parametrize("where", ["before", "after", "retrieve", "results"])
def test_a_line_that_breaks_anywhere_pays_for_nothing_twice(desk: Desk, where: str) -> None:
    Door.broken = {where: [TORN]}
    desk.ask(*SAY)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 1)


def test_another_batch_of_the_same_size_is_not_taken_for_ours(desk: Desk) -> None:
    desk.ask("demo: say other", "demo: say other", "demo: say other")
    ours = Desk(desk.served, desk.folder)
    Door.broken = {"before": [KilledError()]}
    with pytest.raises(KilledError):
        ours.ask(*SAY)
    ours.ask(*SAY)
    assert ours.texts == ["one", "two", "three"]


def test_a_batch_is_found_again_whatever_the_clocks_say(desk: Desk) -> None:
    desk.served.engine.batches._clock = lambda: 1_000_000.0
    desk.ask("demo: say another")
    desk.results.clear()
    Door.broken = {"after": [KilledError()]}
    with pytest.raises(KilledError):
        desk.ask(*SAY)
    desk.ask(*SAY)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 2)


def test_batches_are_sent_where_nobody_lists_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_self: object) -> AsyncIterator[BatchStatus]:
        for status in _NOTHING:
            yield status
        raise ApiError(ApiErrorKind.NOT_FOUND, "no lists", status=404)

    monkeypatch.setattr(Door, "all", nothing)
    desk.ask(*SAY)
    assert desk.texts == ["one", "two", "three"]


@pytest.mark.parametrize("lost", ["batch", "results"])
def test_what_was_in_a_batch_that_is_gone_is_asked_again_only_where_that_is_wanted(
    desk: Desk, lost: str
) -> None:
    desk.wait = False
    with pytest.raises(LeftError) as left:
        desk.ask(*SAY)
    desk.wait = True
    (id_,) = left.value.ids
    path = f"{PATH}/{id_}" + ("/results" if lost == "results" else "")
    gone = json_answer(404, {"error": {"type": "not_found_error", "message": "no batch"}}, {})
    for _ in range(2):
        desk.served.engine.script(gone, path=path)
        with pytest.raises(ApiError, match=f"no results of {id_}") as error:
            desk.ask(*SAY)
        assert "--retry-failed" in error.value.hint
    assert (desk.created, is_under_way(desk.memory.notes)) == (1, True)
    desk.served.engine.script(gone, path=path)
    desk.ask(*SAY, again=True)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 2)
    assert not is_under_way(desk.memory.notes)


def test_what_the_service_refuses_stops_the_run_and_leaves_nothing_open(desk: Desk) -> None:
    desk.settings = replace(desk.settings, budget_day_usd=5.0)
    answer = desk.served.engine.handle("GET", "/nowhere", {"x-api-key": "k"}, b"")
    for _ in range(2):  # who asks for the last batch is refused as well
        desk.served.engine.script(answer, path=PATH)
    with pytest.raises(ApiError):
        desk.ask(*SAY)
    assert not any(entry.open for entry in Accounts.of(desk.folder).read())
    desk.ask(*SAY)
    assert desk.texts == ["one", "two", "three"]


def test_a_budget_holds_for_a_whole_batch(desk: Desk) -> None:
    desk.settings = replace(desk.settings, budget_day_usd=0.0001)
    with pytest.raises(BudgetError):
        desk.ask(*SAY)
    assert desk.created == 0

    desk.settings = replace(desk.settings, budget_day_usd=5.0)
    desk.wait = False
    with pytest.raises(LeftError):
        desk.ask(*SAY)
    (held,) = [entry for entry in Accounts.of(desk.folder).read() if entry.open]
    assert held.id.startswith("msgbatch_")
    assert 0 < held.held_usd < 0.1
    desk.wait = True
    desk.ask(*SAY)
    assert not any(entry.open for entry in Accounts.of(desk.folder).read())


def test_a_long_list_goes_out_in_several(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "packs", lambda requests: packs(requests, most=2))
    desk.ask(*SAY)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 2)


def test_a_question_without_a_result_is_told(desk: Desk) -> None:
    async def nothing(_self: object, _id: str) -> Any:
        for line in _NOTHING:
            yield line

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Door, "results", nothing)
        desk.ask("demo: say one")
    assert desk.results[0]["error"]["message"] == "The batch has no result for it."


def test_how_far_a_batch_is_is_told_once(desk: Desk) -> None:
    desk.served.engine.batches.seconds = 0.5
    desk.ask("demo: say one")
    told = [words for words in desk.said if "in progress" in words]
    assert len(told) == 1
    assert "1 processing" in told[0]
    assert "ended after" in desk.said[-1]


def test_a_reply_that_is_there_already_is_given_once() -> None:
    async def twice() -> list[StreamEvent]:
        stream = recorded([MessageStop()])
        asked = Request({"model": "m"}, ())
        came = [event async for event in stream(asked)]
        with pytest.raises(ApiError, match="paused"):
            await anext(stream(asked))
        return came

    assert asyncio.run(twice()) == [MessageStop()]


def test_names_of_requests_tell_their_place_and_counts_their_state() -> None:
    assert place_of("ab12-17-feed") == 17
    assert place_of("mine") is None
    assert place_of("a-b-c") is None
    status = BatchStatus("x", "in_progress", {"processing": 1200}, 0.0, 0.0)
    assert status_words(status) == "in progress · 1,200 processing"
