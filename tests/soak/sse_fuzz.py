"""Spoil streams in every way and read them: `python -m tests.soak.sse_fuzz --streams 20000`.

Whatever comes, reading ends with a whole reply or with one of our errors, the answer is closed,
and what was kept can be written down and sent again.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from typing import Any

import httpx2

from chatrepl.api.address import Origin
from chatrepl.api.reader import ReadLimits, read_reply
from chatrepl.core.wire import encode
from chatrepl.demo.engine import Engine
from tests.api.helpers import Body, collect, reply
from tests.demo.helpers import post

ASKED = ("hello", "demo: think", "demo: unicode", "demo: hostile", "code", "demo: stream unknown",
         "demo: count to 9", "demo: search x", "demo: stop refusal")  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, -1, 10**20, 1.5, "", "text", "\ud83d", "\ude00", "\0", [], [1], {}, {"type": 3},
    {"type": "text", "text": None}, "x" * 5000, {"a": [{"b": "\ud800"}]},
)  # fmt: skip
BREAKS = (
    httpx2.ReadError("reset"), httpx2.RemoteProtocolError("torn"), httpx2.ReadTimeout("slow"),
    httpx2.DecodingError("gzip"), OSError(5, "io"), EOFError(),
)  # fmt: skip
GARBAGE = (
    b"\xff\xfe", b"data: {\n\n", b"\n\n", b"event: error\n", b"\r", b"data: [DONE]\n\n",
    b"data: " + b"[" * 3000 + b"\n\n", b": hi\n\n", b"data: 1e999999\n\n", b"\xef\xbb\xbf",
    b'data: {"type":"error","error":{"type":"api_error","message":"no"}}\n\n',
)  # fmt: skip
HERE = Origin("https://fuzz.example", "claude-x")


def seeds() -> list[bytes]:
    """Return whole streams to spoil."""
    asked = {"model": "claude-opus-5-5", "max_tokens": 2000, "stream": True}
    return [
        post(Engine(), {**asked, "messages": [{"role": "user", "content": words}]}).body
        for words in ASKED
    ]


def _spoil_value(value: Any, dice: random.Random) -> Any:
    """Change something somewhere inside a JSON value."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        name = dice.choice(list(value))
        changed = dict(value)
        match dice.randrange(4):
            case 0:
                del changed[name]
            case 1:
                changed[name] = dice.choice(VALUES)
            case 2:
                changed[dice.choice(("type", "index", "delta", "text"))] = dice.choice(VALUES)
            case _:
                changed[name] = _spoil_value(value[name], dice)
        return changed
    return dice.choice(VALUES)


def _spoil_event(event: bytes, dice: random.Random) -> bytes:
    name, _, data = event.partition(b"\ndata: ")
    try:
        value = json.loads(data)
    except ValueError:
        return event
    return name + b"\ndata: " + json.dumps(_spoil_value(value, dice)).encode()


def spoil(stream: bytes, dice: random.Random) -> bytes:
    """Return the stream with some of everything gone wrong."""
    events = stream.split(b"\n\n")
    for _ in range(dice.randrange(5)):
        place = dice.randrange(len(events))
        match dice.randrange(6):
            case 0:
                events[place] = _spoil_event(events[place], dice)
            case 1:
                events.insert(dice.randrange(len(events)), events[place])
            case 2 if len(events) > 1:
                del events[place]
            case 3:
                other = dice.randrange(len(events))
                events[place], events[other] = events[other], events[place]
            case 4:
                events.insert(place, dice.choice(GARBAGE))
            case _:
                events[place:] = []
                events.append(b"")
    written = bytearray(b"\n\n".join(events))
    for _ in range(dice.choice((0, 0, 0, 1, 3))):
        if written:
            written[dice.randrange(len(written))] = dice.randrange(256)
    if dice.random() < 0.2:
        written = written[: dice.randrange(len(written) + 1)]
    return bytes(written)


def chunks(written: bytes, dice: random.Random) -> list[bytes | Exception]:
    """Cut the bytes anywhere, and let the connection break now and then."""
    cuts = sorted(dice.randrange(len(written) + 1) for _ in range(dice.choice((0, 1, 5, 40))))
    parts: list[bytes | Exception] = [
        written[a:b] for a, b in zip([0, *cuts], [*cuts, len(written)], strict=True)
    ]
    if dice.random() < 0.2:
        parts.insert(dice.randrange(len(parts) + 1), dice.choice(BREAKS))
    return parts


async def read_one(stream: bytes, dice: random.Random) -> str:
    """Spoil and read one stream; return how it ended. Raises where a promise is broken."""
    body = Body(*chunks(spoil(stream, dice), dice))
    events, error = await collect(read_reply(body.answer(HERE), ReadLimits(5)))
    made = reply(events)
    assert body.closed
    assert made.complete is (error is None)
    for block in made.content():
        encode(dict(block.to_wire())).encode()
    made.text.encode()
    encode(made.usage.to_wire())
    return "whole" if error is None else str(error.kind)


async def read_many(count: int, seed: int) -> Counter[str]:
    """Read `count` spoilt streams; return how they ended."""
    whole = seeds()
    ended: Counter[str] = Counter()
    for number in range(count):
        dice = random.Random(f"{seed}/{number}")
        try:
            ended[await read_one(dice.choice(whole), dice)] += 1
        except BaseException as error:
            error.add_note(f"seed {seed}, stream {number}")
            raise
    return ended


def main(arguments: list[str] | None = None) -> None:
    """Read streams and print how they ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    ended = asyncio.run(read_many(chosen.streams, chosen.seed))
    lines = [f"{count:7} {how}" for how, count in ended.most_common()]
    sys.stdout.write("\n".join([*lines, f"{time.monotonic() - began:.1f} s", ""]))


if __name__ == "__main__":
    main()
