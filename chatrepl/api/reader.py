"""Read one answer of the service as our events, to its end or until it can be trusted no more."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_event, from_other_content, request_id_in
from chatrepl.api.errors.exceptions import Faults, from_exception, timed_out
from chatrepl.api.sse import EventReader
from chatrepl.api.translate import Translator
from chatrepl.api.whole import EVENTS, Shape, events_in, shape_of, unfolded
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import (
    BlockStop,
    InputDelta,
    MessageDelta,
    MessageStop,
    Remark,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.foreign_json import decode, omissions, read_json, shallow_text
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

_PAGE_BYTES: Final = 65_536
_DRAIN_S: Final = 0.2
_MOST_VALUES: Final = 250_000  # lists and objects in one event, or in a whole answer
_MOST_COMMAS: Final = 2_000_000
_TEXTS: Final = (TextDelta, ThinkingDelta, InputDelta)
_AT_ONCE_S: Final = 0.001
_LATE_S: Final = 5.0  # for what may follow once the service said why the reply stops


class OpenResponse(Protocol):
    """What is needed of an open HTTP response."""

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    def aiter_bytes(self) -> AsyncIterator[bytes]: ...
    async def aclose(self) -> None: ...


@frozen
class Answer:
    """An open response, who gives it, and what reading it may raise."""

    response: OpenResponse
    origin: Origin
    faults: Faults


@frozen
class ReadLimits:
    """How long to wait for content, in seconds, and how much to take, in bytes.

    Signs of life are no content: a service that only pings is given up. An event counts as
    `event_bytes` at least, however little it says; four times that where it brings no text.
    Texts that came at once may be `joined`. After a piece that had to be
    waited for it rests `rest_s`, and takes what came meanwhile at once: waking costs most.
    """

    timeout_s: float = 120.0
    reply_bytes: int = 20_000_000
    raw_bytes: int = 40_000_000
    event_bytes: int = 128
    joined: bool = False
    rest_s: float = 0.0


async def read_reply(  # noqa: C901 - one loop and the ways it ends
    answer: Answer, limits: ReadLimits, clock: Callable[[], float] = time.monotonic
) -> AsyncGenerator[StreamEvent, None]:
    """Yield the events of a reply and close the answer. Raises ApiError where it is not whole.

    A reply is whole when the service says that it stops, or why: whatever its label, and however
    its bytes end after that.
    """
    reading = _Reading(answer.origin, limits, request_id_in(answer.response.headers))
    try:
        chunks = answer.response.aiter_bytes()
        head, shape = await _opening(chunks, answer, limits)
        if shape != "events":
            body = await _rest(head, chunks, answer, limits, most=_most(shape, limits))
            for event in reading.whole(answer, body, limits):
                yield event
            return
        chunk: bytes | None = head
        last, fault, waited = clock(), None, False
        while chunk is not None:
            for event in reading.feed(chunk):
                yield event
                if isinstance(event, MessageStop):
                    await _drain(chunks, answer.faults)
                    return
                last = clock()
            if waited:
                await asyncio.sleep(limits.rest_s)
            asked = clock()
            try:
                left = last + reading.patience_s - asked
                chunk = await _next(chunks, left, answer, limits, begun=reading.begun)
            except ApiError as error:
                chunk, fault = None, error
            waited = limits.rest_s > 0 and clock() - asked > _AT_ONCE_S
        for event in reading.end(fault):
            yield event
    except (ApiError, asyncio.CancelledError):
        for event in reading.held():
            yield event
        raise
    finally:
        await answer.response.aclose()


async def _opening(
    chunks: AsyncIterator[bytes], answer: Answer, limits: ReadLimits
) -> tuple[bytes, Shape]:
    """Read until the bytes tell what they are."""
    label = _label(answer)
    head = b""
    while (shape := shape_of(head, label)) is None and len(head) < _PAGE_BYTES:
        chunk = await _next(chunks, limits.timeout_s, answer, limits, begun=False)
        if chunk is None:
            break
        head += chunk
    return head, shape or ("events" if not head.strip() else "other")


def _label(answer: Answer) -> str:
    return answer.response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _most(shape: Shape, limits: ReadLimits) -> int:
    return limits.reply_bytes if shape == "json" else _PAGE_BYTES


async def _rest(
    head: bytes, chunks: AsyncIterator[bytes], answer: Answer, limits: ReadLimits, *, most: int
) -> bytes:
    pieces, size = [head], len(head)
    while size <= most:
        chunk = await _next(chunks, limits.timeout_s, answer, limits, begun=False)
        if chunk is None:
            break
        pieces.append(chunk)
        size += len(chunk)
    return b"".join(pieces)


async def _next(
    chunks: AsyncIterator[bytes], left: float, answer: Answer, limits: ReadLimits, *, begun: bool
) -> bytes | None:
    try:
        async with asyncio.timeout(max(left, 0)):
            return await anext(chunks, None)
    except TimeoutError:
        raise timed_out(answer.origin, limits.timeout_s, begun=begun) from None
    except answer.faults.raised as error:
        raise from_exception(error, answer.origin, answer.faults, begun=True) from error


async def _drain(chunks: AsyncIterator[bytes], faults: Faults) -> None:
    """Take the end of the transfer, so that the connection can be used again; not for long."""
    taken = 0
    try:
        async with asyncio.timeout(_DRAIN_S):
            while taken < _PAGE_BYTES and (chunk := await anext(chunks, None)) is not None:
                taken += len(chunk)
    except faults.raised:
        return


class _Reading:
    """How far an answer has been read."""

    def __init__(self, origin: Origin, limits: ReadLimits, request_id: str | None) -> None:
        self._origin = origin
        self._limits = limits
        self._request_id = origin.clean(request_id or "") or None
        self._events = EventReader(joins=limits.joined)
        self._translator = Translator(self._request_id, origin.secrets)
        self._raw = 0
        self._reply = 0
        self._stopped = False
        self._left_out = 0  # values that could not be kept
        self._are_named = False
        self.begun = False
        self.ended = False  # nothing more is needed: the service said why the reply stops

    def feed(self, chunk: bytes) -> Iterator[StreamEvent]:
        """Yield the events that `chunk` completes, up to the first that cannot be read."""
        self._raw += len(chunk)
        for name, data in self._events.feed(chunk):
            yield from self._one(name, data)
        waiting = self._events.waiting
        if self._raw > self._limits.raw_bytes or waiting > self._limits.reply_bytes:
            raise self._too_much()

    @property
    def patience_s(self) -> float:
        """How long to wait for what comes next."""
        return min(_LATE_S, self._limits.timeout_s) if self.ended else self._limits.timeout_s

    def end(self, fault: ApiError | None = None) -> Iterator[StreamEvent]:
        """Yield what was held back when the bytes ended, and the stop that may be missing.

        Raises `fault`, or that the bytes ended, where the service did not say why the reply stops.
        """
        for name, data in self._events.end():
            if name == "error" or read_json(data) is not None:  # else it was torn
                yield from self._one(name, data)
        yield from self.held()
        if self.ended and not self._stopped:
            yield from self._remark()
            yield MessageStop()
        if not self.ended:
            raise fault or self._incomplete()

    def held(self) -> list[StreamEvent]:
        """Give what was held back of the texts so far: it came, whatever ends the reply."""
        return self._translator.end()

    def whole(self, answer: Answer, body: bytes, limits: ReadLimits) -> Iterator[StreamEvent]:
        """Yield the events of a body that is no stream. Raises ApiError where it is no reply."""
        if len(body) > limits.reply_bytes or _is_crowded(body):
            raise self._too_much()
        body = self._origin.hide(body)
        events = events_in(body)
        if events is None:
            headers = answer.response.headers
            label = self._origin.clean(_label(answer))
            raise from_other_content(label, headers, body[:_PAGE_BYTES], self._origin)
        for value in events:
            if not self._stopped:
                yield from self._take("", value)
        yield from self.end()

    def _incomplete(self) -> ApiError:
        """Say that the bytes ended before the reply did."""
        message = (
            "The answer ended before it was complete."
            if self.begun
            else f"{self._origin.host} sent an empty answer."
        )
        hint = "Nothing is lost; try again in a moment."
        return ApiError(ApiErrorKind.STREAM, message, hint, request_id=self._request_id)

    def _one(self, name: str, data: bytes) -> Iterator[StreamEvent]:
        self._charge(max(len(data), self._limits.event_bytes))
        if _is_crowded(data):
            raise self._too_much()
        data = self._origin.hide(data)
        if data == b"[DONE]":
            self.ended = self.ended or self.begun
        elif name == "error":
            raise from_event(_lenient(data), self._request_id, self._origin)
        elif name != "ping" and isinstance(value := self._parse(name, data or b"{}"), dict):
            for event in unfolded(value):
                yield from self._take(name if event is value else "", event)

    def _take(self, name: str, value: Wire) -> Iterator[StreamEvent]:
        if _is_error(name, value):
            raise from_event(value, self._request_id, self._origin)
        for event in self._translator.translate(name, value):
            self.begun = True
            if not isinstance(event, _TEXTS):
                self._charge(3 * self._limits.event_bytes)
            match event:
                case MessageDelta(stop_reason):
                    self.ended = self.ended or stop_reason is not None
                case MessageStop():
                    self.ended = self._stopped = True
                    yield from self._remark()
                case BlockStop():
                    pass
                case _:
                    self.ended = False
            yield event

    def _charge(self, count: int) -> None:
        self._reply += count
        if self._reply > self._limits.reply_bytes:
            raise self._too_much()

    def _remark(self) -> Iterator[Remark]:
        if self._left_out:
            yield Remark(omissions(self._left_out))

    def _parse(self, name: str, data: bytes) -> Any:
        self._are_named = self._are_named or name in EVENTS
        try:
            decoded = decode(data, halves=True)
        except ValueError as error:
            if self._are_named and name not in EVENTS:  # no part of the reply
                return None
            raise ApiError(
                ApiErrorKind.STREAM,
                "The service sent something unreadable in the middle of its answer.",
                "Nothing is lost; try again in a moment.",
                request_id=self._request_id,
            ) from error
        self._left_out += decoded.left_out
        return decoded.value

    def _too_much(self) -> ApiError:
        return ApiError(
            ApiErrorKind.STREAM,
            f"The answer grew past {self._limits.reply_bytes // 1_000_000} MB and was cut.",
            "What came is kept.",
            retryable=False,
            request_id=self._request_id,
        )


def _is_crowded(data: bytes) -> bool:
    """Tell whether JSON holds more values than a reply can need: each takes memory and time.

    What is nested too deeply counts as one: it is left out before anything is made of it.
    """
    return _has_many(data) and _has_many(shallow_text(data.decode("utf-8", "replace")).encode())


def _has_many(data: bytes) -> bool:
    values = data.count(b"{") + data.count(b"[")
    return values > _MOST_VALUES or data.count(b",") > _MOST_COMMAS


def _is_error(name: str, value: Wire) -> bool:
    """Tell whether an event is an error, which some servers send without saying so."""
    kind = value.get("type") or name
    if not isinstance(kind, str) or kind in EVENTS:
        return False
    if kind == "error" or kind.endswith("_error") or value.get("error"):
        return True
    words = value.get("message") or value.get("detail")
    return kind in {"", "message"} and isinstance(words, str)


def _lenient(data: bytes) -> object:
    value = read_json(data)
    return data.decode("utf-8", "replace") if value is None else value
