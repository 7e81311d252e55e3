"""What an MCP server says, as values of ours: nothing of it is believed, all of it is bounded.

Everything here takes JSON as it came. Names fit the service's rule, schemas are such that a request
is not refused for them, hidden characters are left out, and what is too long is cut and says so.
"""

import base64
import binascii
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Final, TypeAlias

from chatrepl.core.characters import without_hidden
from chatrepl.core.errors import ChatreplError, ToolError
from chatrepl.core.foreign_json import tame
from chatrepl.core.talk.blocks import Block, DocumentBlock, ImageBlock, TextBlock
from chatrepl.core.talk.traces import CUT
from chatrepl.core.tools import (
    FIELD_NAME,
    LONGEST_NAME,
    NOT_AT_THE_TOP,
    McpServer,
    Tool,
    ToolAnswer,
)
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

MOST_TOOLS: Final = 256
MOST_TEXT: Final = 262_144  # characters of one answer
MOST_PICTURES: Final = 20
MOST_FILE_BYTES: Final = 3_700_000  # 5 MB in base64, as the service counts them
_LONGEST_DESCRIPTION: Final = 10_000
_LARGEST_SCHEMA: Final = 65_536
_DEEPEST_SCHEMA: Final = 40
_UNNAMEABLE: Final = re.compile(r"[^a-zA-Z0-9_-]+")
_PROPERTY: Final = re.compile(FIELD_NAME)
_KINDS: Final = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
Judge: TypeAlias = Callable[[Wire], str]
Pictures: TypeAlias = Callable[[bytes], tuple[Block, ...]]


@frozen
class OfferedTools:
    """The tools of a server that can be used; `originals` are their names as the server has them.

    `remark` says what was left out, and why.
    """

    tools: tuple[Tool, ...] = ()
    originals: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""


def usable_name(name: str, taken: Iterable[str] = ()) -> str:
    """Make a name that the service takes, and that is not taken."""
    base = _UNNAMEABLE.sub("_", name)[:LONGEST_NAME] or "tool"
    taken, unique, count = set(taken), base, 2
    while unique in taken:
        unique = f"{base[: LONGEST_NAME - len(str(count)) - 1]}_{count}"
        count += 1
    return unique


def offered_tools(server: McpServer, listed: Sequence[Wire], judge: Judge) -> OfferedTools:
    """Choose of what a server lists; `judge` says what is wrong with a schema, or nothing."""
    once = dict[Any, Wire]()
    for entry in listed:
        once.setdefault(entry.get("name"), entry)
    chosen = [entry for entry in once.values() if _is_wanted(server, entry)]
    tools, originals, unfit = list[Tool](), dict[str, str](), list[str]()
    for entry in chosen[:MOST_TOOLS]:
        name = str(entry["name"])
        schema = usable_schema(entry.get("inputSchema"))
        if schema is None or judge(schema):
            unfit.append(name)
            continue
        short = usable_name(name, originals)
        originals[short] = name
        tools.append(Tool(short, _description(entry), schema, server.name, server.approve))
    remarks = [f"{len(chosen):,} tools: the first {MOST_TOOLS} are used"] * (
        len(chosen) > MOST_TOOLS
    )
    if unfit:
        remarks.append(f"left out for a schema that the service refuses: {_listed(unfit)}")
    absent = [name for name in server.tools if name not in {entry.get("name") for entry in listed}]
    if absent:
        remarks.append(f"there is no tool {_listed(absent)}")
    words = f"{server.name}: {'; '.join(remarks)}." if remarks else ""
    return OfferedTools(tuple(tools), originals, words)


def _is_wanted(server: McpServer, entry: Wire) -> bool:
    name = entry.get("name")
    if not isinstance(name, str) or not name or name in server.deny:
        return False
    return not server.tools or name in server.tools


