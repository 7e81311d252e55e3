"""What is fuzzed: whatever bytes come in, only our own errors come out, and what came is usable.

To add a target, write a class with `seeds` and `check` and name it in `TARGETS`. `check` raises
what it finds. An input that found something is kept in `seeds/NAME` and tried first ever after.
"""

import json
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_answer
from chatrepl.api.reader import ReadLimits, read_reply
from chatrepl.attachments.attach import from_bytes
from chatrepl.attachments.limits import limits_of
from chatrepl.commands.registry import REGISTRY, split
from chatrepl.config.load import load as load_config
from chatrepl.config.show import describe, example
from chatrepl.core.catalog import OFFICIAL, Catalog, of_server
from chatrepl.core.errors import ChatreplError, ConfigError
from chatrepl.core.exchange.request import Ask, build_request
from chatrepl.core.foreign_json import read_json
from chatrepl.core.model_names import resolve
from chatrepl.core.models import find
from chatrepl.core.talk.conversation import Conversation, Message, Turn, TurnId
from chatrepl.core.talk.markdown import to_markdown
from chatrepl.core.wire import encode
from chatrepl.demo.engine import Engine
from chatrepl.pages.model_list import model_list
from chatrepl.storage.importing import read_messages
from chatrepl.storage.library import list_entries, search
from chatrepl.storage.read import load_bytes
from chatrepl.storage.records import line, loads, turn_from_record, turn_to_record
from chatrepl.terminal.keys.typing import Typing
from chatrepl.terminal.markdown.highlight import style_of
from chatrepl.terminal.sanitize.text import display
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
            REGISTRY.complete(player.session, f"/{text.removeprefix('/')}")
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
