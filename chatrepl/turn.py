"""One turn: planned, streamed, shown as it comes, recorded. Both shells come through here."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Final, TypeAlias

from chatrepl.core.errors import ApiError, ChatreplError, UsageError
from chatrepl.core.exchange.joining import Joining
from chatrepl.core.exchange.plan import (
    Plan,
    has_answers,
    plan_rest,
    plan_round,
    plan_turn,
)
from chatrepl.core.exchange.reply import (
    CallAnswered,
    MessageDelta,
    MessageStart,
    MessageStop,
    PrefillBegun,
    Remark,
    Reply,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.blocks import ToolResultBlock
from chatrepl.core.talk.conversation import Conversation, Turn, container_id
from chatrepl.core.talk.message import Message
from chatrepl.core.world import Display
from chatrepl.session.closing import NO_ROUNDS, Rounds, close_turn
from chatrepl.session.lessons import Lessons
from chatrepl.session.session import Session

if TYPE_CHECKING:  # most chats have no tools, and single shots nothing else of these
    from chatrepl.core.tools import ToolCall
    from chatrepl.session.workbench import Workbench

MOST_PAUSES: Final = 3
_ENOUGH: Final = "No more rounds of tools; the model answers now. tools.max_rounds sets how many."


@dataclass(slots=True)
class Overheard:
    """A view whose events somebody hears, too, each before it is shown."""

    view: Display
    hear: Callable[[StreamEvent, Reply], object]

    def __enter__(self) -> object:
        return self.view.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.view.__exit__(kind, error, tb)

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Show an event once it was heard."""
        self.hear(event, reply)
        self.view.show(event, reply)


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


async def _run(
    session: Session, make_plan: Callable[[], Plan], stream: Stream, view: Display
) -> Turn:
    plan = make_plan()
    turn = session.begin_turn(plan.turn)
    exchange = _Exchange(session, make_plan, view, plan, turn, Lessons(session))
    error = ""
    try:
        with view:
            await exchange.hold(stream)
    except ChatreplError as failure:  # also of a budget
        error = failure.message
        raise
    finally:  # nothing awaits from here on: a cancellation may be on its way out
        done = exchange.closed(error)
    return done


@dataclass(slots=True)
class _Exchange:
    """A turn under way; it is planned anew where the service taught us better."""

    session: Session
    make_plan: Callable[[], Plan]
    view: Display
    plan: Plan
    turn: Turn
    lessons: Lessons
    reply: Reply = Reply()
    rounds: Rounds = NO_ROUNDS

    async def hold(self, stream: Stream) -> None:
        """Ask until there is an answer, however many plans and rounds of calls that takes."""
        bench = self.session.bench
        if bench is None:
            return await self._ask(stream)
        await bench.open(self.session.recorder)
        self._plan_anew()
        for rounds_left in range(self.session.settings.tools_max_rounds - 1, -1, -1):
            await self._ask(stream)
            if not (calls := bench.calls(self.reply)):
                return None
            await self._call(bench, calls)
            self._next_round(is_last=rounds_left == 0)
        return await self._ask(stream)

    async def _call(self, bench: "Workbench", calls: "Sequence[ToolCall]") -> None:
        """Have calls answered; they are kept before the first runs, and the answers after it."""
        session, written = self.session, self.plan.written(self.reply)
        self.rounds = self.rounds.ended(session, self.plan, self.reply)
        self.reply = Reply()
        before = self.turn.messages if written is None else (*self.turn.messages, written)
        self.turn = replace(self.turn, messages=before)
        session.recorder.grow(self.turn)
        answers: list[ToolResultBlock] = []

        def tell(answer: ToolResultBlock) -> None:
            answers.append(answer)
            self.turn = replace(self.turn, messages=(*before, Message("user", tuple(answers))))
            session.recorder.grow(self.turn)
            event = CallAnswered(answer)
            self.rounds = self.rounds.answered(event)
            self.view.show(event, self.rounds.whole(self.reply))

        await bench.work(calls, tell)

    def _next_round(self, *, is_last: bool) -> None:
        """Plan to send the answers; after the last ones nothing more is to be called."""
        before, turn = self.plan.after, self.turn
        so_far = self.rounds.whole(self.reply)

        def plan() -> Plan:
            now = self.session.situation
            ask = replace(now.ask, previous_message_id=so_far.message_id)
            made = plan_round(replace(now, ask=ask), before, turn, is_last=is_last)
            container = container_id(so_far.container)
            return replace(made, request=made.request.within(container))

        self.make_plan = plan
        self._plan_anew()
        self.rounds = replace(self.rounds, asked_at=self.session.edges.clock())
        if is_last:
            self._take(Remark(_ENOUGH))

    async def _ask(self, stream: Stream) -> None:
        while True:
            try:
                return await self._answer(stream)
            except ApiError as error:
                plan, started = self.plan, self.reply.started
                words = "" if started else self.lessons.take(error, plan.request, plan.after)
                if words:
                    self._plan_anew()
                if not (words and has_answers(self.plan.request, self.turn)):
                    raise self.lessons.give_up(
                        error, plan.request, plan.after, self.turn
                    ) from error
                self._take(Remark(words))

    def _plan_anew(self) -> None:
        self.plan = self.make_plan()
        self.turn = replace(self.plan.turn, id=self.turn.id, created=self.turn.created)

    def closed(self, error: str) -> Turn:
        """End the turn with what came of it."""
        rounds = self.rounds
        return close_turn(self.session, self.turn, self.plan, self.reply, error, rounds)

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
                        is_pause = event.stop_reason == "pause_turn" and pauses_left > 0
                        is_paused = is_pause and not self.reply.calls
                    for joined in joining.feed(event):
                        if not (is_paused and isinstance(joined, MessageStop)):
                            self._take(joined)
            if not is_paused:
                return
            request = self.plan.resumed(self.reply)

    def _take(self, event: StreamEvent) -> None:
        self.reply = self.reply.apply(event)
        self._record(event)
        bench = self.session.bench
        if bench is not None and isinstance(event, MessageStop) and bench.calls(self.reply):
            return  # the turn goes on
        self.view.show(event, self.rounds.whole(self.reply))
        if isinstance(event, MessageStart) and (
            words := self.lessons.meet(event.model, self.plan.request)
        ):
            self._take(Remark(words))

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
