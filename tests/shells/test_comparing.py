"""Several replies at once: when each is asked, what is shown of it, what becomes of the others."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import (
    BlockStart,
    MessageStart,
    Reply,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.exchange.request import Request
from chatrepl.core.outcome import Compare
from chatrepl.core.talk.conversation import Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.world import NoRecorder
from chatrepl.session.comparison import compared
from chatrepl.shells.comparing import Side
from chatrepl.shells.comparison import compare
from chatrepl.shells.consent import Consent
from tests.commands.trimmer import MODEL, Trimmer
from tests.views import ShownView

OPUS, SONNET, HAIKU = MODEL, "claude-sonnet-5-5", "claude-haiku-5-5"
TORN = ApiError(ApiErrorKind.CONNECTION, "It was torn.")


class Notes(NoRecorder):
    """Notes what is to be kept, in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[str, TurnId]] = []

    def begin(self, turn: Turn) -> None:
        self.kept.append(("begin", turn.id))

    def delta(self, turn: TurnId, text: str, kind: str) -> None:
        self.kept.append(("delta", turn))

    def finish(self, turn: Turn) -> None:
        self.kept.append(("finish", turn.id))


@dataclass
class Contest:
    """A comparison nobody draws: how long each model takes a word, and where it is torn."""

    pace_s: dict[str, float] = field(default_factory=dict)
    torn: frozenset[str] = frozenset()
    tears: Exception = TORN
    start_s: float = 0.01
    stop_after: int = 0  # words of the first reply
    chat: Trimmer = field(default_factory=Trimmer)
    asked: list[tuple[str, float]] = field(default_factory=list)
    came: list[tuple[str, float]] = field(default_factory=list)
    words: list[tuple[str, float]] = field(default_factory=list)
    views: list[ShownView] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
    under_way: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self.chat.session.recorder = self.notes

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        self.asked.append((request.model, time.monotonic()))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        count = 0
        try:
            await asyncio.sleep(self.start_s)
            async for event in self.chat.stream(request):
                if isinstance(event, TextDelta | ThinkingDelta):
                    self.came.append((request.model, time.monotonic()))
                if isinstance(event, TextDelta):
                    await asyncio.sleep(self.pace_s.get(request.model, 0.01))
                    count += 1
                    if request.model in self.torn and count == 2:
                        raise self.tears
                    self.words.append((request.model, time.monotonic()))
                yield event
        finally:
            self.under_way -= 1

    def new_view(self) -> ShownView:
        self.views.append(ShownView())
        return self.views[-1]

    def run(self, *models: str) -> list[Turn]:
        """Compare; give the turns that came, in the order given."""
        speaker = SimpleNamespace(
            line=lambda text, *_: self.said.append(text),
            error=lambda error: self.said.append(error.message),
            gap=lambda: None,
        )
        desk = cast("Any", SimpleNamespace(speaker=speaker, new_view=self.new_view))
        asked = Compare(Message.user("demo: count to 12"), models)
        with suppress(KeyboardInterrupt):
            consent = Consent(self.chat.session, lambda _: True, lambda: None)
            compare(self.chat.session, asked, self.stream, desk, consent, self._runs)
        return list(compared(self.chat.session).turns)

    def _runs(self, work: Callable[[Any], Coroutine[None, None, None]], _relay: object) -> None:
        async def watched() -> None:
            task = asyncio.current_task()
            assert task is not None
            stopping = asyncio.get_running_loop().create_task(self._stopping(task))
            await work(None)
            stopping.cancel()

        self.chat.runner.run(watched())

    async def _stopping(self, task: "asyncio.Task[None]") -> None:
        while not self.stop_after or len(self.words) < self.stop_after:
            await asyncio.sleep(0.001)
        task.cancel()


def texts(view: ShownView) -> str:
    return "".join(event.text for event in view.events if isinstance(event, TextDelta))


def test_all_models_are_asked_at_once_and_it_takes_as_long_as_the_slowest() -> None:
    contest = Contest({OPUS: 0.02, SONNET: 0.04, HAIKU: 0.01})
    begun = time.monotonic()
    turns = contest.run(OPUS, SONNET, HAIKU)
    seconds = time.monotonic() - begun
    own = [at for model, at in contest.words if model == SONNET]
    slowest = own[-1] - min(at for model, at in contest.asked)
    assert contest.most == 3
    assert seconds < 1.15 * slowest + 0.3
    assert len({turn.text for turn in turns}) == 1
    assert [t.receipt.model for t in turns if t.receipt] == [OPUS, SONNET, HAIKU]


