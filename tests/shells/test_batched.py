"""Questions as Message Batches: each answered once, in whatever way a run before ended."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from chatrepl.api.address import Origin
from chatrepl.api.batches import BatchDoor, BatchEntry, BatchStatus, packs
from chatrepl.api.client import connect
from chatrepl.api.errors.answers import from_answer
from chatrepl.api.prices import price
from chatrepl.core.errors import ApiError, ApiErrorKind, UsageError
from chatrepl.core.exchange.reply import MessageStop, StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.items import Item
from chatrepl.core.result import Wanted
from chatrepl.core.settings import Settings
from chatrepl.core.spending import BudgetError, Spending
from chatrepl.core.talk.message import Message
from chatrepl.core.world import Edges
from chatrepl.demo.batches import PATH
from chatrepl.demo.engine import Engine
from chatrepl.demo.server import Served, serve
from chatrepl.demo.wire import json_answer
from chatrepl.session.session import Session
from chatrepl.session.till import Till
from chatrepl.shells import dispatch as module
from chatrepl.shells.attempt import ItemQuestion, fork
from chatrepl.shells.batched import Batched, place_of, recorded
from chatrepl.shells.dispatch import Dispatch, LeftError, status_words
from chatrepl.shells.flights import Forgetting, is_under_way
from chatrepl.storage.accounts import Accounts
from tests.api.helpers import route

WHEN = 1_790_000_000.0


class KilledError(BaseException):
    """Stands for kill -9: nothing runs after it."""


class Life:
    """Counts the steps of a run, and ends it at one of them: what it does after that is nothing."""

    def __init__(self, ends_at: int = 10**9, end: BaseException | None = None) -> None:
        self.left, self.end, self.is_over = ends_at, end or KilledError(), False

    def step(self) -> None:
        if self.is_over:
            raise self.end
        self.left -= 1
        if self.left < 0:
            self.is_over = isinstance(self.end, KilledError)
            self.left = 10**9
            raise self.end


class Memory(Forgetting):
    """What is remembered as long as somebody lives; how much of it a power cut would leave."""

    life = Life()
    synced = 0

    def sync(self) -> None:
        self.synced = len(self.notes)

    def note(self, **what: Any) -> None:
        self.life.step()
        super().note(**what)
        self.life.step()


class Door(BatchDoor):
    """A door that may break at one place, or at each step."""

    life = Life()
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

    async def all(self) -> AsyncIterator[BatchStatus]:
        self._break("all")
        async for status in super().all():
            yield status

    async def results(self, id_: str) -> Any:
        self._break("read")
        async for number, result in _numbered(super().results(id_)):
            self.life.step()
            if number == 1:
                self._break("results")
            yield result

    def _break(self, where: str) -> None:
        self.life.step()
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
    memory: Memory = field(default_factory=Memory)
    said: list[str] = field(default_factory=list)
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    paid: list[float] = field(default_factory=list)
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
        dispatch = Dispatch(
            Door(client), self.memory, till, self.settings.retries,
            self.said.append, self.said.append, wait=self.wait, again=again, pace_s=0.01,
        )  # fmt: skip
        sender = Batched(session, dispatch, Wanted(), self.paid.append)

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
    def asked(self) -> int:
        """How many requests the service has in its batches."""
        return sum(len(one.requests) for one in self.served.engine.batches._batches.values())

    @property
    def created(self) -> int:
        """How many batches there are at the service."""
        return len(self.served.engine.batches._batches)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    Door.broken = {}
    Door.life = Memory.life = Life()
    with serve(Engine()) as served:
        yield Desk(served, tmp_path)


SAY = tuple(f"demo: say {word}" for word in ("one", "two", "three"))
_NOTHING: tuple[Any, ...] = ()
TORN = ApiError(ApiErrorKind.CONNECTION, "gone")


def resting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let all rests be none; how long they were to be stands in the list."""
    rests: list[float] = []

    async def rest(seconds: float, _sleep: Any = asyncio.sleep) -> None:
        rests.extend([seconds] if seconds else [])
        await _sleep(0)

    monkeypatch.setattr(asyncio, "sleep", rest)
    return rests


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
    assert sorted(desk.paid) == sorted(desk.results[n]["cost_usd"] for n in range(3))


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


