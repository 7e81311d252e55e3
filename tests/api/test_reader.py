import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.api.address import Origin
from chatrepl.api.reader import ReadLimits, read_reply
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.reply import MessageStop, Remark, StreamEvent, TextDelta
from chatrepl.core.foreign_json import omissions
from chatrepl.demo.engine import Engine
from tests.api.helpers import Body, collect, reply, run
from tests.demo.helpers import post
from tests.soak.sse_fuzz import read_many

HERE = Origin("https://gate.example", "claude-x")
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
ANSWER: bytes = post(
    Engine(),
    {
        "model": "claude-opus-5-5", "max_tokens": 900, "stream": True,
        "messages": [{"role": "user", "content": "demo: unicode"}],
    },
).body  # fmt: skip


def sse(**data: Any) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()


def text(words: str) -> bytes:
    return sse(type="content_block_delta", index=0, delta={"type": "text_delta", "text": words})


STOP = sse(type="message_stop")


def read(
    *chunks: bytes | Exception, limits: ReadLimits | None = None, content_type: str | None = None
) -> tuple[list[StreamEvent], ApiError | None]:
    body = Body(*chunks, content_type=content_type or "text/event-stream")
    found = run(collect(read_reply(body.answer(HERE), limits or ReadLimits())))
    assert body.closed
    return found


def broken(*chunks: bytes | Exception, **more: Any) -> tuple[str, ApiError]:
    """Return the text that came and the error after it."""
    events, error = read(*chunks, **more)
    assert error is not None
    return reply(events).text, error


@given(st.lists(st.integers(0, len(ANSWER)), max_size=20))
def test_any_cut_of_the_bytes_gives_the_same_reply(cuts: list[int]) -> None:
    whole, none = read(ANSWER)
    places = sorted(cuts)
    chunks = [ANSWER[a:b] for a, b in zip([0, *places], [*places, len(ANSWER)], strict=True)]
    events, error = read(*chunks)
    assert none is error is None
    assert reply(events) == reply(whole)
    assert reply(events).complete


SAID = ANSWER.index(b"\n\n", ANSWER.index(b"event: message_delta"))  # from here on it is whole


@given(st.integers(SAID, len(ANSWER)))
def test_a_reply_that_is_torn_once_its_reason_is_said_is_whole(cut: int) -> None:
    for fault in ((), (httpx2.RemoteProtocolError("torn"),)):
        events, error = read(ANSWER[:cut], *fault)
        assert error is None
        assert reply(events) == reply(read(ANSWER)[0])


@given(st.integers(0, SAID - 1))
def test_a_reply_torn_anywhere_keeps_what_came_and_is_an_error(cut: int) -> None:
    whole = reply(read(ANSWER)[0]).text
    kept, error = broken(ANSWER[:cut])
    assert whole.startswith(kept)
    assert error.kind is ApiErrorKind.STREAM
    kept, error = broken(ANSWER[:cut], httpx2.RemoteProtocolError("torn"))
    assert whole.startswith(kept)
    assert error.kind is ApiErrorKind.STREAM


def test_nothing_is_read_after_the_end_of_the_message() -> None:
    events, error = read(text("a") + STOP + text("b") + b"data: {", text("c"))
    assert error is None
    assert events == [TextDelta("a"), MessageStop()]


def test_what_came_before_an_unreadable_event_in_the_same_piece_is_kept() -> None:
    for bad in (b"data: {\n\n", b'data: {"a":"\xff"}\n\n', b"data: " + b"[" * 10**5 + b"\n\n"):
        kept, error = broken(text("a") + b"event: content_block_delta\n" + bad + text("b"))
        assert kept == "a"
        assert error.kind is ApiErrorKind.STREAM
        assert error.retryable
        assert error.request_id == "req_1"


ENDS = {  # of a reply before its time
    "the service's error": sse(type="error", error={"type": "overloaded_error", "message": "no"}),
    "an unreadable event": b"data: {\n\n",
    "too much": text("a" * 900),
    "a torn connection": httpx2.RemoteProtocolError("torn"),
    "silence": TimeoutError(),
    "the user": asyncio.CancelledError(),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=[*ENDS])
