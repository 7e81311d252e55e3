"""A chat without a terminal: lines go in, the strict engine answers in process."""

import asyncio
import atexit
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, fields
from functools import cache
from itertools import count
from json import loads
from typing import Any, TypeVar, cast

import chatrepl.commands  # noqa: F401 - registers all commands
from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_answer
from chatrepl.api.http import FAULTS
from chatrepl.api.outgoing import beta_header, counting, streaming
from chatrepl.api.reader import Answer, ReadLimits, read_reply
from chatrepl.commands.slash import run_line
from chatrepl.core.errors import ChatreplError
from chatrepl.core.exchange.reply import Reply, StreamEvent
from chatrepl.core.exchange.request import Ask, Request, build_request
from chatrepl.core.models import find
from chatrepl.core.outcome import Card, Changes, Exactly, Notice, Outcome, Page, Pick, Send, Table
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, Turn
from chatrepl.core.talk.message import Message
from chatrepl.core.world import Edges
from chatrepl.demo.engine import MESSAGES, Engine
from chatrepl.demo.wire import WireAnswer
from chatrepl.session.session import Session
from chatrepl.shells.desk import Desk, Relay
from chatrepl.shells.repl import Repl
from chatrepl.shells.replies import Answered, Answering, Replies
from chatrepl.terminal.columns import card_rows
from chatrepl.terminal.page.document import to_html
from chatrepl.terminal.views.live import LiveView
from tests.views import QuietView, ShownView

_HEADERS = {"x-api-key": "sk-test", "anthropic-version": "2023-06-01"}
_ORIGIN = Origin("https://demo.invalid")


def _headers(request: Request) -> dict[str, str]:
    return _HEADERS | beta_header(request, _HEADERS)


@cache
def shared_runner() -> asyncio.Runner:
    """One event loop for all chats of a test run."""
    runner = asyncio.Runner()
    atexit.register(runner.close)
    return runner


class CutError(Exception):
    """The test's own stop in the middle of a reply."""


class _Played:
    """An answer of the engine as the reader wants it."""

    def __init__(self, answer: WireAnswer) -> None:
        self._answer = answer

    @property
    def status_code(self) -> int:
        return self._answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer.headers

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for chunk in self._answer.play():
            yield chunk.data

    async def aclose(self) -> None:
        pass


@dataclass
class _Speaker:
    """Writes down what the chat says."""

    said: list[str]
    tables: list[Table]

    def say(self, outcome: Notice | Table | Card | Page | Exactly | Changes) -> None:
        match outcome:
            case Table():
                self.tables.append(outcome)
            case Card(groups, footer):
                self.said.append("\n".join([*card_rows(groups, 80), footer]))
            case Changes(pieces):
                self.said.append("".join(f"<{kind}>{text}" for kind, text in pieces))
            case Notice(text) | Page(text) | Exactly(text):
                self.said.append(text)

    def line(self, text: str, style: str = "") -> None:
        self.said.append(text)

    def error(self, error: ChatreplError) -> None:
        self.said.append(error.message)

    def gap(self) -> None:
        pass


class _Prompt:
    """Takes of many what the test wants; without that, there is no screen to choose on."""

    def __init__(self, pick: Callable[[Pick], str] | None) -> None:
        self.draws = pick is not None
        self._pick = pick

    def pick(self, _run: object, asked: Pick) -> str:
        assert self._pick is not None
        return self._pick(asked)


class Unwatched(Replies):
    """The replies of a chat, but nobody watches keys."""

    async def _watched(self, reply: Answering[Answered], view: LiveView | Relay) -> Answered:
        del view
        return await reply(QuietView())


Kind = TypeVar("Kind", bound=Unwatched)


def unwatched(repl: Repl, kind: type[Kind]) -> Kind:
    """Let nobody watch the keys of a chat."""
    parts = (getattr(repl.replies, part.name) for part in fields(Replies) if part.init)
    repl.replies = replies = kind(*parts)
    return replies


class _PlayedReplies(Unwatched):
    """What goes wrong in a turn is left to the test.

    `words` are asked instead of what the chat would ask aside.
    """

    words: str = ""
    came: Turn | None = None

    def turn(self, reply: Answering[Turn], typed: str = "") -> None:
        del typed
        self.came = self.show(reply)

    def aside(self, message: Message) -> Reply | None:
        return super().aside(Message.user(self.words) if self.words else message)


