"""A quick service for many requests: it tells what it saw, and fails as often as it is told to.

Also a command, in a process of its own: `python -m tests.shells.many_service PORT_FILE`.
"""

import asyncio
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Headers = dict[str, str]
USAGE = {"input_tokens": 20, "output_tokens": 1}


@dataclass
class Manners:
    """How it answers: how slowly, and how often not."""

    delay_s: float = 0.0
    busy: float = 0.0  # how often it is overloaded
    torn: float = 0.0  # how often a stream breaks off
    headers: Headers = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)  # by what is asked
    retry_after: str = ""  # of what is no success
    once: bool = False  # `status` holds for the first time only
    bound: int = 0  # requests at once, told in headers
    seed: int = 0
    answer: str = "answer to {}"


@dataclass
class ManyService:
    """What it saw, by the text of the last block."""

    manners: Manners = field(default_factory=Manners)
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    heads: list[Headers] = field(default_factory=list)
    succeeded: Counter[str] = field(default_factory=Counter)
    spans: list[list[float]] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    over: int = 0  # how often more were under way than the headers had left
    cut: int = 0
    cached: Counter[str] = field(default_factory=Counter)
    reads: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.manners.seed)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._one(reader, writer):
                    pass
            writer.close()
        except asyncio.CancelledError:  # the service ends
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        head = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        data = await reader.readexactly(int(head.get("content-length", 0)))
        if not first.startswith("POST"):
            writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{"data": []}'[:-1])
            await writer.drain()
            return True
        body = json.loads(data)
        self.bodies.append(body)
        self.heads.append(head)
        span = [asyncio.get_running_loop().time(), 0.0]
        self.spans.append(span)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.manners.bound and self.under_way > self.manners.bound:
            self.over += 1
        try:
            return await self._answer(body, reader, writer)
        except ConnectionError:
            self.cut += 1
            return False
        finally:
            self.under_way -= 1
            span[1] = asyncio.get_running_loop().time()

    async def _answer(
        self, body: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        manners, asked = self.manners, asked_of(body)
        headers = dict(manners.headers)
        if manners.bound:
            left = max(0, manners.bound - 0)
            headers |= limit_headers("requests", manners.bound, left)
        chance = self._random.random()
        status = manners.status.get(asked, 529 if chance < manners.busy else 200)
        if manners.delay_s:
            await asyncio.sleep(manners.delay_s)
        if reader.at_eof():
            raise ConnectionResetError
        if manners.once and asked in manners.status:
            del manners.status[asked]
        if status != 200:
            headers |= {"retry-after": manners.retry_after} if manners.retry_after else {}
            kind = {529: "overloaded_error", 429: "rate_limit_error"}.get(status, "api_error")
            error = {"type": "error", "error": {"type": kind, "message": f"no {status}"}}
            write_whole(writer, status, headers, json.dumps(error).encode())
            await writer.drain()
            return True
        events = stream_of(body, manners.answer.replace("{}", asked), self._usage(body))
        if manners.busy <= chance < manners.busy + manners.torn:
            write_whole(writer, 200, headers, events[: len(events) // 2], len(events))
            await writer.drain()
            return False
        write_whole(writer, 200, headers, events)
        self.succeeded[asked] += 1
        await writer.drain()
        return True

    def _usage(self, body: dict[str, Any]) -> dict[str, int]:
        """Count reads of the cache: what stands before a mark, byte for byte."""
        prefix = marked_prefix(body)
        read = 3000 if prefix and self.cached[prefix] else 0
        if prefix:
            self.cached[prefix] += 1
        self.reads.append(read)
        return {
            **USAGE,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": 3000 if prefix and not read else 0,
        }


def asked_of(body: dict[str, Any]) -> str:
    """Give the last word-run that was asked: what the item put there."""
    last = [message for message in body["messages"] if message["role"] == "user"][-1]
    content = last["content"]
    text = content if isinstance(content, str) else content[-1].get("text", "")
    return str(text).strip()


def marked_prefix(body: dict[str, Any]) -> str:
    """Write what stands before the last mark for the cache; empty where there is none."""
    parts: list[Any] = []
    end = 0
    system = body.get("system") or []
    blocks = [*([system] if isinstance(system, str) else system)]
    blocks += [block for message in body["messages"] for block in message["content"]]
    for block in blocks:
        parts.append({k: v for k, v in block.items() if k != "cache_control"}
                     if isinstance(block, dict) else block)  # fmt: skip
        if isinstance(block, dict) and block.get("cache_control"):
            end = len(parts)
    end = len(parts) if body.get("cache_control") else end
    return json.dumps(parts[:end]) if end else ""


def limit_headers(kind: str, limit: int, left: int, reset: str = "2099-01-01T00:00:00Z") -> Headers:
    name = f"anthropic-ratelimit-{kind}"
    return {f"{name}-limit": str(limit), f"{name}-remaining": str(left), f"{name}-reset": reset}


def stream_of(body: dict[str, Any], text: str, usage: dict[str, int]) -> bytes:
    """Write a whole reply as events."""
    message = {
        "id": f"msg_{abs(hash(text)):x}", "type": "message", "role": "assistant",
        "model": body["model"], "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": usage,
    }  # fmt: skip
    half = len(text) // 2
    values: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0,
             "delta": {"type": "text_delta", "text": part}}
            for part in (text[:half], text[half:])
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
         "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]  # fmt: skip
    return "".join(f"event: {v['type']}\ndata: {json.dumps(v)}\n\n" for v in values).encode()


def write_whole(
    writer: asyncio.StreamWriter, status: int, headers: Headers, body: bytes, length: int = 0
) -> None:
    kind = "text/event-stream" if status == 200 else "application/json"
    given = {"content-type": kind, "content-length": str(length or len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    writer.write(f"HTTP/1.1 {status} OK\r\n{lines}\r\n".encode() + body)


@contextmanager
def many_service(manners: Manners | None = None) -> Iterator[ManyService]:
    """Serve on loopback, from a thread of its own."""
    service = ManyService(manners or Manners())
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(service.serve, "127.0.0.1", 0))
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        asyncio.run_coroutine_threadsafe(_end_all(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end_all(server: asyncio.Server) -> None:
    server.close()
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # one that had just connected begins now