@pytest.mark.parametrize("words", ["yes", "it is sk-ant", "\ud83d", "half an"])
def test_the_last_letters_are_kept_also_where_a_key_may_begin_with_them(
    words: str, end: bytes | BaseException
) -> None:
    guarded = replace(HERE, secrets=("sk-ant-0123456789",))
    came: list[StreamEvent] = []

    async def reads() -> None:
        answer = Body(text(words), end, content_type="text/event-stream").answer(guarded)
        async for event in read_reply(answer, ReadLimits(reply_bytes=800)):
            came.append(event)  # noqa: PERF401 - what came before the end counts

    with pytest.raises((ApiError, asyncio.CancelledError)):
        run(reads())
    assert reply(came).text == words.replace("\ud83d", "\ufffd")


def test_where_events_have_names_what_has_none_and_cannot_be_read_is_no_part_of_the_reply() -> None:
    nameless = text("a").partition(b"\n")[2]
    for bad in (b"data: {\n\n", b"event: weather\ndata: \xff\n\n"):
        events, error = read(text("a") + bad + text("b") + STOP)
        assert error is None
        assert reply(events).text == "ab"
        kept, error = broken(nameless + bad + nameless)
        assert kept == "a"


def test_events_that_are_no_objects_and_other_people_s_endings_are_passed_over() -> None:
    odd = b"data: null\n\ndata: 7\n\ndata: [DONE]\n\nevent: ping\ndata: {\n\n: words\n\n"
    events, error = read(odd + text("a") + STOP)
    assert error is None
    assert events == [TextDelta("a"), MessageStop()]


def test_numbers_that_are_none_are_left_out_and_said() -> None:
    events, _ = read(
        b'data: {"type":"content_block_start","index":NaN,'
        b'"content_block":{"type":"x","n":Infinity}}\n\n' + STOP
    )
    assert reply(events).blocks[0].to_wire() == {"type": "x"}
    assert Remark(omissions(2)) in events


@pytest.mark.parametrize(
    "event",
    [
        sse(type="error", error={"type": "overloaded_error", "message": "Overloaded"}),
        b'data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    ],
)
def test_an_error_event_ends_the_reply_by_its_type(event: bytes) -> None:
    kept, error = broken(text("a") + event)
    assert kept == "a"
    assert error.kind is ApiErrorKind.OVERLOADED


def test_an_error_event_that_is_no_json_is_told_in_its_words() -> None:
    _, error = broken(b"event: error\ndata: upstream gone\n\n")
    assert "upstream gone" in error.message


def test_an_answer_without_content_is_an_error() -> None:
    for chunks in ((), (b"",), (PING * 3,)):
        _, error = broken(*chunks)
        assert error.message == "gate.example sent an empty answer."
        assert error.retryable


def test_half_a_character_at_the_end_is_not_lost_silently() -> None:
    kept, _ = broken(text("a\ud83d"))
    assert kept == "a\ufffd"


class Slow(Body):
    """Sends signs of life for ever after its chunks, or nothing at all."""

    def __init__(self, *chunks: bytes, pings: bool) -> None:
        super().__init__(*chunks)
        self._pings = pings

    async def aiter_bytes(self) -> Any:
        async for chunk in super().aiter_bytes():
            yield chunk
        while self._pings:
            await asyncio.sleep(0.005)
            yield PING
        await asyncio.Event().wait()


@pytest.mark.parametrize("pings", [True, False])
def test_signs_of_life_are_no_content(pings: bool) -> None:
    for chunks, words in (((), "did not answer"), ((text("a"),), "stopped coming")):
        body = Slow(*chunks, pings=pings)
        _, error = run(collect(read_reply(body.answer(HERE), ReadLimits(0.05))))
        assert error is not None
        assert error.kind is ApiErrorKind.TIMEOUT
        assert words in error.message
        assert body.closed


class Paced(Body):
    """Sends each chunk after a while, and remembers when it was asked for each."""

    def __init__(self, *chunks: bytes) -> None:
        super().__init__(*chunks)
        self.asked: list[float] = []

    async def aiter_bytes(self) -> Any:
        for chunk in self._chunks:
            self.asked.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0.005)
            yield chunk


def test_what_was_waited_for_is_shown_before_it_rests() -> None:
    body = Paced(*map(text, "abcd"), STOP)
    shown: list[float] = []

    async def work() -> None:
        async for _ in read_reply(body.answer(HERE), ReadLimits(rest_s=0.05)):
            shown.append(asyncio.get_running_loop().time())  # noqa: PERF401 - as it comes

    run(work())
    # after the first piece, the head of the answer, it does not rest
    rests = [then - now for now, then in zip(shown[1:], body.asked[2:], strict=False)]
    assert len(rests) == 3
    assert min(rests) >= 0.04


