"""What is fuzzed: whatever bytes come in, only our own errors come out, and what came is usable.

To add a target, write a class with `seeds` and `check` and name it in `TARGETS`. `check` raises
what it finds. An input that found something is kept in `seeds/NAME` and tried first ever after.
"""

import io
import json
import math
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_answer
from chatrepl.api.prices import price
from chatrepl.api.reader import ReadLimits, read_reply
from chatrepl.attachments.attach import from_bytes
from chatrepl.attachments.limits import limits_of
from chatrepl.commands.registry import REGISTRY
from chatrepl.commands.slash import complete_line, split
from chatrepl.config.load import load as load_config
from chatrepl.config.show import describe, example
from chatrepl.core.catalog import OFFICIAL, Catalog, of_server
from chatrepl.core.errors import ChatreplError, ConfigError
from chatrepl.core.exchange.request import Ask, build_request
from chatrepl.core.foreign_json import read_json
from chatrepl.core.model_names import resolve
from chatrepl.core.models import find
from chatrepl.core.spending import GROUPINGS, Spending
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.markdown import to_markdown
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.wire import encode
from chatrepl.demo.engine import Engine
from chatrepl.pages.model_list import model_list
from chatrepl.pages.usage_list import UsageQuestion, look_at, usage_facts, usage_list
from chatrepl.storage.accounts import Accounts, Running
from chatrepl.storage.importing import read_messages
from chatrepl.storage.library import list_entries
from chatrepl.storage.read import load_bytes
from chatrepl.storage.records import line, loads, turn_from_record, turn_to_record
from chatrepl.storage.search import search
from chatrepl.terminal.keys.typing import Typing
from chatrepl.terminal.markdown.highlight import style_of
from chatrepl.terminal.sanitize.text import display
from chatrepl.terminal.views.json_lines import write_json
from tests.api.helpers import Body, collect, reply, run
from tests.attachments.pictures import FORMS, pdf, photo, png
from tests.commands.playing import Player, probe
from tests.commands.trimmer import TOOLS
from tests.soak import fuzz_loader, render_fuzz, sanitize_fuzz, sse_fuzz
from tests.terminal.keys.model import fault as keys_fault
from tests.terminal.sanitize.hostile import samples
from tests.terminal.stream.harness import faults
from tests.terminal.stream.texts import corpus

SEEDS: Final = Path(__file__).parent / "seeds"
_HERE: Final = Origin("https://fuzz.example", "claude-x")
_MODEL: Final = "claude-opus-5-5"


@dataclass(frozen=True)
class Target:
    """One thing to fuzz: what to begin with, words of its language, and the check."""

    seeds: Callable[[], Sequence[bytes]]
    check: Callable[[bytes], None]
    tokens: Sequence[bytes] = ()


def dice_of(data: bytes) -> random.Random:
    """Give the same dice for the same input."""
    return random.Random(data)


def _finite(body: bytes) -> Any:
    value = json.loads(body, parse_constant=_refuse)
    assert json.dumps(value, allow_nan=False).encode()
    return value


def _refuse(constant: str) -> None:
    raise AssertionError(constant)


def _sendable(conversation: Conversation) -> None:
    """The next request can be made, and holds a question at its end, perhaps a prompt behind it."""
    roles = [message["role"] for message in _finite(probe(conversation))["messages"]]
    assert "user" in roles[-2:]
    assert "assistant" not in roles[-1:]


