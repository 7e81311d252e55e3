"""Streams that are not quite right, read by us and by the SDK: we lose nothing that it reads."""

import asyncio
import gzip
import json
import re
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import anthropic
import httpx2
import pytest

from chatrepl.api import reader
from chatrepl.api.address import Origin
from chatrepl.api.reader import ReadLimits, read_reply
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import Reply
from tests.api.helpers import Body, client_of, collect, reply, request, run

Event: TypeAlias = dict[str, Any]
USAGE = {"input_tokens": 5, "output_tokens": 1}
MESSAGE: Event = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [],
    "stop_reason": None, "stop_sequence": None, "usage": USAGE,
}  # fmt: skip
TEXT = "Once upon a time, größer"


def delta(words: str) -> Event:
    return {
        "type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": words}
    }  # fmt: skip


START: Event = {"type": "message_start", "message": MESSAGE}
OPEN: Event = {
    "type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}
}  # fmt: skip
CLOSE: Event = {"type": "content_block_stop", "index": 0}
REASON: Event = {
    "type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
    "usage": {"output_tokens": 7},
}  # fmt: skip
STOP: Event = {"type": "message_stop"}
PING: Event = {"type": "ping"}
SAID = [delta(TEXT[:9]), delta(TEXT[9:])]
WHOLE = [START, OPEN, *SAID, CLOSE, REASON, STOP]


def without(*kinds: str) -> list[Event]:
    return [event for event in WHOLE if event["type"] not in kinds]


def sse(
    events: Iterable[Event], end: str = "\n", named: bool = True, space: str = " ", extra: str = ""
) -> bytes:
    """Write events out: line ends, names, the blank after a colon, further lines of each."""
    return "".join(
        (f"event:{space}{event['type']}{end}" if named else "")
        + extra.replace("\n", end)
        + f"data:{space}{json.dumps(event, ensure_ascii=False)}{end}{end}"
        for event in events
    ).encode()


def split(data: bytes) -> bytes:
    """Write the data of events over several lines."""
    return data.replace(b', "', b',\ndata: "')


def message(**more: Any) -> bytes:
    content = [{"type": "text", "text": TEXT}]
    told = {"content": content, "stop_reason": "end_turn", "usage": {"output_tokens": 7, **USAGE}}
    return json.dumps({**MESSAGE, **told, **more}).encode()


@dataclass(frozen=True, slots=True)
class Odd:
    """What comes, in which pieces, under which label; and whether it is whole."""

    body: bytes
    kind: str | None = "text/event-stream"
    piece: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    whole: bool = True
    words: str = ""


def broken(value: object, name: str = "") -> Odd:
    data = value if isinstance(value, str) else json.dumps(value)
    told = (f"event: {name}\n" if name else "") + f"data: {data}\n\n"
    return Odd(sse(WHOLE[:4]) + told.encode(), whole=False, words="upstream is gone")


def deflated(data: bytes, bits: int) -> bytes:
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(data) + packer.flush()