@pytest.mark.parametrize(("end", "steps"), [(KilledError(), 30), (TORN, 8)])
def test_whatever_ends_a_run_at_any_step_each_question_is_paid_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: BaseException, steps: int
) -> None:
    monkeypatch.setattr(module, "packs", lambda requests: packs(requests, most=2))
    enter = Accounts.enter

    def entering(accounts: Accounts, spending: Spending) -> bool:
        if isinstance(end, KilledError):
            Memory.life.step()
        return enter(accounts, spending)

    monkeypatch.setattr(Accounts, "enter", entering)
    for at in range(200):
        with serve(Engine()) as served:
            desk = Desk(served, tmp_path / str(at))
            desk.settings = replace(desk.settings, budget_day_usd=5.0)
            life = Door.life = Life(at, end)
            Memory.life = life if isinstance(end, KilledError) else Life()
            with suppress(KilledError, ApiError):
                desk.ask(*SAY)
            Door.life = Memory.life = Life()
            desk.ask(*SAY)
            assert desk.texts == ["one", "two", "three"]
            assert desk.asked == 3, at
            entries = list(Accounts.of(desk.folder).read())
            assert sum(entry.took_anything for entry in entries) == 3
            assert not [entry for entry in entries if entry.open], at
        if life.left < 10**8:
            break
    assert steps < at < 199


@pytest.mark.parametrize("status", [None, 408, 500, 502, 529, 599])
def test_an_answer_that_refuses_nothing_leads_to_a_look_before_it_is_sent_again(
    desk: Desk, status: int | None
) -> None:
    Door.broken = {"after": [ApiError(ApiErrorKind.SERVER, "odd", status=status)]}
    desk.ask(*SAY)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 1)


def test_what_a_batch_is_known_by_is_on_the_disk_before_it_is_sent_and_its_id_after(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, memory = Door.create, desk.memory

    async def checked(door: Door, requests: Any, headers: Any) -> BatchStatus:
        assert memory.synced == len(memory.notes) > 0
        return await create(door, requests, headers)

    monkeypatch.setattr(Door, "create", checked)
    desk.wait = False
    with pytest.raises(LeftError):
        desk.ask(*SAY)
    assert memory.synced == len(memory.notes) == 2


def test_a_batch_that_may_be_there_is_looked_for_by_the_next_run(desk: Desk) -> None:
    desk.settings = replace(desk.settings, retries=0, budget_day_usd=5.0)
    Door.broken = {"after": [TORN], "all": [TORN] * 2}
    with pytest.raises(ApiError):
        desk.ask(*SAY)
    assert is_under_way(desk.memory.notes)
    desk.ask(*SAY)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 1)
    assert not any(entry.open for entry in Accounts.of(desk.folder).read())


@pytest.mark.parametrize("where", ["all", "retrieve", "read"])
@pytest.mark.parametrize("status", [None, 400, 401, 403, 405])
def test_one_that_cannot_be_asked_about_now_is_not_sent_again(
    desk: Desk, where: str, status: int | None
) -> None:
    desk.wait = False
    Door.broken = {"after": [KilledError()]}
    with pytest.raises(KilledError):
        desk.ask(*SAY)
    fault = ApiError(ApiErrorKind.PERMISSION, "not now", status=status, retryable=False)
    Door.broken = {where: [fault]}
    with pytest.raises(ApiError, match="not now"):
        desk.ask(*SAY)
    desk.wait = True
    desk.ask(*SAY)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 1)


