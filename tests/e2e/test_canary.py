"""A server that repeats our key wherever it can: no byte of it is shown or kept.

The key looks like no key of any service, so that nothing but knowing it can hide it.
"""

import json
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import Served
from tests.e2e.piped import Desk
from tests.e2e.terminal import Terminal
from tests.e2e.test_chat import FIRST, PROMPT
from tests.faults.nursery import Nursery

KEY = "canary/Zq7-0123456789+abcdef"
FORMS = ("md", "json", "html", "curl", "python")
USAGE = {"input_tokens": 5, "output_tokens": 1}
Answer: TypeAlias = tuple[int, Mapping[str, str], bytes]
STREAM = {"content-type": "text/event-stream"}


def event(kind: str, name: str = "", **fields: Any) -> str:
    return f"event: {name or kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"


def start(**more: Any) -> str:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x"}
    return event("message_start", message={**message, "content": [], "usage": USAGE, **more})


def block(start: Any, *deltas: Any) -> str:
    pieces = "".join(event("content_block_delta", index=0, delta=delta) for delta in deltas)
    opened = event("content_block_start", index=0, content_block=start)
    return f"{opened}{pieces}{event('content_block_stop', index=0)}"


def text(words: str) -> str:
    return block({"type": "text", "text": ""}, {"type": "text_delta", "text": words})


def pieces(kind: str, key: str, size: int = 5) -> str:
    words = f"It is {KEY}, you know."
    parts = [words[at : at + size] for at in range(0, len(words), size)]
    return block({"type": kind, key: ""}, *({"type": f"{kind}_delta", key: p} for p in parts))


def end(**more: Any) -> str:
    delta = {"stop_reason": "end_turn", "stop_sequence": None, **more}
    return event("message_delta", delta=delta, usage={"output_tokens": 5}) + event("message_stop")