def sanitiser(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    assert not (wrong := sanitize_fuzz.fault(text, dice_of(data))), wrong


def stream(data: bytes) -> None:
    """Read a stream whole and in pieces: the same comes of it, and it is kept and sent again."""
    made = []
    for chunks in ([data], sse_fuzz.chunks(data, dice_of(data))):
        pieces = [chunk for chunk in chunks if isinstance(chunk, bytes)]
        events, error = run(collect(read_reply(Body(*pieces).answer(_HERE), ReadLimits(5))))
        made.append((reply(events), str(error)))
    assert made[0] == made[1]
    answer = made[0][0]
    blocks = answer.content()
    to_markdown(blocks)
    turn = Turn(TurnId("t"), None, (Message.user("Well?"), Message("assistant", blocks, "m")))
    again = turn_from_record(loads(line(turn_to_record(turn))))
    assert again == turn
    _sendable(Conversation().add(again))
    encode(answer.usage_wire)


def error_body(data: bytes) -> None:
    for status in (400, 429, 500, 599):
        error = from_answer(status, {}, data, _HERE)
        assert error.message
        assert len(error.message) < 2000


def config(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_bytes(data)
        try:
            loaded = load_config(environ={}, path=path)
        except ConfigError:
            return
    describe(loaded)
    settings = loaded.settings
    request = build_request(Conversation(), settings, find(_MODEL), Message.user("Hi"), Ask())
    _finite(request.encode())


def journal(data: bytes) -> None:
    loaded = load_bytes(data)
    conversation = loaded.conversation
    path = conversation.path()
    records = b"".join(line(turn_to_record(turn)) for turn in path)
    assert load_bytes(records).conversation.path() == path
    _sendable(conversation)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "one.jsonl").write_bytes(data)
        list_entries(Path(folder))
        search(Path(folder), "w1")


def importer(data: bytes) -> None:
    try:
        conversation = read_messages(data.decode("utf-8", "replace")).conversation
    except ChatreplError:
        return
    assert conversation.path()
    _sendable(conversation)


def markdown(data: bytes) -> None:
    """Show a text as a stream and at once: the same rows, in any window."""
    style_of.cache_clear()  # rich lets a style keep the colours of the first terminal it met
    text, dice = display(data.decode("utf-8", "replace"))[:_MOST_SHOWN], dice_of(data)
    pieces, at = [], 0
    while at < len(text):
        at += len(piece := text[at : at + dice.choice((1, 3, 8, 40))])
        pieces.append(piece)
    width, height = dice.choice(render_fuzz.SIZES + render_fuzz.ODD)
    assert not (wrong := faults(text, pieces, width, height)), (width, height, wrong)


def keys(data: bytes) -> None:
    """Let a terminal report things between keys: letters in, letters out; and any bytes at all."""
    assert not (wrong := keys_fault(dice_of(data))), wrong
    typing = Typing()
    for piece in sse_fuzz.chunks(data, dice_of(data)):
        if isinstance(piece, bytes):
            typing.feed(piece)


_MOST_SHOWN: Final = 4000
_BEYOND: Final = frozenset(
    {"export", "import", "save", "load", "delete", "image", "paste", "doctor"}
)


def arguments(data: bytes) -> None:
    """Give commands any arguments: each does something, or says in words why not."""
    player, said = Player(), list[str]()
    player.say("demo: say one")
    for text in data.decode("utf-8", "surrogateescape").split("\n")[:4]:
        try:
            named = REGISTRY.find(split(text)[0].removesuffix("!")).name
            complete_line(player.session, f"/{text.removeprefix('/')}")
            if named not in _BEYOND and "@" not in text:
                player.do(text)
        except ChatreplError as error:
            said.append(error.message)
    assert all(said)
    _sendable(player.session.conversation)


def attachment(data: bytes) -> None:
    try:
        attached = from_bytes(data, "fuzz", limits=limits_of(find(_MODEL)))
    except ChatreplError:
        return
    assert attached.chip
    _finite(encode(attached.block.to_wire()).encode())


def models(data: bytes) -> None:
    value = read_json(data)
    infos = value.get("data") if isinstance(value, dict) else value
    catalog = Catalog().merge(infos if isinstance(infos, list) else [], now=1.0)
    wire = json.loads(json.dumps(catalog.to_wire()))
    assert set(of_server(OFFICIAL, wire, {})) == set(catalog)
    for id_ in list(catalog)[:20]:
        model = catalog.describe(id_)
        assert resolve(id_, catalog) == id_
        request = build_request(Conversation(), _SETTINGS, model, Message.user("Hi"), Ask())
        _finite(request.encode())
    model_list(catalog.values(), find(_MODEL), lambda _id, _tokens: None)
    of_server(OFFICIAL, value if isinstance(value, dict) else {}, {})


_SETTINGS: Final = load_config(environ={}).settings
_WHEN: Final = 1_790_000_000.0


def ledger(data: bytes) -> None:
    """Put anything into the ledger, piece by piece: what stands around it counts, and once."""
    first, last = (Spending(f"!{name}", _WHEN, _MODEL, Usage(7, 3)) for name in "ab")
    with tempfile.TemporaryDirectory() as folder:
        accounts = Accounts.of(Path(folder))
        running, since = Running(accounts, price), date(2020, 1, 1)
        assert accounts.enter(first)
        (path,) = accounts.files()
        cuts = sorted(dice_of(data).choices(range(len(data) + 1), k=4))
        for begin, end in pairwise((0, *cuts, len(data))):
            with path.open("ab") as file:
                file.write(data[begin:end])
            running.since(since)
        assert accounts.enter(last)
        entries = list(accounts.read())
        assert entries.count(first) == entries.count(last) == 1
        assert math.isclose(running.since(since), Running(accounts, price).since(since))
        for by in GROUPINGS:
            spent = look_at(Path(folder), UsageQuestion("all", by), price, _WHEN)
            usage_list(spent)
            out = io.StringIO()
            write_json(out, usage_facts(spent))
            _finite(out.getvalue().encode())


def _spendings() -> Sequence[bytes]:
    begun = Spending("x", _WHEN, _MODEL, Usage(50, 0), "chat", at_least=True, open=True)
    entries = (
        replace(begun, held_usd=0.5),
        replace(begun, open=False, usage=Usage(50, 20, 5, 8, 2, 3), cost=Cost(0.2, 0.3)),
        replace(begun, id="msgbatch_1:a-0-b", when=_WHEN - 9e6, batch=True, open=False, fast=True),
        Spending("msgbatch_1", _WHEN + 9e6, "unknown"),
    )
    with tempfile.TemporaryDirectory() as folder:
        accounts = Accounts(Path(folder))
        for entry in entries:
            accounts.enter(entry)
        months = [path.read_bytes() for path in accounts.files()]
    return [*months, b"".join(months), b"{" + b" " * 66_000 + b"".join(months)]


def _command_lines() -> Sequence[bytes]:
    words = ("", "1", "1-3 x", "10k", "on")
    lines = [f"/{one.name} {text}" for one in REGISTRY.commands for text in words]
    return ["\n".join(lines[at : at + 3]).encode() for at in range(0, len(lines), 3)]


def _hostile() -> Sequence[bytes]:
    return [sample.text.encode("utf-8", "surrogatepass") for sample in samples()]


def _documents() -> Sequence[bytes]:
    return [text.encode() for text in corpus()]


def _pictures() -> Sequence[bytes]:
    files = [photo(form) for form in FORMS]
    return [*files, png(3, 5), pdf(3), "Grüße".encode(), "Grüße".encode("utf-16"), b"a,b\n1,2\n"]


def _lists() -> Sequence[bytes]:
    answer = Engine().handle("GET", "/v1/models", {"x-api-key": "k"}, b"")
    learned = {"https://a.example": {"fetched": 1.0, "models": [{"id": "x"}]}}
    return [answer.body, json.dumps(learned).encode(), b'{"data":[{"id":"m","max_tokens":5}]}']


_KEYS: Final = (b"hello\x1b[A", b"\x1b[200~x\x1b[201~", b"\x1b[13;2u", b"\x1b[?62;4c")
_LEDGER_WORDS: Final = (
    b"\n{", b"}\n", b" " * 65_536, b'"open":true,', b'"batch":true,', b'"at":9e11,',
    b'"at":253402300799,', b'"at":-1,', b'"usd":1e300,', b'"held_usd":NaN,',
)  # fmt: skip
_ERRORS: Final = (
    b'{"type":"error","error":{"type":"invalid_request_error","message":"messages.0: no"}}',
    b'{"detail":[{"loc":["body","max_tokens"],"msg":"too large"}]}',
    b'{"error":"plain"}',
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>",
    b"upstream connect error",
)
TARGETS: Final[Mapping[str, Target]] = MappingProxyType({
    "sanitiser": Target(_hostile, sanitiser),
    "stream": Target(sse_fuzz.seeds, stream, (b"event: ", b"data: ", b"\n\n", *sse_fuzz.GARBAGE)),
    "errors": Target(lambda: _ERRORS, error_body, (b'"message":', b"<title>", b"</title>")),
    "markdown": Target(_documents, markdown, (b"\n\n", b"> ", b"- ", b"| ", b"```")),
    "keys": Target(lambda: _KEYS, keys, (b"\x1b[", b"\x1b]", b"\x1bP", b"\x1bO", b"\x9b")),
    "config": Target(lambda: [example().replace("# ", "").encode(), b'model = "opus"\n'], config),
    "journal": Target(fuzz_loader.samples, journal, fuzz_loader.TROUBLE),
    "importer": Target(lambda: [TOOLS.encode(), b'[{"role":"user","content":"Hi"}]'], importer),
    "arguments": Target(_command_lines, arguments, (b"/", b"\n", b" -", b"!", b'"')),
    "attachments": Target(_pictures, attachment),
    "models": Target(_lists, models),
    "ledger": Target(_spendings, ledger, _LEDGER_WORDS),
})  # fmt: skip


def _kept(name: str) -> list[bytes]:
    folder = SEEDS / name
    return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []


def seeds_of(name: str) -> list[bytes]:
    """Give what a target begins with, what once found something first."""
    return [*_kept(name), *TARGETS[name].seeds()]


def keep(name: str, data: bytes) -> Path:
    """Keep an input that found something."""
    folder = SEEDS / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{random.Random(data).getrandbits(48):012x}"
    path.write_bytes(data)
    return path
