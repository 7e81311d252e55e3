"""One turn, from request to history. Both shells come through here.

What is asked of a model outside of the conversation, such as a summary of it.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

from chatrepl.core.errors import ApiError, UsageError
from chatrepl.core.exchange.joining import Joiner, Seam, resume_point, words
from chatrepl.core.exchange.refusals import Lesson, in_plain_words, lesson
from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    MessageDelta,
    MessageStop,
    PrefillBegun,
    Remark,
    Reply,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.exchange.request import Request, build_request, new_messages
from chatrepl.core.exchange.view import is_sent
from chatrepl.core.talk.blocks import THINKING, Block, TextBlock
from chatrepl.core.talk.conversation import Conversation, Message, Prefill, Turn
from chatrepl.core.value import frozen
from chatrepl.session.session import Session

MOST_PAUSES: Final = 3


class Display(AbstractContextManager[object], Protocol):
    """Where a reply is shown; leaving it puts the terminal back in order."""

    def show(self, event: StreamEvent, reply: Reply) -> None: ...


Stream: TypeAlias = Callable[[Request], AsyncGenerator[StreamEvent, None]]


@frozen
class _Cut:
    """A reply that is gone on with: what stays before its last text, and that text."""

    message: Message
    keep: tuple[Block, ...]
    text: str


@dataclass(slots=True)
class _Attempt:
    """A turn under way; its request is built anew where the service taught us better."""

    session: Session
    message: Message
    base: Conversation | None
    turn: Turn
    request: Request
    cut: _Cut | None = None
    reply: Reply = Reply()
    lessons: tuple[Lesson, ...] = ()

    def learn(self, lesson: Lesson) -> str:
        """Build the request anew without what was refused; give the words that say so."""
        self.lessons = (*self.lessons, lesson)
        match lesson:
            case "prefill":
                self.session.learn(prefill=False)
                said = f"{self.request.model} takes no prefill; it is emulated from now on."
            case "system":
                self.session.learn(mid_system=False)
                said = f"{self.request.model} takes the system prompt only at the top."
            case "thinking":
                self.session.refuse("thinking", self.base)
                said = "The service does not take the thinking so far; it is left out from now on."
            case "blocks":
                self.session.refuse("blocks", self.base)
                said = (
                    "The service does not take back a part of a reply; it is left out from now on."
                )
        self._rebuild()
        return said

    def _rebuild(self) -> None:
        if self.cut is None:
            self.request = self.session.request(self.message, self.base)
            after = self.base or self.session.conversation
            message = self.request.with_ours(self.message)
            messages = new_messages(after, self.session.model, message)
            self.turn = replace(self.turn, messages=messages, ours=self.request.ours)
        elif self.base is not None and self.session.model.prefill is True:
            self.request = self.session.request(self.message, self.base, prefill=self.cut.text)
        else:
            self.base, self.message = None, Message.user(words(self.cut.text))
            settled = self.session.conversation.settled()
            self.request = self.session.request(self.message, settled, prefill="")

    @property
    def begins(self) -> PrefillBegun | None:
        """What the reply begins with."""
        if self.cut is not None:
            shown = self.cut.text[resume_point(self.cut.text) :]
            return PrefillBegun(Prefill(self.cut.text, "emulated"), shown)
        return PrefillBegun(self.request.prefill) if self.request.prefill is not None else None

    def joiner(self) -> Joiner | Seam | None:
        """What joins the first text to the beginning that is on screen already."""
        prefill = self.request.prefill
        if prefill is not None and prefill.mode != "schema":
            return Joiner(prefill.text, prefill.mode)
        return Seam(self.cut.text) if self.cut is not None else None

    def written(self) -> Message | None:
        """The reply as it goes into the conversation; None where nothing came."""
        content = self.reply.content()
        rest: tuple[Block, ...] = tuple(b for b in content if not isinstance(b, THINKING))
        if not (content if self.cut is None else rest):
            if self.cut is None or not self.reply.complete:
                return None
            return self.cut.message  # there was no more to say
        if self.cut is None:
            return Message("assistant", content, self.request.model, self.request.bound)
        if not any(isinstance(block, TextBlock) for block in rest):
            rest = (self.cut.message.content[-1], *rest)
        return replace(self.cut.message, content=(*self.cut.keep, *rest))


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
    request = session.request(message, base)
    turn = session.open_turn(message, request, base)
    return await _run(_Attempt(session, message, base, turn, request), stream, view)


async def continue_turn(session: Session, stream: Stream, view: Display) -> Turn:
    """Go on with the last reply where it stops, and record the whole as a sibling of the cut one.

    Natively where the model takes a prefill, else by asking for the rest. Raises UsageError where
    there is nothing to go on with.
    """
    turn, cut = _cut(session.conversation)
    shown = [block for block in cut.keep if not isinstance(block, THINKING)]
    asked = Message("user", turn.question).sendable
    takes_prefill = session.model.prefill is True and session.settings.thinking != "on"
    is_plain = [m.role for m in turn.messages if m.role != "system"] == ["user", "assistant"]
    if takes_prefill and is_plain and asked.content and not shown:
        base: Conversation | None = session.conversation.settled().before(turn)
        message = asked
        request = session.request(message, base, prefill=cut.text)
    else:
        base, message = None, Message.user(words(cut.text))
        request = session.request(message, session.conversation.settled(), prefill="")
    reopened = session.reopen_turn(turn)
    return await _run(_Attempt(session, message, base, reopened, request, cut), stream, view)


def _cut(conversation: Conversation) -> tuple[Turn, _Cut]:
    """Find the turn that is gone on with, and its reply. Raises UsageError where there is none."""
    turn = conversation.turns[conversation.head] if conversation.head is not None else None
    last = turn.ending if turn is not None else None
    if turn is None or last is None:
        raise UsageError("There is no text to go on with.", "/retry asks the question again.")
    if not is_sent(turn, conversation):
        refused = turn.receipt is not None and turn.receipt.stop_reason == "refusal"
        hint = "/edit changes the question." if refused else "/restore sends it again."
        raise UsageError("The last turn is not sent, so nothing can go on with it.", hint)
    reply = turn.messages[-1]
    return turn, _Cut(reply, reply.content[:-1], last.text)


async def _run(attempt: _Attempt, stream: Stream, view: Display) -> Turn:
    error = ""
    try:
        with view:
            async with aclosing(_events(attempt, stream)) as events:
                async for event in events:
                    attempt.reply = attempt.reply.apply(event)
                    _record(attempt, event)
                    view.show(event, attempt.reply)
    except ApiError as failure:
        error = failure.message
        raise
    finally:  # nothing awaits from here on: a cancellation may be on its way out
        reply = attempt.reply if attempt.cut is None else replace(attempt.reply, prefill=None)
        written = attempt.written()
        done = attempt.session.close_turn(attempt.turn, attempt.request, reply, written, error)
    return done


def _record(attempt: _Attempt, event: StreamEvent) -> None:
    recorder, turn = attempt.session.recorder, attempt.turn.id
    match event:
        case TextDelta(text):
            recorder.delta(turn, text, "text")
        case ThinkingDelta(text):
            recorder.delta(turn, text, "thinking")
        case PrefillBegun(prefill) if prefill.mode != "schema":
            recorder.delta(turn, prefill.text, "text")
        case _:
            pass


async def _events(attempt: _Attempt, stream: Stream) -> AsyncGenerator[StreamEvent, None]:
    """Yield the events of one reply, however many requests it takes."""
    while True:
        try:
            async with aclosing(_answer(attempt, stream)) as events:
                async for event in events:
                    yield event
        except ApiError as error:
            taught = None if attempt.reply.started else lesson(error, attempt.request)
            if taught is None or taught in attempt.lessons:
                raise in_plain_words(error, attempt.request) from error
            yield Remark(attempt.learn(taught))
            continue
        return


async def _answer(attempt: _Attempt, stream: Stream) -> AsyncGenerator[StreamEvent, None]:
    """Yield the events of a reply with its beginning; pauses of the service are waited out."""
    begins = attempt.begins
    if begins is not None:
        yield begins
    request = attempt.request
    for pause in range(MOST_PAUSES + 1):
        paused = False
        async with aclosing(stream(request)) as raw, aclosing(_joined(raw, attempt)) as events:
            async for event in events:
                if isinstance(event, MessageDelta):
                    paused = event.stop_reason == "pause_turn" and pause < MOST_PAUSES
                if not (paused and isinstance(event, MessageStop)):
                    yield event
        if not paused:
            return
        part = Message("assistant", attempt.reply.content(), request.model, attempt.request.bound)
        request = replace(attempt.request, messages=(*attempt.request.messages, part))


async def _joined(
    events: AsyncGenerator[StreamEvent, None], attempt: _Attempt
) -> AsyncGenerator[StreamEvent, None]:
    """Join the first text to the beginning that is on screen already."""
    joiner = None if attempt.reply.started else attempt.joiner()
    in_text = False
    async for event in events:
        match event:
            case BlockStart(_, wire):
                in_text = wire.get("type") == "text"
                yield event
            case TextDelta(text, index) if joiner is not None:
                in_text = True
                shown = joiner.feed(text)
                if shown:
                    yield TextDelta(shown, index)
            case BlockStop() | MessageStop() if joiner is not None and in_text:
                rest, joiner = joiner.flush(), None
                if rest:
                    yield TextDelta(rest, event.index if isinstance(event, BlockStop) else 0)
                yield event
            case _:
                yield event


def text_of(turn: Turn) -> str:
    """Give the reply's text."""
    return "" if turn.assistant is None else turn.assistant.text


async def ask_aside(session: Session, message: Message, stream: Stream, view: Display) -> Reply:
    """Ask something that enters no conversation, and enter what it costs.

    A reply that is cancelled or fails midway is paid for too, and the error goes on.
    """
    request = aside_request(session, message)
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


def aside_request(session: Session, message: Message) -> Request:
    """Build the request: the conversation's own with `message` at its end, in no form.

    With the same model, system prompt, tools and settings it is read from the cache.
    """
    wanted = session.settings.context_summary_model
    model = session.service.model(wanted) if wanted else session.model
    settings = replace(session.settings, stop_sequences=())  # they would cut it
    return build_request(
        session.without_refused(session.conversation), settings, model, message, session.ask("")
    )