def test_one_that_is_looked_for_is_waited_for(desk: Desk) -> None:
    desk.served.engine.batches.seconds = 0.1
    Door.broken = {"after": [KilledError()]}
    with pytest.raises(KilledError):
        desk.ask(*SAY)
    desk.ask(*SAY)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 1)
    assert any("found again" in words for words in desk.said)


def test_who_asks_again_and_again_rests_between(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests = resting(monkeypatch)
    monkeypatch.setattr(module, "delay", lambda number, *_: 0.5 * number)
    Door.broken = {"before": [TORN] * 2, "retrieve": [TORN] * 3}
    desk.ask(*SAY)
    assert rests == [0.5, 1.0, 0.5, 1.0, 1.5]


def test_where_nobody_lists_batches_one_that_may_be_there_is_sent_again_only_if_wanted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    Door.broken = {"after": [KilledError()]}
    with pytest.raises(KilledError):
        desk.ask(*SAY)
    gone = ApiError(ApiErrorKind.NOT_FOUND, "no lists", status=404, retryable=False)
    Door.broken = {"all": [gone]}
    with pytest.raises(ApiError, match="Nobody can tell") as error:
        desk.ask(*SAY)
    assert "--retry-failed" in error.value.hint
    Door.broken = {"all": [gone] * 2}
    desk.ask(*SAY, again=True)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 2)


def test_what_is_looked_for_may_stand_behind_one_that_is_gone(desk: Desk) -> None:
    Door.broken = {"after": [KilledError()]}
    with pytest.raises(KilledError):
        desk.ask(*SAY)
    desk.memory, ours = Memory(), desk.memory
    desk.ask("demo: say other", "demo: say other", "demo: say other")
    (_, theirs) = desk.served.engine.batches._batches
    missing = json_answer(404, {"error": {"type": "not_found_error", "message": "gone"}}, {})
    desk.served.engine.script(missing, path=f"{PATH}/{theirs}/results")
    desk.memory = ours
    desk.results.clear()
    desk.ask(*SAY)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 2)


def test_nobody_waits_to_find_a_batch_again_where_that_is_not_wanted(desk: Desk) -> None:
    desk.wait, desk.served.engine.batches.seconds = False, 10**6
    Door.broken = {"after": [KilledError()]}
    with pytest.raises(KilledError):
        desk.ask(*SAY)
    with pytest.raises(LeftError) as left:
        desk.ask(*SAY)
    assert left.value.ids == tuple(desk.served.engine.batches._batches)
    desk.wait, desk.served.engine.batches.seconds = True, 0
    desk.ask(*SAY)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 1)


def test_of_several_batches_one_that_is_gone_costs_only_its_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "packs", lambda requests: packs(requests, most=1))
    desk.wait = False
    with pytest.raises(LeftError) as left:
        desk.ask(*SAY)
    del desk.served.engine.batches._batches[left.value.ids[1]]
    for wait in (False, True):
        desk.wait = wait
        with pytest.raises(ApiError, match=f"no results of {left.value.ids[1]}"):
            desk.ask(*SAY)
        assert desk.texts == ["one", "three"]
    desk.ask(*SAY, again=True)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 3)


def test_nothing_is_sent_of_a_long_list_that_costs_too_much(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "packs", lambda requests: packs(requests, most=1))
    desk.settings = replace(desk.settings, budget_day_usd=5.0)
    desk.wait = False
    with pytest.raises(LeftError):
        desk.ask(SAY[0])
    (held,) = [entry.held_usd for entry in Accounts.of(desk.folder).read() if entry.open]
    desk.settings = replace(desk.settings, budget_day_usd=3.5 * held)
    desk.memory = Memory()
    with pytest.raises(BudgetError, match=r"budget\.day_usd"):
        desk.ask(*SAY)
    assert desk.created == 1
    assert not is_under_way(desk.memory.notes)
    entries = list(Accounts.of(desk.folder).read())
    assert len([entry for entry in entries if entry.open]) == 1
    assert all(entry.id for entry in entries)