BODY = sse(WHOLE)
CR = sse(WHOLE, "\r")
ODD: dict[str, Odd] = {
    "as it should be": Odd(BODY),
    # framing
    "crlf": Odd(sse(WHOLE, "\r\n")),
    "crlf in single bytes": Odd(sse(WHOLE, "\r\n"), piece=1),
    "cr": Odd(CR),
    "cr in single bytes": Odd(CR, piece=1),
    "cr, the last one missing": Odd(CR[:-1]),
    "lf, the last one missing": Odd(BODY[:-1]),
    "both of the last missing": Odd(BODY[:-2]),
    "no names": Odd(sse(WHOLE, named=False)),
    "no names, cr": Odd(sse(WHOLE, "\r", named=False)),
    "no blank after the colon": Odd(sse(WHOLE, space="")),
    "data over several lines": Odd(split(BODY)),
    "ids": Odd(sse(WHOLE, extra="id: 7\n")),
    "retry": Odd(sse(WHOLE, extra="retry: 100\n")),
    "fields that nobody knows": Odd(sse(WHOLE, extra="trace: abc\nplain\n")),
    "comments": Odd(sse(WHOLE, extra=": still here\n")),
    "a comment first": Odd(b": hello\n\n" + BODY),
    "a mark of byte order": Odd(b"\xef\xbb\xbf" + BODY),
    "a mark in single bytes": Odd(b"\xef\xbb\xbf" + BODY, piece=1),
    "blank lines first": Odd(b"\n\r\n\n" + BODY),
    "blank lines between": Odd(BODY.replace(b"\n\n", b"\n\n\n\n\n")),
    "many pings": Odd(sse([START, *[PING] * 500, *WHOLE[1:]])),
    "all named message": Odd(sse(WHOLE, named=False, extra="event: message\n")),
    "done at the end": Odd(BODY + b"data: [DONE]\n\n"),
    "done in place of the stop": Odd(sse(without("message_stop")) + b"data: [DONE]\n\n"),
    "done in place of reason and stop": Odd(
        sse(without("message_delta", "message_stop")) + b"data: [DONE]\n\n"
    ),
    "an id first, no names": Odd(b"id: 1\n" + sse(WHOLE, named=False), "text/plain"),
    # transfer
    "single bytes": Odd(BODY, piece=1),
    "pieces of seven": Odd(BODY, piece=7),
    "gzip": Odd(gzip.compress(BODY), headers={"content-encoding": "gzip"}),
    "gzip in pieces": Odd(gzip.compress(BODY), piece=3, headers={"content-encoding": "gzip"}),
    "deflate": Odd(deflated(BODY, 15), headers={"content-encoding": "deflate"}),
    "raw deflate": Odd(deflated(BODY, -15), headers={"content-encoding": "deflate"}),
    # labels
    "no label": Odd(BODY, None),
    "label in capitals": Odd(BODY, "Text/Event-Stream; Charset=UTF-8"),
    "octets": Odd(BODY, "application/octet-stream"),
    "plain text": Odd(BODY, "text/plain; charset=utf-8", 1),
    "a page by its label": Odd(BODY, "text/html"),
    "json by its label": Odd(BODY, "application/json"),
    "json by its label, no names, cr": Odd(sse(WHOLE, "\r", named=False), "application/json"),
    "a comment first, octets": Odd(b": hi\n\n" + BODY, "application/octet-stream"),
    "blank lines and a mark first, plain text": Odd(b"\xef\xbb\xbf\n\n" + BODY, "text/plain", 1),
    # order, missing and doubled
    "no start": Odd(sse(without("message_start"))),
    "two starts": Odd(sse([START, *WHOLE])),
    "no block start": Odd(sse(without("content_block_start"))),
    "no block stop": Odd(sse(without("content_block_stop"))),
    "two block stops": Odd(sse([*WHOLE[:5], CLOSE, *WHOLE[5:]])),
    "two reasons": Odd(sse([*WHOLE[:6], REASON, STOP])),
    "two stops": Odd(sse([*WHOLE, STOP])),
    "the reason before the block's stop": Odd(sse([*WHOLE[:4], REASON, CLOSE, STOP])),
    "no reason": Odd(sse(without("message_delta"))),
    "a reason that is null": Odd(sse([*WHOLE[:5], {**REASON, "delta": {}}, STOP])),
    "no stop": Odd(sse(without("message_stop"))),
    "neither reason nor stop": Odd(
        sse(without("message_delta", "message_stop")), whole=False, words="ended before"
    ),
    "no index": Odd(BODY.replace(b'"index": 0, ', b"")),
    "no type in the data": Odd(re.sub(rb'"type": "(message|content)_\w+"(, )?', b"", BODY)),
    "no type in the deltas": Odd(BODY.replace(b'"type": "text_delta", ', b"")),
    "what has no name, and is no json": Odd(sse(WHOLE[:3]) + b"data: {oh\n\n" + sse(WHOLE[3:])),
    "no usage": Odd(re.sub(rb', "usage": {[^}]*}', b"", BODY)),
    "events that nobody knows": Odd(sse([START, {"type": "weather", "sky": "blue"}, *WHOLE[1:]])),
    "data without value": Odd(BODY + b"data\n\n"),
    "an event without data": Odd(b"event: hello\n\n" + BODY),
    # no stream
    "one message": Odd(message(), "application/json"),
    "one message, no label": Odd(message(), None, 5),
    "one message, labelled a stream": Odd(message()),
    "one message, as the data of an event": Odd(b"data: " + message() + b"\n\n"),
    "one message, as an event of its name": Odd(b"event: message\ndata: " + message() + b"\n\n"),
    "one message, indented": Odd(message().replace(b', "', b',\n  "'), "text/plain"),
    "one message without type": Odd(message(type=None).replace(b'"type": null, ', b"", 1)),
    "one message, content a text": Odd(message(content=TEXT), "application/json"),
    "one message without reason": Odd(message(stop_reason=None), "application/json"),
    "a list of events": Odd(json.dumps(WHOLE).encode(), "application/json"),
    "an event a line": Odd("\n".join(map(json.dumps, WHOLE)).encode(), "application/x-ndjson", 9),
    # errors in the middle
    "an error without type": broken({"error": {"message": "upstream is gone"}}),
    "an error in a text": broken({"error": "upstream is gone"}),
    "a message alone": broken({"message": "upstream is gone"}),
    "a detail alone": broken({"detail": "upstream is gone"}),
    "an error named message": broken({"error": {"message": "upstream is gone"}}, "message"),
    "an error with a number": broken({"error": {"code": 502, "message": "upstream is gone"}}),
    "an error's own type": broken({"type": "api_error", "message": "upstream is gone"}),
    "an error event of plain text": broken("upstream is gone", "error"),
    "an error event with a message": broken({"message": "upstream is gone"}, "error"),
    "an error of an unknown kind": broken({"type": "fault", "error": "upstream is gone"}),
}  # fmt: skip


