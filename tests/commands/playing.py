"""A chat without a terminal: lines go in, the strict engine answers in process."""

import asyncio
import atexit
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cache
from itertools import count

import chatrepl.commands  # noqa: F401 - registers all commands
from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_answer
from chatrepl.api.http import FAULTS
from chatrepl.api.outgoing import streaming
from chatrepl.api.reader import Answer, ReadLimits, read_reply
from chatrepl.commands.registry import REGISTRY
from chatrepl.core.exchange.reply import StreamEvent
from chatrepl.core.exchange.request import Ask, Request, build_request
from chatrepl.core.models import find
from chatrepl.core.outcome import (
    Confirm,
    Continue,
    Copy,
    Draft,
    Edit,
    Exactly,
    Job,
    Notice,
    Outcome,
    Page,
    Send,
    Several,
    Table,
)
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, Message, Turn
from chatrepl.core.world import Edges
from chatrepl.demo.engine import Engine
from chatrepl.demo.wire import WireAnswer
from chatrepl.session.session import Session
from chatrepl.turn import Display, continue_turn, run_turn
from tests.views import QuietView

_HEADERS = {"x-api-key": "sk-test", "anthropic-version": "2023-06-01"}
_ORIGIN = Origin("https://demo.invalid")


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
class Player:
    """A session with the engine behind it, and all that was said and sent."""

    settings: Settings = field(default_factory=Settings)
    engine: Engine = field(default_factory=Engine)
    runner: asyncio.Runner = field(default_factory=shared_runner)
    edited: str = "edited"
    agree: bool = True
    cut_after: int | None = None
    statuses: list[int] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        ids, seconds = count(1), count(1_800_000_000)
        edges = Edges(lambda: float(next(seconds)), lambda: f"{next(ids) * 7919:08x}")
        self.session = Session(self.settings, edges, interactive=True)

    def do(self, line: str) -> Outcome:
        """Run a command line and what it asks for."""
        outcome = REGISTRY.dispatch(self.session, line)
        self.act(outcome)
        return outcome

    def say(self, text: str) -> Turn:
        """Send a message."""
        message, base = self.session.compose(text), self.session.next.base
        return self._turn(lambda view: run_turn(self.session, message, self.stream, view, base))

    def act(self, outcome: Outcome) -> None:
        """Do what the shell would do."""
        match outcome:
            case Notice(text) | Page(text) | Exactly(text):
                self.said.append(text)
            case Table():
                self.tables.append(outcome)
            case Several(parts):
                for part in parts:
                    self.act(part)
            case Confirm(preview, apply):
                self.act(preview)
                if self.agree:
                    self.act(apply())
            case Send(message, base):
                self._send(message, base)
            case Continue():
                self._turn(lambda view: continue_turn(self.session, self.stream, view))
            case Draft(text):
                self.drafts.append(text)
            case Edit(_, then):
                self.act(then(self.edited))
            case Copy(text):
                self.copied.append(text)
            case Job(_, work):
                self.act(work())
            case _:
                pass

    def _send(self, message: Message, base: Conversation | None) -> None:
        self._turn(lambda view: run_turn(self.session, message, self.stream, view, base))

    def _turn(self, run: Callable[[Display], object]) -> Turn:
        return self.runner.run(run(QuietView()))  # type: ignore[arg-type]

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Answer a request from the engine; a cut ends it after so many events."""
        self.requests.append(request)
        answer = self.engine.handle("POST", "/v1/messages", _HEADERS, streaming(request))
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