def test_samples_of_one_model_wait_for_the_first_word_of_the_first() -> None:
    contest = Contest()
    contest.run(OPUS, OPUS, HAIKU, OPUS)
    at = {model: [when for name, when in contest.asked if name == model] for model in (OPUS, HAIKU)}
    first_word = min(when for model, when in contest.came if model == OPUS)
    assert at[HAIKU][0] < first_word
    assert all(when >= first_word for when in at[OPUS][1:])
    assert contest.most == 4


@pytest.mark.parametrize(
    "kind", ["text", "thinking", "redacted_thinking", "tool_use", "server_tool_use"]
)
def test_the_first_word_may_be_of_any_kind_so_that_nobody_waits_for_long_thoughts(
    kind: str,
) -> None:
    side = Side("1", OPUS, Trimmer().session)
    view, reply = side.watched(ShownView()), Reply()
    for event, is_open in (
        (MessageStart(OPUS, "msg_1"), False),
        (BlockStart(0, {"type": kind, "id": "toolu_1", "name": "web_search", "input": {}}), True),
    ):
        reply = reply.apply(event)
        view.show(event, reply)
        assert side.opened.is_set() == is_open


def test_a_first_sample_that_fails_holds_none_of_the_others() -> None:
    contest = Contest(torn=frozenset({OPUS}))
    contest.run(OPUS, OPUS)
    assert len(contest.asked) == 2


def test_the_first_is_shown_as_it_comes_and_the_others_whole_as_they_end() -> None:
    contest = Contest({OPUS: 0.004, SONNET: 0.03, HAIKU: 0.002})
    turns = contest.run(OPUS, SONNET, HAIKU)
    shown = [view for view in contest.views if view.events]
    assert [texts(view) for view in shown] == [turns[0].text] * 3
    rules = [line for line in contest.said if line.startswith("── ")]
    assert [rule.split(" · ")[:2] for rule in rules] == [
        ["── 1", OPUS], ["── 3", HAIKU], ["── 2", SONNET],
    ]  # fmt: skip
    assert all(re.search(r"\d out · <?\$[\d.]+ · [\d.]+ s$", rule) for rule in rules[1:])


@pytest.mark.parametrize("torn", [OPUS, SONNET, HAIKU])
def test_one_that_is_torn_is_said_and_kept_and_leaves_the_others_whole(torn: str) -> None:
    contest = Contest(torn=frozenset({torn}))
    turns = contest.run(OPUS, SONNET, HAIKU)
    whole = {turn.text for turn in turns if not turn.was_cut}
    (cut,) = (turn for turn in turns if turn.was_cut)
    assert len(turns) == 3
    assert len(whole) == 1
    assert next(iter(whole)).startswith(cut.text)
    assert contest.said.count("It was torn.") == 1


@pytest.mark.parametrize("torn", [OPUS, SONNET, HAIKU])
def test_a_bug_in_one_costs_that_one_and_is_raised_once_all_is_shown(torn: str) -> None:
    contest = Contest(torn=frozenset({torn}), tears=LookupError("x"))
    with pytest.raises(LookupError):
        contest.run(OPUS, SONNET, HAIKU)
    turns = compared(contest.chat.session).turns
    assert [turn.was_cut for turn in turns] == [model == torn for model in (OPUS, SONNET, HAIKU)]
    shown = sorted(texts(view) for view in contest.views if view.events)
    assert shown == sorted(turn.text for turn in turns)


def test_a_stop_ends_all_and_all_that_came_is_kept_and_shown() -> None:
    contest = Contest({OPUS: 0.01, HAIKU: 0.01}, stop_after=6)
    turns = contest.run(OPUS, HAIKU)
    assert contest.under_way == 0
    assert len(turns) == 2
    assert all(turn.was_cut and turn.text for turn in turns)
    assert [texts(view) for view in contest.views if view.events] == [t.text for t in turns]


def test_what_is_not_asked_yet_when_all_is_stopped_leaves_nothing() -> None:
    contest = Contest(start_s=5.0, stop_after=1)
    contest.words.append((OPUS, 0.0))
    assert contest.run(OPUS, OPUS) == []
    assert contest.said.count("Nothing came.") == 2
    assert contest.chat.session.conversation.head is None


def test_each_is_written_down_as_it_comes() -> None:
    contest = Contest({OPUS: 0.01, HAIKU: 0.01})
    contest.run(OPUS, HAIKU)
    ids = {id_ for _, id_ in contest.notes.kept}
    assert len(ids) == 2
    steps = [kind for kind, _ in contest.notes.kept]
    assert steps[:2] == ["begin", "begin"]
    for id_ in ids:
        own = [kind for kind, turn in contest.notes.kept if turn == id_]
        assert (own[0], own[-1], own.count("finish")) == ("begin", "finish", 1)
    deltas = [turn for kind, turn in contest.notes.kept if kind == "delta"]
    assert sum(a != b for a, b in pairwise(deltas)) > 2