def test_results_that_are_fewer_than_the_requests_are_read_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, reads = Door.results, []

    async def cut_off(door: Door, id_: str) -> Any:
        reads.append(id_)
        async for number, result in _numbered(results(door, id_)):
            if number < len(reads):
                yield result

    rests = resting(monkeypatch)
    monkeypatch.setattr(Door, "results", cut_off)
    desk.ask(*SAY)
    assert (desk.texts, len(reads)) == (["one", "two", "three"], 3)
    assert rests == [0.01] * 2


@pytest.mark.parametrize("step", ["_kept", "_judged"])
def test_a_bug_at_one_question_costs_that_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    desk.settings = replace(desk.settings, save=False)
    does = getattr(Batched, step)

    def broken(batched: Batched, question: ItemQuestion, *rest: Any) -> Any:
        if question.item.number == 1:
            raise ZeroDivisionError
        return does(batched, question, *rest)

    monkeypatch.setattr(Batched, step, broken)
    desk.ask(*SAY)
    assert [desk.results[number]["ok"] for number in range(3)] == [True, False, True]
    assert "bug" in desk.results[1]["error"]["message"]
    assert (desk.results[0]["text"], desk.results[2]["text"]) == ("one", "three")


@pytest.mark.parametrize("where", ["retrieve", "read"])
def test_one_that_cannot_be_asked_about_is_not_taken_for_gone(desk: Desk, where: str) -> None:
    fault = ApiError(ApiErrorKind.AUTH, "no key", status=401, retryable=False)
    desk.wait = False
    with pytest.raises(LeftError):
        desk.ask(*SAY)
    desk.wait, Door.broken = True, {where: [fault]}
    with pytest.raises(ApiError, match="no key"):
        desk.ask(*SAY, again=True)
    desk.ask(*SAY, again=True)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 1)


def test_who_does_not_wait_does_not_wait_for_one_that_cannot_be_asked_about(desk: Desk) -> None:
    desk.wait = False
    with pytest.raises(LeftError):
        desk.ask(*SAY)
    fault = ApiError(ApiErrorKind.AUTH, "no key", status=401, retryable=False)
    Door.broken = {"retrieve": [fault]}
    with pytest.raises(ApiError, match="no key"):
        desk.ask(*SAY)
    assert is_under_way(desk.memory.notes)
    assert desk.results == {}


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
    assert any(words.endswith("What was in it is asked again.") for words in desk.said)


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


Picky = Callable[[Sequence[BatchEntry]], ApiError | None]


@pytest.fixture
def refuse(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[Picky], None]:
    """Let the service refuse lists; whatever comes of that, nothing is left open."""
    desk.settings = replace(desk.settings, budget_day_usd=5.0)
    create = Door.create

    def given(picky: Picky) -> None:
        async def picking(door: Door, requests: Any, headers: Any) -> BatchStatus:
            if (error := picky(requests)) is not None:
                raise error
            return await create(door, requests, headers)

        monkeypatch.setattr(Door, "create", picking)

    return given


def _nothing_is_open(desk: Desk) -> bool:
    is_held = any(entry.open for entry in Accounts.of(desk.folder).read())
    return not is_held and not is_under_way(desk.memory.notes)


def _refusal(status: int, words: str) -> ApiError:
    body = json.dumps({"error": {"message": words}}) if "{" not in words else words
    return from_answer(status, {}, body.encode(), Origin("http://there"))


def test_a_batch_that_is_too_large_for_the_service_goes_out_in_halves(
    desk: Desk, refuse: Callable[[Picky], None]
) -> None:
    refuse(lambda requests: _refusal(413, "too large") if len(requests) > 1 else None)
    desk.ask(*SAY)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 3)
    assert _nothing_is_open(desk)