def _description(entry: Wire) -> str:
    words = entry.get("description") or entry.get("title") or ""
    return clean(words)[:_LONGEST_DESCRIPTION] if isinstance(words, str) else ""


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(flat(name, 64) for name in names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown


def usable_schema(schema: object) -> Wire | None:
    """Give the schema of an input as the service takes it; None where it cannot be one."""
    if not isinstance(schema, Mapping) or schema.get("type", "object") != "object":
        return None
    decoded = tame(schema, _DEEPEST_SCHEMA)
    text = json.dumps(decoded.value, ensure_ascii=False)
    if decoded.left_out or len(text) > _LARGEST_SCHEMA:
        return None
    plain = json.loads(without_hidden(text)[0])
    properties = plain.get("properties", {})
    if not isinstance(properties, dict) or not all(map(_PROPERTY.fullmatch, properties)):
        return None
    kept = {key: value for key, value in plain.items() if key not in NOT_AT_THE_TOP}
    return {**kept, "type": "object"}


def clean(text: str) -> str:
    """Leave out what nobody sees, and what is no character."""
    return without_hidden(text.encode("utf-8", "replace").decode())[0]


def flat(text: object, longest: int = 200) -> str:
    """Write what a server said in one line, for people."""
    line = " ".join(clean(str(text)).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def answer_of(result: Wire, pictures: Pictures) -> ToolAnswer:
    """Read what a call came to; `pictures` makes blocks of a picture's bytes."""
    content = result.get("content")
    blocks = list(blocks_of(content if isinstance(content, list) else [], pictures))
    structured = result.get("structuredContent")
    if structured is not None and not any(isinstance(block, TextBlock) for block in blocks):
        text = json.dumps(tame(structured).value, ensure_ascii=False)
        blocks[:0] = blocks_of([{"type": "text", "text": text}], pictures)
    return ToolAnswer(tuple(blocks) or (TextBlock("(no output)"),), bool(result.get("isError")))


def blocks_of(content: Iterable[object], pictures: Pictures) -> Iterator[Block]:
    """Read the parts of an answer or a message, up to the limits of one."""
    room, others = MOST_TEXT, 0
    parts = (item for item in content if isinstance(item, Mapping))
    for block in itertools.chain.from_iterable(_blocks(item, pictures) for item in parts):
        if not isinstance(block, TextBlock):
            others += 1
            if others <= MOST_PICTURES:
                yield block
        elif room:
            text, rest = block.text, len(block.text) - room
            room = max(0, -rest)
            cut = f"{text[:-rest]}\n{CUT}: {rest:,} characters more]"
            yield TextBlock(cut) if rest > 0 else block


def _blocks(item: Wire, pictures: Pictures) -> tuple[Block, ...]:
    match item.get("type"):
        case "text":
            text = item.get("text")
            return _text(text) if isinstance(text, str) and text.strip() else ()
        case "image":
            return _bytes(decoded_blob(item.get("data")), "an image", item, pictures)
        case "audio":
            return _text(f"[audio that cannot be heard here: {_kind(item)}]")
        case "resource":
            resource = item.get("resource")
            return _resource(resource, pictures) if isinstance(resource, Mapping) else ()
        case "resource_link":
            about = ": ".join(filter(None, (flat(item.get("uri", "")), _about(item))))
            return _text(f"[resource {about}]")
        case other:
            return _text(f"[{flat(other, 40)}: a part that is not understood]")


def _text(text: str) -> tuple[Block, ...]:
    return (TextBlock(text.encode("utf-8", "replace").decode()),)


def _about(item: Wire) -> str:
    words = (item.get("title") or item.get("name"), item.get("description"))
    return ", ".join(flat(each) for each in words if each)


def _kind(item: Wire) -> str:
    return flat(item.get("mimeType") or "of no kind", 80)


def _resource(resource: Wire, pictures: Pictures) -> tuple[Block, ...]:
    uri, text = flat(resource.get("uri", "")), resource.get("text")
    if isinstance(text, str):
        return _text(f"{uri}\n{text}")
    return _bytes(decoded_blob(resource.get("blob")), f"resource {uri}", resource, pictures)


def _bytes(data: bytes, what: str, item: Wire, pictures: Pictures) -> tuple[Block, ...]:
    """Give a picture or a PDF; tell of anything else that it was there."""
    if data.startswith(b"%PDF-") and len(data) < MOST_FILE_BYTES:
        return (DocumentBlock.base64_pdf(base64.b64encode(data).decode(), what),)
    try:
        return pictures(data)
    except ChatreplError:
        return _text(f"[{what} that cannot be shown: {len(data):,} bytes, {_kind(item)}]")


def plain_picture(data: bytes) -> tuple[Block, ...]:
    """Give a picture that the service takes as it is, told by its bytes. Raises ToolError."""
    kind = next((kind for mark, kind in _KINDS.items() if data.startswith(mark)), "")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "image/webp"
    if not kind or len(data) > MOST_FILE_BYTES:
        raise ToolError("It is no picture that the service takes.")
    return (ImageBlock.base64(kind, base64.b64encode(data).decode()),)


def decoded_blob(data: object) -> bytes:
    """Read base64; nothing where it is none."""
    try:
        return base64.b64decode(data) if isinstance(data, str) else b""
    except (binascii.Error, ValueError):
        return b""
