"""Titles that a model gives: asked once, of the cheapest, beside the chat, and never in its way."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.params import will_think
from chatrepl.core.exchange.reply import (
    MessageDelta,
    MessageStop,
    StreamEvent,
    TextDelta,
)
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.world import NoRecorder
from chatrepl.session.title import title
from chatrepl.shells.guard import beside
from chatrepl.shells.titles import QUESTION, Titles, cheapest, tidy
from chatrepl.storage.library import list_entries
from tests.commands.test_saved import begin, leave, rest
from tests.commands.trimmer import Trimmer


class _Namer:
    """A chat whose titles are asked of a script."""

    def __init__(self, chat: Trimmer, answer: str = "**Otters and tins**") -> None:
        self.chat = chat
        self.answer = answer
        self.asked: list[Request] = []
        self.titles = Titles(chat.session, self._stream, chat.runner.get_loop)

    async def _stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        self.asked.append(request)
        await asyncio.sleep(0)
        if not self.answer:
            raise ApiError(ApiErrorKind.OVERLOADED, "It is overloaded.", status=529)
        yield TextDelta(self.answer)
        yield MessageDelta("end_turn", usage={"input_tokens": 900, "output_tokens": 9})
        yield MessageStop()

    def reply(self, text: str = "demo: say one") -> None:
        """Let a reply come, and all that goes on beside it."""
        self.chat.say(text)
        self.settle()

    def settle(self) -> None:
        async def wait() -> None:
            self.titles.consider()
            for _ in range(20):
                await asyncio.sleep(0)

        self.chat.runner.run(wait())


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return tmp_path / "conversations"


@pytest.fixture(name="chat")
def _chat(folder: Path) -> Iterator[Trimmer]:
    chat = begin(folder)
    chat.session.use(titles="model")
    yield chat
    leave(chat)


def test_the_first_reply_gets_the_conversation_a_title_that_lists_show(
    chat: Trimmer, folder: Path
) -> None:
    namer = _Namer(chat)
    assert title(chat.session) == ""
    spent = chat.session.books.meter.cost.usd
    namer.reply("demo: say what otters do with tins")
    assert title(chat.session) == "Otters and tins"
    rest(chat)
    assert [entry.title for entry in list_entries(folder)] == ["Otters and tins"]
    assert chat.session.books.talk.cost.usd > spent
    assert chat.session.books.meter.replies == 1
    paid = chat.session.books.talk.cost
    again = chat.session.books.elsewhere(chat.session.conversation, chat.session.recorder.facts)
    assert again.talk.cost == paid
    assert len(chat.session.conversation.path()) == 1

    before, asked = chat.requests[-1], namer.asked[-1]
    assert (asked.params["max_tokens"] == 64) == (not will_think(chat.session.model, None))
    assert asked.messages[: len(before.messages)] == before.messages
    assert asked.messages[-1].text == QUESTION
    namer.reply()
    namer.settle()
    assert len(namer.asked) == 1


def test_a_title_is_asked_for_once_also_where_that_fails(chat: Trimmer) -> None:
    namer = _Namer(chat, answer="")
    said = list(chat.said)
    namer.reply("demo: say first words")
    namer.settle()
    assert len(namer.asked) == 1
    assert title(chat.session) == "demo: say first words"
    assert chat.said == said


@pytest.mark.parametrize("why", ["words", "no-save", "named", "limit", "cut", "empty", "second"])
def test_where_it_is_not_wanted_or_not_worth_it_nobody_is_asked(chat: Trimmer, why: str) -> None:
    namer, session = _Namer(chat), chat.session
    if why == "empty":
        namer.settle()
    elif why == "words":
        session.use(titles="words")
    elif why == "no-save":
        kept, session.recorder = session.recorder, NoRecorder()
    elif why == "named":
        chat.do("/save otters")
    elif why == "limit":
        session.use(max_cost_usd=0.000001)
    elif why == "second":
        chat.say("demo: say one")
    if why == "cut":
        chat.say("demo: say one")
        turn = session.conversation.path()[-1]
        assert turn.receipt is not None
        cut = replace(turn, receipt=replace(turn.receipt, stop_reason=None))
        session.change(Conversation().add(cut))
        namer.settle()
    elif why != "empty":
        namer.reply()
    assert not namer.asked
    if why == "no-save":
        session.recorder = kept


def test_a_name_that_is_given_meanwhile_stands(chat: Trimmer) -> None:
    namer = _Namer(chat)
    chat.say("demo: say one")

    async def name_it_meanwhile() -> None:
        namer.titles.consider()
        await asyncio.sleep(0)
        chat.do("/save mine")
        for _ in range(20):
            await asyncio.sleep(0)

    chat.runner.run(name_it_meanwhile())
    assert title(chat.session) == "mine"
    assert "titled" in chat.session.recorder.facts
    assert chat.session.recorder.facts.get("title") is None


def test_leaving_waits_for_no_title(chat: Trimmer) -> None:
    namer = _Namer(chat)
    namer.titles.stop()
    chat.say("demo: say one")

    async def leave_at_once() -> None:
        namer.titles.consider()
        namer.titles.stop()
        for _ in range(5):
            await asyncio.sleep(0)

    chat.runner.run(leave_at_once())
    assert title(chat.session) == "demo: say one"


def test_the_cheapest_model_is_asked_and_the_own_one_where_no_price_is_known(chat: Trimmer) -> None:
    chat.say("demo: say one")
    assert cheapest(chat.session).id == "claude-haiku-5-5"
    chat.session.equip(rates=lambda _model, _tokens: None)
    assert cheapest(chat.session) == chat.session.model


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("Otters", "Otters"),
        ('\n  "Otters and tins."\nmore', "Otters and tins"),
        ("# **Otters**", "Otters"),
        ("Title: x\x1b[31m y", "Title: x [31m y"),
        ("", ""),
        ("***", ""),
        ("w" * 60, "w" * 60),
        ("word " * 30, f"{('word ' * 12).strip()}…"),
    ],
)
def test_of_what_a_model_writes_one_plain_line_is_taken(written: str, words: str) -> None:
    assert tidy(written) == words


def test_a_bug_beside_the_chat_is_told_as_soon_as_it_happens() -> None:
    loop, told = Trimmer().runner.get_loop(), list[object]()

    async def fails() -> None:
        raise LookupError

    async def wait() -> None:
        tasks.append(beside(loop, fails()))
        tasks.append(beside(loop, asyncio.sleep(60)))
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: told.append(type(context["exception"])))
    try:
        loop.run_until_complete(wait())
    finally:
        loop.set_exception_handler(before)
    assert told == [LookupError]