def streamed(*parts: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return 200, {**STREAM, **named}, "".join(parts).encode()


def refused(status: int, body: Any, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    written = body if isinstance(body, str) else json.dumps(body)
    return status, {"content-type": "application/json", **named}, written.encode()


def escaped(body: str) -> str:
    return body.replace(KEY, "".join(f"\\u{ord(letter):04x}" for letter in KEY))


SOURCE = {"type": "web_search_result_location", "url": f"https://h/{KEY}", "title": KEY,
          "cited_text": KEY}  # fmt: skip
FINE = text("fine")
PLACES: dict[str, Answer] = {
    "request-id": streamed(start(), FINE, end(), request_id=KEY),
    "other headers": streamed(start(), FINE, end(), server=KEY, x_note=KEY, retry_after=KEY),
    "id": streamed(start(id=KEY), FINE, end()),
    "model": streamed(start(model=KEY), FINE, end()),
    "usage": streamed(start(usage={**USAGE, KEY: 1, "service_tier": KEY}), FINE, end()),
    "diagnostics": streamed(start(diagnostics={KEY: {"reason": KEY}}), FINE, end()),
    "container": streamed(start(container={"id": KEY, "expires_at": KEY}), FINE, end()),
    "event": streamed(start(), event("ping", KEY), event(KEY, KEY), FINE, end()),
    "text": streamed(start(), text(f"It is {KEY}."), end()),
    "escaped text": streamed(escaped(start() + text(f"It is {KEY}.") + end())),
    "text in pieces": streamed(start(), pieces("text", "text"), end()),
    "letters of a text": streamed(start(), pieces("text", "text", 1), end()),
    "thinking in pieces": streamed(start(), pieces("thinking", "thinking"), FINE, end()),
    "first text": streamed(start(content=[{"type": "text", "text": KEY}]), end()),
    "thinking": streamed(start(), block({"type": "thinking", "thinking": "", "signature": ""},
                         {"type": "thinking_delta", "thinking": KEY},
                         {"type": "signature_delta", "signature": KEY}), FINE, end()),
    "kind of block": streamed(start(), block({"type": KEY, KEY: KEY}), FINE, end()),
    "kind of delta": streamed(start(), block({"type": "chart"}, {"type": KEY, "y": KEY}), end()),
    "tool": streamed(start(), block({"type": "tool_use", "id": KEY, "name": KEY, "input": {}},
                     {"type": "input_json_delta", "partial_json": json.dumps({KEY: KEY})}), end()),
    "source": streamed(start(), block({"type": "text", "text": ""},
                       {"type": "citations_delta", "citation": SOURCE},
                       {"type": "text_delta", "text": "said"}), end()),
    "stop": streamed(start(), FINE, end(stop_reason=KEY, stop_sequence=KEY)),
    "refusal": streamed(start(), FINE, end(stop_reason="refusal",
                        stop_details={"category": KEY, "explanation": KEY})),
    "error in the stream": streamed(start(), FINE, event("error", error={
                        "type": KEY, "message": f"no {KEY}"}, request_id=KEY)),
    "torn": streamed(start(), text(KEY), 'data: {"type": "' + KEY),
    "whole message": refused(200, {"type": "message", "role": "assistant", "id": KEY, "model": KEY,
                             "content": [{"type": "text", "text": KEY}], "usage": USAGE}),
    "error": refused(400, {"type": "error", "error": {"type": KEY, "message": f"bad {KEY}",
                     "details": {"error_code": KEY}}, "request_id": KEY}, request_id=KEY),
    "401": refused(401, {"error": {"type": "authentication_error", "message": f"invalid {KEY}"}}),
    "escaped error": refused(429, escaped(json.dumps({"error": {"message": KEY, "type": KEY}}))),
    "detail": refused(422, {"detail": [{"loc": ["body", KEY], "msg": KEY}]}),
    "any field": refused(500, {KEY: {KEY: [KEY]}, "x": KEY}),
    "plain words": refused(503, f"upstream refused {KEY}"),
    "page": refused(502, f"<html><head><title>{KEY}</title></head><body>{KEY}</body></html>"),
    "kind of content": (200, {"content-type": f"text/{KEY}"}, b"hello"),
    "redirect": refused(302, "", location=f"https://h.example/{KEY}"),
    "host of a redirect": refused(302, "", location=f"https://{KEY.replace('/', '.')}/x"),
}  # fmt: skip


class Echo(ThreadingHTTPServer):
    """A server with one answer for questions; its list of models is made of the key, too."""

    answer: Answer = streamed(start(), FINE, end())
    seen: int = 0
    asked: tuple[str, ...] = ()  # the names of requests in the last batch

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


def _batch(status: str) -> dict[str, Any]:
    counts = {"succeeded": 2, KEY: 3}
    return {"id": "msgbatch_1", "type": KEY, "processing_status": status, "request_counts": counts,
            "created_at": "2026-11-28T10:00:00Z", "expires_at": KEY, KEY: KEY}  # fmt: skip


def _results(names: tuple[str, ...]) -> bytes:
    """Answer each request of a batch in another way, and one that nobody made."""
    message = {"id": KEY, "type": "message", "role": "assistant", "model": KEY, "usage": USAGE,
               "stop_reason": "end_turn", "content": [{"type": "text", "text": f"It is {KEY}."},
               {"type": KEY, KEY: KEY}]}  # fmt: skip
    error = {"type": "error", "error": {"type": KEY, "message": f"bad {KEY}"}}
    kinds = (
        {"type": "succeeded", "message": message},
        {"type": "errored", "error": error},
        {"type": KEY},
        {"type": "succeeded", "message": {**message, "stop_reason": KEY}},
    )
    named = zip((*names, KEY), kinds * len(names), strict=False)
    lines = (json.dumps({"custom_id": name, "result": result}) for name, result in named)
    return "".join(f"{line}\n" for line in lines).encode()


class _Handler(BaseHTTPRequestHandler):
    server: Echo

    def do_GET(self) -> None:
        if self.path.endswith("/results"):
            self._out((200, {"content-type": "application/x-jsonl"}, _results(self.server.asked)))
            return
        if "/batches" in self.path:
            listed = {"data": [_batch("ended"), _batch(KEY)], "has_more": False, "last_id": KEY}
            self._out(refused(200, listed if "limit=" in self.path else _batch("ended")))
            return
        info = {"id": f"model-{KEY}", "display_name": KEY, "type": KEY, "created_at": KEY}
        named = {"id": "claude-sonnet-5-5", "display_name": KEY, "lifecycle": KEY}
        self._out(refused(200, {"data": [info, named], KEY: KEY}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        sent = self.headers.as_string()
        self.server.seen += KEY in sent
        if self.path.endswith("/batches"):
            self.server.asked = tuple(one["custom_id"] for one in json.loads(body)["requests"])
        is_batch = "/batches" in self.path
        self._out(refused(200, _batch(KEY)) if is_batch else self.server.answer)

    def do_HEAD(self) -> None:
        self._out((200, {"date": KEY}, b""))

    def _out(self, answer: Answer) -> None:
        status, headers, body = answer
        self.send_response(status, KEY if status == 200 else None)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's word
        pass


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def desk(tmp_path: Path, echo: Echo, nursery: Nursery) -> Desk:
    return replace(Desk(tmp_path, Served(echo.url, Engine())), nursery=nursery)


def leaks(home: Path, *said: str) -> list[str]:
    """Name all that holds the key: what was said, and files below the home."""
    files = {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    texts = {f"said {number}": words.encode() for number, words in enumerate(said)}
    keys = {form.encode() for form in (KEY, KEY.replace("/", "\\/"), KEY.replace("/", "%2F"))}
    return [name for name, data in (files | texts).items() if any(key in data for key in keys)]


Source: TypeAlias = Callable[[Path], dict[str, str | None]]


def _in_headers(home: Path) -> dict[str, str | None]:
    return {"ANTHROPIC_API_KEY": None, "CHATREPL_HEADERS": f"x-team: {KEY}"}


def _by_command(home: Path) -> dict[str, str | None]:
    command = shlex.join([sys.executable, "-c", f"print('{KEY[:9]}' + '{KEY[9:]}')"])
    return {"ANTHROPIC_API_KEY": None, "CHATREPL_API_KEY_COMMAND": command}


SOURCES: dict[str, Source] = {
    "key": lambda _: {"ANTHROPIC_API_KEY": KEY},
    "quoted key": lambda _: {"ANTHROPIC_API_KEY": f'"{KEY}"'},
    "token": lambda _: {"ANTHROPIC_API_KEY": None, "ANTHROPIC_AUTH_TOKEN": KEY},
    "headers": _in_headers,
    "headers of the SDK": lambda _: {"ANTHROPIC_CUSTOM_HEADERS": f"X-Mine: {KEY}"},
    "command": _by_command,
}


@pytest.mark.parametrize("place", PLACES)
def test_a_key_that_a_server_repeats_is_in_no_byte(desk: Desk, echo: Echo, place: str) -> None:
    echo.answer = PLACES[place]
    env = {"ANTHROPIC_API_KEY": KEY, "CHATREPL_HEAD_START": "true"}
    for args in ((), ("-o", "json"), ("-o", "jsonl", "--save", "kept"), ("-r", "kept")):
        done = desk.run("hello", "-v", *args, env=env)
        assert "this is a bug" not in done.err
        assert leaks(desk.home, done.out, done.err) == []
    by_the_sdk = desk.run("hello", "-v", "-o", "json", env={**env, "CHATREPL_HEAD_START": "false"})
    assert leaks(desk.home, by_the_sdk.out, by_the_sdk.err) == []
    assert echo.seen >= 5


@pytest.mark.parametrize("source", SOURCES)
def test_wherever_a_key_comes_from_it_is_known(desk: Desk, echo: Echo, source: str) -> None:
    env = SOURCES[source](desk.home)
    for place in ("text", "error", "kind of block"):
        echo.answer = PLACES[place]
        done = desk.run("hello", "-v", "-o", "json", "--save", place, env=env)
        assert leaks(desk.home, done.out, done.err) == []
    assert echo.seen >= 3
    for page in (("--models",), ("--models", "-o", "json"), ("--doctor",), ("--dry-run", "hi")):
        done = desk.run(*page, env=env)
        assert leaks(desk.home, done.out, done.err) == []


ITEMS = b"one\ntwo\nthree\nfour\n"
MANY: dict[str, tuple[str, ...]] = {
    "each": ("--each", "{}"),
    "each, a state": ("--each", "-o", "jsonl", "--out", "each.jsonl", "{}"),
    "rows": ("--each", "--rows", "name, age int", "--out", "rows.csv", "{}"),
    "batch": ("--each", "--batch", "--out", "batch.txt", "{}"),
    "batch, objects": ("--each", "--batch", "-o", "jsonl", "--out", "batch.jsonl", "{}"),
    "models": ("-m", "sonnet,haiku", "why?"),
    "samples": ("-n", "2", "-o", "jsonl", "why?"),
    "own command": ("-T", "mine", "why?"),
    "aside": ("-r", "kept", "--aside", "why?", "-o", "json"),
    "spent": ("--usage", "all", "--by", "model"),
    "spent, objects": ("--usage", "all", "--by", "conversation", "-o", "json"),
    "batches": ("--batches",),
    "batches, objects": ("--batches", "-o", "json"),
    "results": ("--fetch", "msgbatch_1"),
    "results, objects": ("--fetch", "msgbatch_1", "-o", "jsonl"),
    "cancelled": ("--cancel", "msgbatch_1", "-o", "json"),
}


@pytest.mark.parametrize("place", ["text", "kind of block"])
def test_no_room_that_asks_much_or_counts_keeps_a_key_that_a_server_repeats(
    desk: Desk, echo: Echo, place: str
) -> None:
    folder = desk.home / ".config" / "chatrepl" / "commands"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "mine.md").write_text("Say why: $ARGUMENTS")
    env = {"ANTHROPIC_API_KEY": KEY}
    desk.run("hello", "--save", "kept", env=env)
    echo.answer = PLACES[place]
    for what, args in MANY.items():
        is_read = "--each" in args
        done = desk.run(*args, stdin=ITEMS if is_read else b"", env=env)
        assert "Traceback" not in done.err, what
        assert "bug in chatrepl" not in done.err + done.out, what
        assert leaks(desk.home, done.out, done.err) == [], what
    assert echo.seen > len(MANY)
    assert len(echo.asked) == 4
    assert list((desk.home / ".local" / "state" / "chatrepl" / "ledger").glob("*.jsonl"))


@contextmanager
def chatting(home: Path, url: str) -> Iterator[Terminal]:
    env = {"HOME": str(home), "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": url,
           "CHATREPL_RETRIES": "0", "ANTHROPIC_LOG": "debug"}  # fmt: skip
    argv = [sys.executable, "-m", "chatrepl"]
    with Terminal(argv, columns=100, rows=40, env=env) as terminal:
        terminal.wait_for(FIRST)
        yield terminal


def test_no_byte_of_a_key_is_on_the_screen_of_a_chat_or_in_what_it_leaves(
    tmp_path: Path, echo: Echo
) -> None:
    with chatting(tmp_path, echo.url) as terminal:
        for place in ("text", "tool", "source", "error", "kind of block", "error in the stream"):
            echo.answer = PLACES[place]
            terminal.send("hello").keys("enter").settle(0.4)
            terminal.keys("c-c").wait_for(PROMPT)
        exports = (f"/export {form} {tmp_path}/{form}" for form in FORMS)
        pages = (
            "/history",
            "/config",
            "/doctor",
            "/models",
            "/context",
            "/usage",
            "/context exact",
            "/request",
            "/request 1",
            "/btw why?",
            "/btw",
            "/compare sonnet haiku -- why?",
        )
        for line in (*pages, *exports, f"my key is {KEY}"):
            terminal.send(line).keys("enter").settle(0.4)
        terminal.send("n").keys("enter").settle(0.4)
        shown = terminal.everything()
        terminal.keys("c-c").settle(0.2).keys("c-d")
        assert terminal.wait_exit() == 0
    assert "[hidden]" in shown
    assert all((tmp_path / form).exists() for form in FORMS)
    assert "the key of this chat" in shown
    assert leaks(tmp_path, shown.replace(f"my key is {KEY}", "")) == []
