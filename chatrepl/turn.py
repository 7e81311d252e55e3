"""One turn, from request to history. Both shells come through here."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

from chatrepl.core.blocks import TextBlock
from chatrepl.core.conversation import Conversation, Message, Turn
from chatrepl.core.errors import ApiError
from chatrepl.core.events import (
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
from chatrepl.core.prefill import Joiner
from chatrepl.core.request import Request
from chatrepl.session import Session

MOST_PAUSES: Final = 3


class View(AbstractContextManager[object], Protocol):
    """Where a reply is shown; leaving it puts the terminal back in order."""

    def show(self, event: StreamEvent, reply: Reply) -> None: ...


Stream: TypeAlias = Callable[[Request], AsyncGenerator[StreamEvent, None]]


@dataclass(slots=True)
class _Attempt:
    """A turn under way; its request is built anew where the service taught us better."""

    session: Session
    message: Message
    base: Conversation | None
    turn: Turn
    request: Request
    reply: Reply = Reply()

    def rebuild(self) -> None:
        self.request = self.session.request(self.message, self.base)
        self.turn = self.session.retake(self.turn, self.message, self.request)


async def run_turn(
    session: Session,
    message: Message,
    stream: Stream,
    view: View,
    base: Conversation | None = None,
) -> Turn:
    """Send `message`, show the reply as it comes, and record the turn; `base` is what it follows.

    A reply that is cancelled or fails midway is recorded as far as it came, and the error goes on.
    """
    request = session.request(message, base)
    turn = session.open_turn(message, request, base)
    attempt = _Attempt(session, message, base, turn, request)
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
        done = session.close_turn(attempt.turn, attempt.request, attempt.reply, error)
    return done


def _record(attempt: _Attempt, event: StreamEvent) -> None:
    recorder, turn = attempt.session.recorder, attempt.turn.id
    match event:
        case TextDelta(text):
            recorder.delta(turn, text, "text")
        case ThinkingDelta(text):
            recorder.delta(turn, text, "thinking")
        case PrefillBegun(prefill) if prefill.mode != "schema":
            recorder.delta(turn, prefill.text, "prefill")
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
            if not _teaches_prefill(error, attempt):
                raise
            attempt.session.learn(prefill=False)
            attempt.rebuild()
            yield Remark(f"{attempt.request.model} takes no prefill; it is emulated from now on.")
            continue
        return


def _teaches_prefill(error: ApiError, attempt: _Attempt) -> bool:
    prefill = attempt.request.prefill
    native = prefill is not None and prefill.mode == "native"
    return native and error.status == 400 and "prefill" in error.message.casefold()


async def _answer(attempt: _Attempt, stream: Stream) -> AsyncGenerator[StreamEvent, None]:
    """Yield the events of a reply with its prefill; pauses of the service are waited out."""
    prefill = attempt.request.prefill
    if prefill is not None:
        yield PrefillBegun(prefill)
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
    """Join the first text to the prefill that is on screen already."""
    prefill = attempt.request.prefill
    joiner = None
    if prefill is not None and prefill.mode != "schema" and not attempt.reply.started:
        joiner = Joiner(prefill.text, prefill.mode)
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
                    yield TextDelta(rest, getattr(event, "index", 0))
                yield event
            case _:
                yield event


def text_of(turn: Turn) -> str:
    """Give the reply's text."""
    return "" if turn.assistant is None else turn.assistant.text


def says_nothing(turn: Turn) -> bool:
    """Tell whether the reply holds no text at all."""
    blocks = turn.assistant.content if turn.assistant is not None else ()
    return not any(isinstance(b, TextBlock) and b.text.strip() for b in blocks)