@pytest.mark.parametrize("bad", [{0}, {6}, {2, 3}, {0, 1, 2, 4, 5, 6}, set(range(7))])
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (413, "Request Entity Too Large"),
        (400, "prompt is too long: 210000 tokens > 200000 maximum"),
        (400, "requests.{at}.params.messages.0.content: Field required"),
        (400, "requests[{at}].params: no"),
        (422, '{{"detail": [{{"loc": ["body", "requests", {at}, "params"], "msg": "no"}}]}}'),
        (422, '{{"errors": [{{"pointer": "/requests/{at}/params", "title": "no"}}]}}'),
        (400, "{id}: this request cannot be taken."),
    ],
)
def test_a_request_that_a_batch_is_refused_for_costs_one_item(
    desk: Desk, refuse: Callable[[Picky], None], status: int, words: str, bad: set[int]
) -> None:
    def picky(requests: Sequence[BatchEntry]) -> ApiError | None:
        for at, one in enumerate(requests):
            if int(one.custom_id.split("-")[1]) in bad:
                return _refusal(status, words.format(at=at, id=one.custom_id))
        return None

    refuse(picky)
    asked = [f"demo: say n{number}" for number in range(7)]
    desk.ask(*asked)
    answers = {n: result["text"] for n, result in desk.results.items() if result["ok"]}
    assert answers == {n: f"n{n}" for n in range(7) if n not in bad}
    assert {desk.results[n]["error"]["status"] for n in bad} <= {status}
    assert desk.asked == 7 - len(bad)
    assert _nothing_is_open(desk)
    refuse(lambda _requests: None)
    desk.ask(*asked, again=True)
    assert (desk.texts, desk.asked) == ([f"n{number}" for number in range(7)], 7)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "requests: Extra inputs are not permitted"),
        (400, "requests.99.params: no such request was sent"),
        (401, "requests.0.params: who are you"),
        (404, "there are no batches here"),
    ],
)
def test_a_refusal_that_names_no_request_of_a_batch_stops_the_run_and_costs_no_item(
    desk: Desk, refuse: Callable[[Picky], None], status: int, words: str
) -> None:
    refuse(lambda _requests: _refusal(status, words))
    with pytest.raises(ApiError):
        desk.ask(*SAY)
    assert desk.results == {}
    assert _nothing_is_open(desk)


def test_a_list_that_is_refused_for_each_of_its_requests_is_given_up(
    desk: Desk, refuse: Callable[[Picky], None]
) -> None:
    tries: list[int] = []

    def picky(requests: Sequence[BatchEntry]) -> ApiError:
        tries.append(len(requests))
        return _refusal(400, "requests.0.params.model: no")

    refuse(picky)
    with pytest.raises(ApiError, match="params"):
        desk.ask(*(f"demo: say {number}" for number in range(200)))
    assert len(tries) < 60
    assert sum(tries) < 3 * 200
    assert _nothing_is_open(desk)


def test_a_question_that_makes_no_request_costs_one_item(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Session.request

    def picky(session: Session, message: Message, **more: Any) -> Request:
        if message == Message.user(SAY[1]):
            raise UsageError("This cannot be asked.")
        return request(session, message, **more)

    monkeypatch.setattr(Session, "request", picky)
    desk.ask(*SAY)
    assert [desk.results[n]["ok"] for n in range(3)] == [True, False, True]


def test_a_batch_that_is_gone_while_it_is_waited_for_is_not_asked_again_at_once(
    desk: Desk,
) -> None:
    gone = ApiError(ApiErrorKind.NOT_FOUND, "no batch", status=404, retryable=False)
    Door.broken = {"retrieve": [gone]}
    with pytest.raises(ApiError, match="no results of msgbatch_"):
        desk.ask(*SAY, again=True)
    assert is_under_way(desk.memory.notes)
    desk.ask(*SAY)
    assert (desk.texts, desk.created) == (["one", "two", "three"], 1)


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
