"""One of many questions asked: what came of it, as the object that is written for it."""

import time
from dataclasses import dataclass, field, replace
from typing import Any

from chatrepl.core.errors import ChatreplError
from chatrepl.core.exchange.constant import parted
from chatrepl.core.exchange.reply import Remark, Reply, StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.items import Item
from chatrepl.core.result import Result, Wanted, accept
from chatrepl.core.talk.conversation import Conversation, State, Turn
from chatrepl.core.talk.markdown import to_markdown
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen
from chatrepl.core.world import NoRecorder
from chatrepl.session.books import Books
from chatrepl.session.service import Service
from chatrepl.session.session import Session
from chatrepl.terminal.views.json_lines import SilentView
from chatrepl.turn import Stream, run_turn


@frozen
class ItemQuestion:
    """One item's question: a session of its own, and the message.

    The first `head` blocks are the same in all questions, and so is the system prompt where that is
    `same_system`.
    """

    item: Item
    session: Session
    message: Message
    head: int = 0
    same_system: bool = True

    @property
    def request(self) -> Request:
        """What is sent for it."""
        return self.parted(self.session.request(self.message))

    def fresh(self, service: Service) -> Session:
        """Make the session of one attempt, with what was learned of the service so far."""
        return replace(self.session, service=service)

    def parted(self, request: Request) -> Request:
        """Mark for the cache what all questions have in common."""
        return parted(request, self.head, same_system=self.same_system)


def fork(session: Session, system: str, prefill: str) -> Session:
    """Make a session that asks one question and keeps nothing."""
    return replace(
        session,
        conversation=Conversation(state=State(system=system)),
        recorder=NoRecorder(),
        next=replace(session.next, prefill=prefill, staged=()),
        books=Books(),
    )


@dataclass(slots=True)
class Attempt(SilentView):
    """A question under way; asked again, it is another attempt. `remarks` is for the user.

    `session` is its own, and begins as the question's.
    """

    question: ItemQuestion
    wanted: Wanted
    session: Session
    retries: int = 0
    reply: Reply = Reply()
    turn: Turn | None = None
    remarks: list[str] = field(default_factory=list)
    _begun_at: float = field(default_factory=time.monotonic)

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Remember how far the reply came."""
        self.reply = reply
        if isinstance(event, Remark):
            self.remarks.append(event.text)

    async def ask(self, stream: Stream) -> dict[str, Any]:
        """Ask, and give the result. Raises ChatreplError where there is no answer as asked for."""
        question = self.question
        self.turn = await run_turn(
            self.session,
            question.message,
            lambda request: stream(question.parted(request)),
            self,
        )
        text, parsed = accept(self.turn, self._text(), self.wanted)
        return self._result(text, parsed, None)

    def failed(self, error: ChatreplError) -> dict[str, Any]:
        """Give the result of what failed, with the reply as far as it came."""
        path = self.session.conversation.path()
        if self.turn is None and self.reply.has_content and path:
            self.turn = path[-1]
        return self._result(self._text(), None, error)

    @property
    def cost_usd(self) -> float:
        """What it cost, as far as the price is known."""
        return self.session.books.meter.known_usd or 0.0

    def _text(self) -> str:
        written = self.turn.assistant if self.turn is not None else None
        content = self.reply.content() if self.turn is None else ()
        return to_markdown(written.content if written is not None else content, cite=False)

    def _result(self, text: str, parsed: Any, error: ChatreplError | None) -> dict[str, Any]:
        receipt = self.turn.receipt if self.turn is not None else None
        model = self.session.settings.model
        wire = Result(text, parsed, model, receipt, self.reply, None, error).to_wire()
        wire["retries"] = self.retries
        wire["duration_ms"] = round((time.monotonic() - self._begun_at) * 1000)
        return wire


def failed_by(bug: Exception, session: Session) -> dict[str, Any]:
    """Give the result of an item that a bug cost; what happened is kept."""
    from chatrepl.shells.bugs import bugs_here  # seldom wanted

    settings = session.settings
    return unasked(settings.model, bugs_here().failure(bug, keeps=settings.save))


def unasked(model: str, error: ChatreplError) -> dict[str, Any]:
    """Give the result of an item that could not even be asked about."""
    return Result(model=model, error=error).to_wire()
