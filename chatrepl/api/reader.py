"""Read one answer of the service as our events, to its end or until it can be trusted no more."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_event, from_other_content
from chatrepl.api.errors.exceptions import Faults, from_exception, timed_out
from chatrepl.api.sse import EventReader
from chatrepl.api.translate import Translator
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import MessageStop, StreamEvent
from chatrepl.core.value import frozen

_PAGE_BYTES: Final = 65_536
_DRAIN_S: Final = 0.2


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

    Signs of life are no content: a service that only pings is given up.
    """

    timeout_s: float = 120.0
    reply_bytes: int = 20_000_000
    raw_bytes: int = 200_000_000


async def read_reply(
    answer: Answer, limits: ReadLimits, clock: Callable[[], float] = time.monotonic
) -> AsyncGenerator[StreamEvent, None]:
    """Yield the events of a reply and close the answer. Raises ApiError where it is not whole."""
    try:
        await _check_content(answer, limits)
        reading = _Reading(answer.origin, limits, answer.response.headers.get("request-id"))
        chunks = answer.response.aiter_bytes()
        last = clock()
        while True:
            left = last + limits.timeout_s - clock()
            chunk = await _next(chunks, left, answer, limits, begun=reading.begun)
            if chunk is None:
                break
            for event in reading.feed(chunk):
                yield event
                if isinstance(event, MessageStop):
                    await _drain(chunks, answer.faults)
                    return
                last = clock()
        for event in reading.end():
            yield event
        raise reading.incomplete()
    finally:
        await answer.response.aclose()


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


async def _check_content(answer: Answer, limits: ReadLimits) -> None:
    headers = answer.response.headers
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in {"text/event-stream", ""}:
        return
    body = b""
    chunks = answer.response.aiter_bytes()
    while len(body) < _PAGE_BYTES:
        chunk = await _next(chunks, limits.timeout_s, answer, limits, begun=False)
        if chunk is None:
            break
        body += chunk
    raise from_other_content(content_type, headers, body[:_PAGE_BYTES], answer.origin)


class _Reading:
    """How far an answer has been read."""

    def __init__(self, origin: Origin, limits: ReadLimits, request_id: str | None) -> None:
        self._origin = origin
        self._limits = limits
        self._request_id = request_id
        self._events = EventReader()
        self._translator = Translator(request_id)
        self._raw = 0
        self._reply = 0
        self.begun = False

    def feed(self, chunk: bytes) -> Iterator[StreamEvent]:
        """Yield the events that `chunk` completes, up to the first that cannot be read."""
        self._raw += len(chunk)
        for name, data in self._events.feed(chunk):
            for event in self._one(name, data):
                self.begun = True
                yield event
        waiting = self._events.waiting
        if self._raw > self._limits.raw_bytes or waiting > self._limits.reply_bytes:
            raise self._too_much()

    def end(self) -> Iterator[StreamEvent]:
        """Yield what was held back when the bytes ended."""
        yield from self._translator.end()

    def incomplete(self) -> ApiError:
        """Say that the bytes ended before the reply did."""
        message = (
            "The answer ended before it was complete."
            if self.begun
            else f"{self._origin.host} sent an empty answer."
        )
        hint = "Nothing is lost; try again in a moment."
        return ApiError(ApiErrorKind.STREAM, message, hint, request_id=self._request_id)

    def _one(self, name: str, data: bytes) -> list[StreamEvent]:
        if name == "ping" or data == b"[DONE]":
            return []
        if name == "error":
            raise from_event(_lenient(data), self._request_id, self._origin)
        value = self._parse(data)
        if not isinstance(value, dict):
            return []
        if value.get("type") == "error":
            raise from_event(value, self._request_id, self._origin)
        self._reply += len(data) if value.get("type") != "ping" else 0
        if self._reply > self._limits.reply_bytes:
            raise self._too_much()
        return self._translator.translate(name, value)

    def _parse(self, data: bytes) -> Any:
        try:
            return _JSON.decode(data.decode())
        except (ValueError, RecursionError) as error:
            raise ApiError(
                ApiErrorKind.STREAM,
                "The service sent something unreadable in the middle of its answer.",
                "Nothing is lost; try again in a moment.",
                request_id=self._request_id,
            ) from error

    def _too_much(self) -> ApiError:
        return ApiError(
            ApiErrorKind.STREAM,
            f"The answer grew past {self._limits.reply_bytes // 1_000_000} MB and was cut.",
            "What came is kept.",
            retryable=False,
            request_id=self._request_id,
        )


def _nothing(_constant: str) -> None:
    """Stand in for NaN and infinities, which could not be sent again."""


_JSON: Final = json.JSONDecoder(parse_constant=_nothing)


def _lenient(data: bytes) -> object:
    text = data.decode("utf-8", "replace")
    try:
        return _JSON.decode(text)
    except (ValueError, RecursionError):
        return {"error": text}
