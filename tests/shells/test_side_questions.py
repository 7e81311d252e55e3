"""A side question that is typed under a reply: asked at once, shown when the reply has ended."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import StreamEvent, TextDelta
from chatrepl.core.exchange.request import Request
from chatrepl.core.outcome import Beside
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.message import Message
from chatrepl.core.world import Display
from chatrepl.session.beside import turns_beside
from chatrepl.shells.consent import Consent
from chatrepl.shells.side_questions import SideQuestions
from chatrepl.turn import run_turn
from tests.commands.trimmer import Trimmer
from tests.views import QuietView

KEY = "AKIA" + "ABCDEFGHIJKLMNOP"


@dataclass
class Table:
    """Side questions of a chat that nobody draws; `said` are the lines between answers."""

    chat: Trimmer = field(default_factory=Trimmer)
    said: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    views: list[QuietView] = field(default_factory=list)
    stops: bool = False
    sides: SideQuestions = field(init=False)

    def __post_init__(self) -> None:
        session = self.chat.session
        speaker = SimpleNamespace(line=lambda text, *_: self.said.append(text), rest=lambda: None)
        prompt = SimpleNamespace(options=SimpleNamespace(mark="› "))
        desk = cast("Any", SimpleNamespace(speaker=speaker, prompt=prompt))
        consent = Consent(session, lambda _: True, lambda: None)
        self.sides = SideQuestions(
            session, self.stream, desk, consent, self.showing, self.back.append
        )

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        async for event in self.chat.stream(request):
            await asyncio.sleep(0)
            yield event

    def showing(self, answer: Callable[[Display], Coroutine[None, None, Turn]]) -> Turn:
        table, asking = self, list[asyncio.Task[Any] | None]()

        class View(QuietView):
            def show(view, event: StreamEvent, reply: Any) -> None:  # noqa: N805
                super().show(event, reply)
                if table.stops and isinstance(event, TextDelta) and (task := asking[0]):
                    asyncio.get_running_loop().call_soon(task.cancel)

        self.views.append(view := View())

        async def show() -> Turn:
            asking.append(asyncio.current_task())
            return await answer(view)

        return self.chat.runner.run(show())

    def reply(self, text: str, *typed: str) -> list[bool]:
        """Let a reply stream, and type lines under it as soon as something has come."""
        taken: list[bool] = []

        class View(QuietView):
            def show(view, event: StreamEvent, reply: Any) -> None:  # noqa: N805
                super().show(event, reply)
                if not taken and isinstance(event, TextDelta):
                    taken.extend(self.sides.take(line) for line in typed)

        message = Message.user(text)
        with self.sides.opened():
            turn = run_turn(self.chat.session, message, self.stream, View())
            self.chat.runner.run(turn)
        return taken

    def show_waiting(self) -> None:
        while self.sides.waiting:
            self.sides.show_next()

    def shown(self, at: int = -1) -> str:
        return "".join(e.text for e in self.views[at].events if isinstance(e, TextDelta))

    @property
    def beside(self) -> list[Turn]:
        return list(turns_beside(self.chat.session.recorder.facts))


def test_it_is_asked_at_once_without_the_running_reply_and_shown_after_it() -> None:
    table = Table()
    table.chat.talk("demo: say one")
    before = table.chat.session.conversation.head
    lines = ("/btw demo: say first", "/bt demo: say second")
    assert table.reply("demo: say a reply of many words " * 9, *lines) == [True, True]
    assert (table.said, table.views) == ([], [])
    assert len(table.chat.session.conversation.path()) == 2
    assert len(table.chat.requests) >= 3

    table.show_waiting()
    table.show_waiting()  # once
    assert [table.shown(0), table.shown(1)] == ["> first", "> second"]
    assert table.said[0] == "› /btw demo: say first"
    assert table.said[1].startswith("beside · ")
    assert [turn.parent for turn in table.beside] == [before, before]
    assert all("a reply of many" not in str(r.messages) for r in table.chat.requests[2:])
    assert [len(r.messages) for r in table.chat.requests[2:]] == [3, 3]


@pytest.mark.parametrize(
    "line",
    [
        "what is this?",
        "/undo",
        "//btw x",
        "/btw",
        "/btw keep",
        "/btw -m",
        "/btw -m nomodelatall x",
        "/nothing x",
        f"/btw is {KEY} good?",
    ],
)
def test_what_is_no_plain_side_question_is_left_for_the_prompt(line: str) -> None:
    table = Table()
    assert table.reply("demo: say one", line) == [False]
    assert table.beside == []


def test_under_a_reply_too_it_is_said_that_another_model_reads_all_anew() -> None:
    table = Table()
    table.reply("demo: say one", "/btw -m haiku demo: say other", "/btw demo: say same")
    table.show_waiting()
    said = [line for line in table.said if "reads the whole conversation anew" in line]
    assert len(said) == 1
    assert said[0].startswith("claude-haiku")
    assert table.said.index(said[0]) == 1


def test_one_that_fails_does_not_hold_up_the_next() -> None:
    table = Table()
    table.reply("demo: say one", "/btw demo: error 400", "/btw demo: say fine")
    assert table.sides.waiting == 2
    with pytest.raises(ApiError):
        table.sides.show_next()
    table.sides.show_next()
    assert (table.shown(), table.sides.waiting) == ("> fine", 0)


def test_without_a_reply_or_with_many_lines_nothing_is_taken() -> None:
    table = Table()
    assert not table.sides.take("/btw demo: say x")
    many = Table(Trimmer(Settings(multiline=True)))
    assert many.reply("demo: say one", "/btw demo: say x") == [False]


def test_stopped_it_is_kept_as_far_as_it_came() -> None:
    table = Table()
    table.reply("demo: say one", "/btw demo: long 3000")
    table.stops = True
    with pytest.raises(KeyboardInterrupt):
        table.show_waiting()
    (turn,) = table.beside
    assert turn.was_cut
    assert turn.text
    assert table.back == []
    assert table.chat.session.books.meter.replies == 2


def test_where_nothing_came_the_line_is_put_back() -> None:
    table = Table()
    asked = Beside(Message.user("demo: error 400"), "/btw demo: error 400")
    with pytest.raises(ApiError):
        table.sides.ask(asked)
    assert table.back == ["/btw demo: error 400"]

    table.reply("demo: say one", "/btw demo: stream torn after 40")
    with suppress(ApiError):
        table.show_waiting()
    assert len(table.back) == 1
    assert table.beside[-1].was_cut
