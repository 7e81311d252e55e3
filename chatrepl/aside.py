"""What is asked outside of the conversation: a summary of it, a question beside it, a count.

It is paid for as a turn is, and what is refused teaches as much.
"""

from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.plan import Plan, plan_aside
from chatrepl.core.exchange.reply import Remark, Reply
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.conversation import Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Cost
from chatrepl.core.world import Display
from chatrepl.session.books import receipt_of
from chatrepl.session.lessons import Lessons
from chatrepl.session.session import Session
from chatrepl.turn import Stream

if TYPE_CHECKING:
    from chatrepl.core.outcome import Count

Counting: TypeAlias = Callable[[Request], Coroutine[None, None, int]]


async def ask_aside(
    session: Session,
    message: Message,
    stream: Stream,
    view: Display,
    make_plan: Callable[[], Plan] | None = None,
) -> Reply:
    """Ask something that enters no conversation, and enter what it costs.

    `make_plan` asks in another way than the model for such things would be. A reply that is
    cancelled or fails midway is paid for too, and the error goes on.
    """

    def usual() -> Plan:
        return plan_aside(session.situation, message, session.aside_model)

    plan = make_plan or usual
    recorder = session.recorder

    def pay(request: Request, reply: Reply) -> Cost | None:
        return session.pay_aside(request, reply, recorder)

    call = _OutsideCall(session, plan, view, plan(), pay)
    await call.hold(stream)
    return call.reply


async def ask_beside(
    session: Session, make_plan: Callable[[], Plan], stream: Stream, view: Display
) -> Turn:
    """Ask something beside the conversation, and keep it there as a turn that is no part of it.

    What is stopped or fails midway is kept as far as it came.
    """
    from chatrepl.session.beside import keep_beside  # seldom asked for

    call = _OutsideCall(session, make_plan, view, make_plan(), session.pay)
    now = session.edges.clock()
    turn = replace(call.plan.turn, id=TurnId(session.edges.new_id()), created=now)
    error = ""
    try:
        await call.hold(stream)
    except ApiError as failure:
        error = failure.message
        raise
    finally:  # nothing awaits from here on: a cancellation may be on its way out
        done = call.answered(turn, error)
        if call.reply.complete or call.reply.has_content:
            keep_beside(session, done)
    return done


@dataclass(slots=True)
class _OutsideCall:
    """Something that enters no conversation; planned anew where the service taught us better."""

    session: Session
    make_plan: Callable[[], Plan]
    view: Display
    plan: Plan
    pay: Callable[[Request, Reply], Cost | None]
    reply: Reply = Reply()
    cost: Cost | None = None

    async def hold(self, stream: Stream) -> None:
        """Ask until there is an answer, and enter what that costs, however it ends."""
        lessons = Lessons(self.session)
        try:
            with self.view:
                while not await self._answered(stream, lessons):
                    self.plan = self.make_plan()
        finally:
            self.cost = self.pay(self.plan.request, self.reply)

    async def _answered(self, stream: Stream, lessons: Lessons) -> bool:
        request, after = self.plan.request, self.plan.after
        try:
            async with aclosing(stream(request)) as events:
                async for event in events:
                    self.reply = self.reply.apply(event)
                    self.view.show(event, self.reply)
        except ApiError as error:
            words = "" if self.reply.started else lessons.take(error, request, after)
            if not words:
                raise lessons.give_up(error, request, after) from error
            self.view.show(Remark(words), self.reply)
            return False
        return True

    def answered(self, turn: Turn, error: str = "") -> Turn:
        """Give the turn with what was answered."""
        seconds = self.session.edges.clock() - turn.created
        receipt = receipt_of(self.plan, self.reply, self.cost, seconds, error)
        written = self.plan.written(self.reply)
        messages = (*self.plan.turn.messages, *([written] if written is not None else []))
        return replace(turn, messages=messages, receipt=receipt)


async def count_tokens(
    session: Session, asked: "Count", count: Counting, say: Callable[[str], object]
) -> int:
    """Have the service count what sends a message, without what it turns out not to take."""
    lessons = Lessons(session)
    while True:
        request = session.asking(asked.model).request(asked.message, asked.base)
        try:
            return await count(request)
        except ApiError as error:
            words = lessons.take(error, request, session.conversation)
            if not words:
                lessons.take_back(error)
                raise
            say(words)