@dataclass
class Player:
    """A session with the engine behind it, and all that was said and sent."""

    settings: Settings = field(default_factory=Settings)
    engine: Engine = field(default_factory=Engine)
    runner: asyncio.Runner = field(default_factory=shared_runner)
    edited: str = "edited"
    agree: bool = True
    way: str = ""  # what is answered where there are more than two
    pick: Callable[[Pick], str] | None = None
    cut_after: int | None = None
    aside: str = ""
    cannot_count: bool = False
    counts: int = 0
    statuses: list[int] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        ids, seconds = count(1), count(1_800_000_000)
        edges = Edges(lambda: float(next(seconds)), lambda: f"{next(ids) * 7919:08x}", page=to_html)
        self.session = Session(self.settings, edges, interactive=True)

    def do(self, line: str) -> Outcome:
        """Run a command line and what it asks for."""
        outcome = run_line(self.session, line)
        self.act(outcome)
        return outcome

    def say(self, text: str) -> Turn:
        """Send a message."""
        turn = self.act(Send(self.session.compose(text), self.session.next.base))
        assert turn is not None
        return turn

    def act(self, outcome: Outcome) -> Turn | None:
        """Let the chat do what a command asked for; give the turn that came of it."""
        repl, replies = self._chat()
        repl.act(outcome)
        if repl.draft:
            self.drafts.append(repl.draft)
        return replies.came

    def repl(self) -> Repl:
        """The chat itself."""
        return self._chat()[0]

    def _chat(self) -> tuple[Repl, _PlayedReplies]:
        repl = Repl(self.session, self._desk(), self.stream, self.count, self.runner)
        replies = unwatched(repl, _PlayedReplies)
        replies.words = self.aside
        return repl, replies

    def _desk(self) -> Desk:
        none = cast("Any", None)
        speaker = cast("Any", _Speaker(self.said, self.tables))
        prompt, edit = cast("Any", _Prompt(self.pick)), lambda _: self.edited
        new_view = cast("Any", ShownView)
        return Desk(prompt, speaker, none, new_view, self._ask, self._choose, edit, self._copy)

    def _ask(self, question: str) -> bool:
        assert re.search(r"[^ ] y: \S.* · N: \S", question), question
        self.asked.append(question)
        return self.agree

    def _choose(self, question: str, letters: str) -> str:
        for letter in letters:
            assert f" {letter}: " in question
        self.asked.append(question)
        return self.way or ("Y" if self.agree else "a")

    def _copy(self, text: str) -> str:
        self.copied.append(text)
        return "to the clipboard."

    async def count(self, request: Request) -> int:
        """Let the engine count a request."""
        self.counts += 1
        path = f"{MESSAGES}/count_tokens"
        answer = self.engine.handle("POST", path, _headers(request), counting(request))
        if answer.status != 200 or self.cannot_count:
            raise from_answer(answer.status, answer.headers, answer.body, _ORIGIN)
        tokens: int = loads(answer.body)["input_tokens"]
        return tokens

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Answer a request from the engine; a cut ends it after so many events."""
        self.requests.append(request)
        answer = self.engine.handle("POST", MESSAGES, _headers(request), streaming(request))
        self.statuses.append(answer.status)
        if answer.status != 200:
            raise from_answer(answer.status, answer.headers, answer.body, _ORIGIN)
        seen = 0
        async with aclosing(
            read_reply(Answer(_Played(answer), _ORIGIN, FAULTS), ReadLimits())
        ) as events:
            async for event in events:
                if self.cut_after is not None and seen >= self.cut_after:
                    raise CutError
                seen += 1
                yield event

    @property
    def heard(self) -> str:
        """The last thing that was said."""
        return self.said[-1]

    @property
    def text(self) -> str:
        """The last reply."""
        reply = self.session.conversation.path()[-1].assistant
        return reply.text if reply is not None else ""


def probe(conversation: Conversation, model: str = "claude-opus-5") -> bytes:
    """Write the request that one fixed question would make after `conversation`."""
    question = Message.user("And now?")
    return build_request(conversation, Settings(), find(model), question, Ask()).encode()
