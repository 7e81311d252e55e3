"""A conversation for people, as Markdown (a page is made in `chatrepl.terminal.page`).

And a request for programs: as JSON, as a curl command, as a Python script.

All of them hold exactly what goes out, and never a key: that is read from the environment.
"""

import json
import pprint
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Final

from chatrepl.core.catalog import OFFICIAL
from chatrepl.core.fences import closed
from chatrepl.core.secrets import HIDDEN, bare_url, is_secret_header
from chatrepl.core.talk.blocks import Block, TextBlock
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.markdown import Passage
from chatrepl.core.talk.sheet import (
    BESIDE,
    Sheet,
    flat,
    messages_of,
    not_whole,
    parts_of,
    receipt_line,
    who,
)
from chatrepl.core.talk.sources import Sources, inert
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire, encode
from chatrepl.storage.records import escape

_CONTROLS: Final = {
    **{code: f"^{chr(code ^ 64)}" for code in (*range(9), 11, 12, *range(14, 32), 127)},
    **{code: f"[U+{code:04X}]" for code in range(128, 160)},
}


def to_markdown(sheet: Sheet) -> str:
    """Write a conversation as Markdown; texts stand in it as they are, with controls visible."""
    sources = Sources()
    parts = [f"# {sheet.heading}"] if sheet.title else []
    parts += [f"*{inert(flat(sheet.about))}*"] if sheet.about else []
    if sheet.system:
        parts.append(f"## System\n\n{closed(sheet.system)}")
    for turn in sheet.turns:
        parts += _turn(turn, sources, "##", cite=sheet.cite)
    parts += [f"## {BESIDE}"] if sheet.beside else []
    for place, turn in sheet.beside:
        parts += _turn(turn, sources, "###", place, cite=sheet.cite)
    return _inert("\n\n".join(part.strip("\n") for part in parts if part) + "\n")


def _turn(
    turn: Turn, sources: Sources, level: str, place: str = "", *, cite: bool
) -> Iterator[str]:
    for message, content in messages_of(turn):
        yield f"{level} {who(message, turn, place)}"
        yield from map(_markdown, parts_of(message, content, sources, cite=cite))
    if words := not_whole(turn):
        yield f"*[{words}]*"
    if line := receipt_line(turn.receipt):
        yield f"*{inert(line)}*"


def _inert(text: str) -> str:
    """Make controls visible, so that a file may be shown on a terminal."""
    return re.sub("\r(?!\n)", "^M", text.translate(_CONTROLS))


def _markdown(part: Passage | Block) -> str:
    return closed(part.to_markdown()) if isinstance(part, TextBlock) else part.to_markdown()


_VERSION: Final = "anthropic-version"
_END: Final = "END_OF_REQUEST"
_KEY: Final = "ANTHROPIC_API_KEY"
# What the SDK's call takes by name; all else goes into its `extra_body`.
_GRANT: Final = "authorization_token"  # of an MCP server
_NAMED: Final = frozenset(
    "model max_tokens messages system stop_sequences cache_control thinking output_config "
    "diagnostics tools tool_choice metadata service_tier inference_geo".split()
)


@frozen
class Call:
    """Where a request goes, with what headers, and in which of them the key (empty: in none)."""

    base_url: str = OFFICIAL
    headers: Mapping[str, str] = field(default_factory=dict)
    proof: str = "authorization"


def to_json(body: Wire) -> str:
    """Write the parameters of a request, to be read by people, programs and `read_messages`."""
    return escape(json.dumps(open_body(body), ensure_ascii=False, indent=2)) + "\n"


def to_curl(body: bytes, version: str, call: Call) -> str:
    """Write a command that sends that body; it takes the key from $ANTHROPIC_API_KEY.

    `version` is the API's, where the call's headers name none. `-d` takes away the line's end, and
    the body has no other: what goes out is the body to the byte.
    """
    named = open_headers(call.headers)
    if _VERSION not in map(str.lower, named):
        named = {_VERSION: version, **named}
    text = body.decode()
    if _GRANT in text:
        text = encode(open_body(json.loads(text)))
    bearer = "Bearer " if call.proof == "authorization" else ""
    lines = [
        f"curl -sS {_messages_url(call.base_url)}",
        *([f'-H "{call.proof}: {bearer}${_KEY}"'] if call.proof else ()),
        "-H 'content-type: application/json'",
        *(f"-H {shlex.quote(f'{name}: {value}')}" for name, value in named.items()),
        f"-d @- <<'{_END}'\n{escape(text)}\n{_END}",
    ]
    return " \\\n  ".join(lines) + "\n"


def to_python(body: Wire, call: Call) -> str:
    """Write a script that sends the request through the SDK; the key is found by the SDK."""
    body = open_body(body)
    wanted = {key: value for key, value in body.items() if key in _NAMED}
    others = {key: value for key, value in body.items() if key not in {*_NAMED, "stream"}}
    given = "**request, extra_body=extra" if others else "**request"
    extra = f"extra = {_literal(others)}\n\n" if others else ""
    return (
        f"{_client(call)}\n\nrequest = {_literal(wanted)}\n\n{extra}"
        f"with client.messages.stream({given}) as stream:\n"
        "    for text in stream.text_stream:\n"
        '        print(text, end="", flush=True)\n'
        "print()\n"
    )


def _client(call: Call) -> str:
    """Write what makes the client; the SDK itself would put the key into `authorization`."""
    options = [] if call.base_url == OFFICIAL else [f"base_url={bare_url(call.base_url)!r}"]
    named = [f"{name!r}: {text!r}" for name, text in open_headers(call.headers).items()]
    imports, reads = "from anthropic import Anthropic\n", f"  # reads {_KEY}"
    if call.proof != "authorization":
        imports, reads = "from anthropic import Anthropic, Omit\n", ""
        options.append('api_key="none"')
        named.insert(0, "'Authorization': Omit()")
    if call.proof not in {"authorization", ""}:
        imports = f"import os\n\n{imports}"
        named.insert(1, f"{call.proof!r}: os.environ[{_KEY!r}]")
    if named:
        options.append(f"default_headers={{{', '.join(named)}}}")
    return f"{imports}\nclient = Anthropic({', '.join(options)}){reads}"


def _literal(value: Wire) -> str:
    """Write a literal of Python, which is inert: whatever cannot be printed is escaped in it."""
    return pprint.pformat(dict(value), width=96, sort_dicts=False)


def _messages_url(base_url: str) -> str:
    """Give the address as a word of the shell; where none is set, the environment may name one."""
    if base_url == OFFICIAL:
        return f'"${{ANTHROPIC_BASE_URL:-{OFFICIAL}}}/v1/messages"'
    base = bare_url(base_url).rstrip("/")
    return shlex.quote(base + ("/messages" if base.endswith("/v1") else "/v1/messages"))


def open_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Leave out what may hold a secret."""
    return {name: text for name, text in headers.items() if not is_secret_header(name, text)}


def open_body(body: Wire) -> dict[str, Any]:
    """Hide in a request's body what gives access to other servers."""
    servers = body.get("mcp_servers")
    if not isinstance(servers, list):
        return dict(body)
    return {**body, "mcp_servers": [_without_token(server) for server in servers]}


def _without_token(server: Any) -> Any:
    return {**server, _GRANT: HIDDEN} if isinstance(server, dict) and _GRANT in server else server