def test_what_was_there_already_gives_no_rest() -> None:
    body = Body(*(ANSWER[at : at + 9] for at in range(0, len(ANSWER), 9)))
    limits = ReadLimits(rest_s=3600)
    _, error = run(collect(read_reply(body.answer(HERE), limits, lambda: 0.0)))
    assert error is None


def test_leaving_or_cancelling_closes_the_answer_at_once() -> None:
    async def work() -> None:
        body = Slow(text("a"), pings=False)
        events = read_reply(body.answer(HERE), ReadLimits())
        assert await anext(events) == TextDelta("a")
        await events.aclose()
        assert body.closed

        body = Slow(text("a"), pings=False)
        task = asyncio.ensure_future(collect(read_reply(body.answer(HERE), ReadLimits())))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert body.closed

    run(work())


def test_too_much_is_cut_and_said() -> None:
    small = ReadLimits(reply_bytes=3_000_000, raw_bytes=9_000_000)
    long = text("x" * 1_000_000)
    kept, error = broken(*[long] * 5, limits=small)
    assert len(kept) == 2_000_000
    assert "3 MB" in error.message
    assert not error.retryable
    _, error = broken(*[b"x" * 1_000_000] * 5, limits=small)
    assert "was cut" in error.message
    _, error = broken(*[b": " + b"x" * 1_000_000 + b"\n\n"] * 12, limits=small)
    assert "was cut" in error.message


NOISE = {
    "comments": b":\n",
    "fields of no meaning": b"x\n",
    "names of events": b"event:\n",
    "data without an end": b"data:\n",
    "events without data": b"data:\n\n",
    "empty objects": b"data:{}\n\n",
    "pings": PING,
    "unknown events": sse(type="sun"),
    "reasons to stop": sse(type="message_delta", delta={"stop_reason": "end_turn"}),
    "blocks": sse(type="content_block_start", index=0, content_block={"type": "text"})
    + sse(type="content_block_stop", index=0),
    "sources": sse(
        type="content_block_delta",
        index=0,
        delta={"type": "citations_delta", "citation": {"type": "x", "url": "http://a.example"}},
    ),
    "lists": b"data: [" + b"[]," * 300_000 + b"0]\n\n",
    "numbers": b"data: [" + b"1," * 2_100_000 + b"0]\n\n",
}


@pytest.mark.parametrize("noise", NOISE)
def test_what_says_nothing_is_not_listened_to_for_long(noise: str) -> None:
    """An endless answer ends after some bytes, lines, events or values, whichever costs most."""
    small = ReadLimits(reply_bytes=2_000_000, raw_bytes=4_000_000)
    piece = NOISE[noise] * (1 + 65_536 // len(NOISE[noise]))
    events, error = read(text("a"), *[piece] * (5_000_000 // len(piece) + 1), limits=small)
    assert error is not None
    assert "was cut" in error.message
    assert reply(events).text.startswith("a")
    assert len(events) < 8_000


def test_a_reply_of_many_words_is_no_noise() -> None:
    """As many tokens as the longest reply may have, one an event."""
    limits, longest = ReadLimits(), 128_000
    assert longest * max(limits.event_bytes, len(text(" word"))) < limits.reply_bytes


def test_what_is_nested_too_deeply_is_left_out_and_no_reason_to_cut_a_reply() -> None:
    deep = "[" * 200_000 + "]" * 200_000
    odd = f'data: {{"type":"novel","a":{deep},"b":{deep}}}\n\n'.encode()
    events, error = read(text("a"), odd, text("b"), sse(type="message_stop"))
    assert error is None
    assert reply(events).text == "ab"


def test_something_else_than_a_stream_is_recognised() -> None:
    _, error = broken(b"<title>Hi</title>", content_type="text/html; charset=x")
    assert "“Hi”" in error.message
    _, error = broken(b'{"a":', b"1}", content_type="application/json")
    assert "application/json" in error.message
    _, error = broken(httpx2.ReadError("x"), content_type="application/json")
    assert error.kind is ApiErrorKind.STREAM
    _, error = broken(*[b"<p>" * 10_000] * 99, content_type="text/html")
    assert "web page" in error.message


def test_a_stream_may_come_without_a_content_type() -> None:
    body = Body(text("a") + STOP)
    body.headers = {}
    assert run(collect(read_reply(body.answer(HERE), ReadLimits())))[1] is None


def test_streams_that_are_spoilt_in_every_way_break_no_promise() -> None:
    ended = run(read_many(300, seed=7))
    assert ended["whole"] > 30
    assert ended["stream"] > 100
