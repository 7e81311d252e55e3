"""The cache is kept warm while the prompt waits: beside it, and never in its way."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chatrepl.api.prices import SteadyPrices
from chatrepl.cli.desk import _keeping_warm
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import MessageStop, StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.keep_warm import MOST_IN_A_ROW
from chatrepl.core.settings import Settings
from chatrepl.core.spending import Spending
from chatrepl.core.talk.usage import Usage
from chatrepl.demo.engine import Engine
from chatrepl.demo.gateway import Gateway
from chatrepl.session.till import Till
from chatrepl.shells.keep_warm import KeepWarm
from chatrepl.storage.accounts import Accounts
from tests.commands.playing import Player

WHEN = 1_790_000_000.0
MODEL = "claude-opus-5-5"
LONG = f"demo: say {' '.join(f'tin {number}' for number in range(1500))}"
_PRICES = SteadyPrices()


class _Waiting:
    """A chat that waits at its prompt, under a clock that is moved by hand."""

    def __init__(self, state: Path | None = None, **gateway: Any) -> None:
        self.now = WHEN
        engine = Engine(lambda: self.now, gateway=Gateway(**gateway))
        settings = Settings(model=MODEL, cache_keep_warm="auto")
        self.chat = Player(settings, engine)
        self.session = self.chat.session
        self.session.equip(
            clock=lambda: self.now,
            price=lambda model, usage, _: _PRICES.price(model, usage, WHEN),
            library=None if state is None else state / "conversations",
        )
        self.till = Till(self.session, state, self.chat.count)
        self.broken: ApiError | None = None
        self.keeper = KeepWarm(
            self.session, self._stream, self.chat.runner.get_loop, self.chat.said.append
        )
        self.chat.say(LONG)

    def _stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        return self.till.stream(request, self._sent)

    async def _sent(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        if self.broken is not None:
            raise self.broken
        async for event in self.chat.stream(request):
            yield event

    @property
    def reads(self) -> list[Request]:
        return [request for request in self.chat.requests if request.warms]

    def wait(self, seconds: float) -> None:
        """Let the prompt wait for so long, and then be left."""
        end, ended = self.now + seconds, asyncio.Event()

        async def sleep(seconds: float) -> None:
            self.now = min(end, self.now + seconds)
            if self.now == end:
                ended.set()
                await asyncio.Event().wait()

        async def wait() -> None:
            others = asyncio.all_tasks()  # the loop is that of other tests, too
            with self.keeper.waiting():
                work = asyncio.all_tasks() - others
                over = asyncio.ensure_future(ended.wait())
                if work:
                    await asyncio.wait({over, *work}, return_when=asyncio.FIRST_COMPLETED)
                over.cancel()
            await asyncio.sleep(0)
            self.now = end

        self.keeper.sleep = sleep
        self.chat.runner.run(wait())


@pytest.fixture(name="waiting")
def _waiting(tmp_path: Path) -> _Waiting:
    return _Waiting(tmp_path)


def test_who_is_back_within_the_hour_after_finds_the_cache_warm_and_is_told(
    waiting: _Waiting, tmp_path: Path
) -> None:
    said = list(waiting.chat.said)
    waiting.wait(3500)
    assert not waiting.reads
    waiting.wait(1000)
    assert [request.params["max_tokens"] for request in waiting.reads] == [0]
    assert waiting.chat.statuses == [200, 200]
    assert waiting.chat.said == said
    turn = waiting.chat.say("demo: say back")
    assert turn.receipt is not None
    assert turn.receipt.usage.cache_read_input_tokens > 3000
    waiting.wait(1)
    assert waiting.chat.heard.startswith("Kept warm once for $0.00")
    assert "; saved $0.0" in waiting.chat.heard
    waiting.wait(1)
    assert waiting.chat.said[:-1] == said
    assert len(waiting.session.conversation.path()) == 2
    assert [spending.warm for spending in Accounts.of(tmp_path).read()] == [True]
    waiting.chat.do("/cost")
    assert "Kept warm once for" in waiting.chat.heard
    waiting.chat.do("/usage all")
    assert waiting.chat.tables[-1].footer.startswith(
        "1 request only kept the cache warm, for $0.00"
    )


def test_nobody_who_stays_away_is_waited_for_for_ever(waiting: _Waiting) -> None:
    waiting.wait(100_000)
    assert 1 < len(waiting.reads) <= MOST_IN_A_ROW


def test_one_of_whom_the_ledger_says_that_they_never_come_is_not_waited_for(
    waiting: _Waiting, tmp_path: Path
) -> None:
    for number in range(40):
        usage = Usage(10, 10)
        spending = Spending(f"{number}", WHEN - 1e6, MODEL, usage, conversation=f"{number}")
        assert Accounts.of(tmp_path).enter(spending)
    waiting.wait(5000)
    assert not waiting.reads


def test_a_server_that_takes_no_length_of_zero_is_asked_for_one_token_from_then_on() -> None:
    waiting = _Waiting(least_tokens=1)
    waiting.wait(8000)
    assert [request.params["max_tokens"] for request in waiting.reads] == [0, 1, 1]
    assert (waiting.session.model.max_output or 0) > 1
    kept = waiting.session.books.kept
    assert kept is not None
    assert kept.times == 2


@pytest.mark.parametrize("kind", [ApiErrorKind.OVERLOADED, ApiErrorKind.INVALID])
def test_what_fails_is_not_said_and_not_tried_again(waiting: _Waiting, kind: ApiErrorKind) -> None:
    waiting.broken, said = ApiError(kind, "no"), list(waiting.chat.said)
    waiting.wait(5000)
    waiting.broken = None
    waiting.chat.say("demo: say back")
    waiting.wait(5000)
    assert not waiting.reads
    assert waiting.chat.said == said


def test_what_was_gone_all_the_same_is_not_read_again(waiting: _Waiting) -> None:
    waiting.wait(3500)
    waiting.chat.engine = Engine(lambda: waiting.now)
    waiting.wait(20_000)
    assert len(waiting.reads) == 1


def test_what_is_set_and_cannot_be_sent_is_left_for_the_next_message_to_tell(
    waiting: _Waiting,
) -> None:
    waiting.session.use(model="claude-haiku-4-5", thinking="on")
    waiting.session.prepare(prefill="So")
    waiting.wait(5000)
    assert not waiting.reads


def test_no_budget_is_exceeded_for_it(waiting: _Waiting) -> None:
    waiting.session.use(budget_day_usd=0.0001)
    waiting.wait(5000)
    assert not waiting.reads


def test_whoever_sends_something_stops_it_at_once(waiting: _Waiting) -> None:
    asked = asyncio.Event()

    async def hangs(_request: Request) -> AsyncGenerator[StreamEvent, None]:
        asked.set()
        await asyncio.Event().wait()
        yield MessageStop()

    async def send() -> None:
        before = asyncio.all_tasks()
        with waiting.keeper.waiting():
            await asked.wait()
            tasks = asyncio.all_tasks() - before
        await asyncio.wait(tasks, timeout=5)
        assert all(task.cancelled() for task in tasks)

    waiting.now += 3560
    waiting.keeper.stream = hangs
    waiting.chat.runner.run(send())
    assert waiting.session.books.kept is None


def test_a_chat_begins_to_keep_it_when_it_is_set() -> None:
    session, none = Player().session, cast("Any", None)
    connection, runner = SimpleNamespace(stream=none), SimpleNamespace(get_loop=none)
    speaker = SimpleNamespace(line=none)
    waiting = _keeping_warm(
        session, cast("Any", connection), cast("Any", speaker), cast("Any", runner)
    )
    assert isinstance(waiting(), nullcontext)
    session.use(cache_keep_warm="auto")
    assert not isinstance(waiting(), nullcontext)
