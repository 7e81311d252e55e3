"""One turn: planned, streamed, shown as it comes, recorded. Both shells come through here.

What is asked of a model outside of the conversation, such as a summary of it.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

from chatrepl.core.errors import ApiError, UsageError
from chatrepl.core.exchange.joining import Joining
from chatrepl.core.exchange.past import Refused, omission, refused_files
from chatrepl.core.exchange.plan import Plan, plan_aside, plan_rest, plan_turn
from chatrepl.core.exchange.refusals import WORDS, Lesson, in_plain_words, lesson, of_files
from chatrepl.core.exchange.reply import (
    MessageDelta,
    MessageStop,
    PrefillBegun,
    Remark,
    Reply,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.conversation import Conversation, Message, Turn
from chatrepl.session.session import Session

MOST_PAUSES: Final = 3


class Display(AbstractContextManager[object], Protocol):
    """Where a reply is shown; leaving it puts the terminal back in order."""

    def show(self, event: StreamEvent, reply: Reply) -> None: ...


Stream: TypeAlias = Callable[[Request], AsyncGenerator[StreamEvent, None]]


async def run_turn(
    session: Session,
    message: Message,
    stream: Stream,
    view: Display,
    base: Conversation | None = None,
) -> Turn:
    """Send `message`, show the reply as it comes, and record the turn; `base` is what it follows.

    A reply that is cancelled or fails midway is recorded as far as it came, and the error goes on.
    Raises UsageError for a message that says nothing, or holds what the model does not take.
    """
    if not message.sendable.content:
        raise UsageError("There is nothing to send.")
    if untaken := session.model.untaken(message.content):
        raise UsageError(
            f"{session.model.id} takes no {untaken}.",
            "Nothing was sent; another model may take them.",
        )
    return await _run(session, lambda: plan_turn(session.situation, message, base), stream, view)


async def continue_turn(session: Session, stream: Stream, view: Display) -> Turn:
    """Go on with the last reply where it stops, and record the whole as a sibling of the cut one.

    Raises UsageError where there is nothing to go on with.
    """
    return await _run(session, lambda: plan_rest(session.situation), stream, view)


async def ask_aside(session: Session, message: Message, stream: Stream, view: Display) -> Reply:
    """Ask something that enters no conversation, and enter what it costs.

    A reply that is cancelled or fails midway is paid for too, and the error goes on.
    """
    request = plan_aside(session.situation, message, session.aside_model).request
    reply = Reply()
    try:
        with view:
            async with aclosing(stream(request)) as events:
                async for event in events:
                    reply = reply.apply(event)
                    view.show(event, reply)
    finally:
        session.pay(request, reply)
    return reply


async def _run(
    session: Session, make_plan: Callable[[], Plan], stream: Stream, view: Display
) -> Turn:
    plan = make_plan()
    exchange = _Exchange(session, make_plan, view, plan, session.begin_turn(plan.turn))
    error = ""
    try:
        with view:
            await exchange.hold(stream)
    except ApiError as failure:
        error = failure.message
        raise
    finally:  # nothing awaits from here on: a cancellation may be on its way out
        done = session.close_turn(exchange.turn, exchange.plan, exchange.reply, error)
    return done


@dataclass(slots=True)
class _Exchange:
    """A turn under way; it is planned anew where the service taught us better."""

    session: Session
    make_plan: Callable[[], Plan]
    view: Display
    plan: Plan
    turn: Turn
    reply: Reply = Reply()
    lessons: tuple[Lesson, ...] = ()
    omitted: tuple[tuple[str, Refused], ...] = ()  # the refusals, with what was refused before

    async def hold(self, stream: Stream) -> None:
        """Ask until there is an answer, however many plans that takes."""
        while True:
            try:
                return await self._answer(stream)
            except ApiError as error:
                if self.reply.started or not (words := self._learn(error)):
                    raise self._told(error) from error
                self.plan = self.make_plan()
                self.turn = replace(self.plan.turn, id=self.turn.id, created=self.turn.created)
                self._take(Remark(words))

    async def _answer(self, stream: Stream) -> None:
        """Take the reply to the plan; pauses of the service are waited out."""
        if (begins := self.plan.begins) is not None:
            self._take(begins)
        joining = self.plan.joining()
        try:
            await self._stream(stream, joining)
        finally:  # what is held back was paid for, however the stream ends
            for event in joining.end():
                self._take(event)

    async def _stream(self, stream: Stream, joining: Joining) -> None:
        request = self.plan.request
        for pauses_left in range(MOST_PAUSES, -1, -1):
            is_paused = False
            async with aclosing(stream(request)) as events:
                async for event in events:
                    if isinstance(event, MessageDelta):
                        is_paused = event.stop_reason == "pause_turn" and pauses_left > 0
                    for joined in joining.feed(event):
                        if not (is_paused and isinstance(joined, MessageStop)):
                            self._take(joined)
            if not is_paused:
                return
            request = self.plan.resumed(self.reply)

    def _take(self, event: StreamEvent) -> None:
        self.reply = self.reply.apply(event)
        self._record(event)
        self.view.show(event, self.reply)

    def _record(self, event: StreamEvent) -> None:
        recorder = self.session.recorder
        match event:
            case TextDelta(text):
                recorder.delta(self.turn.id, text, "text")
            case ThinkingDelta(text):
                recorder.delta(self.turn.id, text, "thinking")
            case PrefillBegun(prefill) if prefill.mode != "schema":
                recorder.delta(self.turn.id, prefill.text, "text")
            case _:
                pass

    def _learn(self, error: ApiError) -> str:
        """Remember what a refusal teaches, and say it; nothing where it teaches nothing."""
        request, session = self.plan.request, self.session
        taught = lesson(error, request)
        if taught is not None and taught not in self.lessons:
            self.lessons = (*self.lessons, taught)
            match taught:
                case "prefill":
                    session.learn(prefill=False)
                case "system":
                    session.learn(mid_system=False)
            return WORDS[taught].format(model=request.model)
        refused, signs = session.service.refused, [sign for sign, _ in self.omitted]
        less = omission(error, request, self.plan.after, refused, signs)
        if less is None:
            return ""
        self.omitted = (*self.omitted, (less.sign, refused))
        session.refuse(less.refused)
        return less.words

    def _told(self, error: ApiError) -> ApiError:
        """Say what was refused; what did not help is sent again, a file that is named is not."""
        request, session = self.plan.request, self.session
        if self.omitted:
            last = self.omitted[-1][0]
            session.refuse(next(before for sign, before in self.omitted if sign == last))
        named = refused_files(error, request, self.plan.after)
        files = [item for item in session.next.staged if any(item.block is b for b in named)]
        if not files:
            return in_plain_words(error, request)
        session.unstage(*files)
        return of_files(error, [item.name for item in files], interactive=session.interactive)