def answering(odd: Odd) -> Callable[[httpx2.Request], httpx2.Response]:
    class Pieces(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            step = odd.piece or len(odd.body) or 1
            for at in range(0, len(odd.body), step):
                yield odd.body[at : at + step]

    label = {} if odd.kind is None else {"content-type": odd.kind}

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={**label, **odd.headers}, stream=Pieces())

    return answer


async def by_sdk(odd: Odd) -> tuple[str, bool]:
    """Let the SDK read: the text it gives, and whether it saw the end."""
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answering(odd)))
    text, ended = "", False
    async with anthropic.AsyncAnthropic(
        api_key="k", base_url="https://api.test", http_client=http, max_retries=0
    ) as sdk:
        try:
            async for event in await sdk.messages.create(
                model="claude-x", max_tokens=9, stream=True,
                messages=[{"role": "user", "content": "hi"}],
            ):  # fmt: skip
                if event.type == "content_block_delta" and event.delta.type == "text_delta":
                    text += event.delta.text
                ended = ended or event.type == "message_stop"
        except Exception:
            return text, False
    return text, ended


async def by_us(odd: Odd) -> tuple[Reply, ApiError | None]:
    client = client_of(answering(odd))
    try:
        events, failure = await collect(client.stream(request("hi")))
    finally:
        await client.aclose()
    return reply(events), failure


@pytest.mark.parametrize("name", ODD, ids=str)
def test_an_odd_stream_gives_what_it_holds_and_no_less_than_the_sdk(name: str) -> None:
    odd = ODD[name]
    made, failure = run(by_us(odd))
    text, ended = run(by_sdk(odd))

    assert made.text == TEXT
    assert (failure is None, made.complete) == (odd.whole, odd.whole)
    assert made.stop_reason == ("end_turn" if odd.whole else None)
    assert odd.words in (failure.message if failure else "")
    assert made.text.startswith(text)
    assert made.complete or not ended


def test_the_table_is_as_long_as_it_was_meant_to_be() -> None:
    assert len(ODD) >= 57


def test_a_message_that_comes_whole_keeps_all_its_blocks_and_its_usage() -> None:
    source = {"type": "page_location", "cited_text": "x", "document_index": 0}
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search",
         "input": {"query": "a"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        {"type": "text", "text": "first", "citations": [source]},
        {"type": "hologram", "depth": [1, 2]},
        {"type": "text", "text": "last"},
    ]  # fmt: skip
    body = message(content=blocks, stop_reason="refusal", stop_details={"category": "cyber"})
    made, failure = run(by_us(Odd(body, "application/json")))

    assert failure is None
    assert [block.to_wire() for block in made.content()] == blocks
    assert (made.stop_reason, made.stop_details) == ("refusal", {"category": "cyber"})
    assert (made.usage.input_tokens, made.usage.output_tokens) == (5, 1)
    assert (made.model, made.message_id) == ("claude-x", "msg_1")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}', "overloaded"),
        (b'{"error":"upstream is gone"}', "upstream is gone"),
        (b'{"choices":[]}', "application/json"),
        (b"[]", "application/json"),
        (b"{", "application/json"),
        (message()[:-9], "application/json"),
    ],
)
def test_other_json_is_no_reply(body: bytes, words: str) -> None:
    made, failure = run(by_us(Odd(body, "application/json")))
    assert not made.has_content
    assert failure is not None
    assert words in failure.message


def test_a_message_that_comes_whole_has_its_bound_too() -> None:
    body = Body(b'{"type": "message", ', *[b" " * 1_000_000] * 5, content_type="application/json")
    small = ReadLimits(reply_bytes=3_000_000)
    _, failure = run(collect(read_reply(body.answer(Origin()), small)))
    assert failure is not None
    assert "3 MB" in failure.message


def test_who_forgets_to_stop_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_LATE_S", 0.05)

    class Hanging(Body):
        async def aiter_bytes(self) -> AsyncIterator[bytes]:
            yield sse(without("message_stop"))
            await asyncio.Event().wait()

    events, failure = run(collect(read_reply(Hanging().answer(Origin()), ReadLimits(60))))
    assert failure is None
    assert reply(events).complete
