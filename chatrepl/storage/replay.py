"""A request for programs: as JSON, as a curl command, as a Python script.

All of them hold exactly what goes out, and never a key: that is read from the environment.
"""

import json
import pprint
import shlex
from collections.abc import Mapping
from typing import Final

from chatrepl.core.wire import Wire
from chatrepl.storage.inert import escape

BASE_URL: Final = "https://api.anthropic.com"
VERSION: Final = "2023-06-01"
_END: Final = "END_OF_REQUEST"
_SECRET: Final = frozenset({"x-api-key", "authorization", "proxy-authorization", "cookie"})


def to_json(body: Wire) -> str:
    """Write the parameters of a request, to be read by people, programs and `read_messages`."""
    return escape(json.dumps(dict(body), ensure_ascii=False, indent=2)) + "\n"


def to_curl(body: Wire, base_url: str = BASE_URL, headers: Mapping[str, str] | None = None) -> str:
    """Write a command that sends the request; it takes the key from $ANTHROPIC_API_KEY."""
    lines = [
        f"curl -sS {_messages_url(base_url)}",
        '-H "x-api-key: $ANTHROPIC_API_KEY"',
        f"-H 'anthropic-version: {VERSION}'",
        "-H 'content-type: application/json'",
        *(f"-H {shlex.quote(f'{name}: {value}')}" for name, value in _open(headers).items()),
        f"--data-binary @- <<'{_END}'\n{_lines(body)}\n{_END}",
    ]
    return " \\\n  ".join(lines) + "\n"


def to_python(
    body: Wire, base_url: str = BASE_URL, headers: Mapping[str, str] | None = None
) -> str:
    """Write a script that sends the request through the SDK; the key is found by the SDK."""
    wanted = {key: value for key, value in body.items() if key != "stream"}
    options = [] if base_url == BASE_URL else [f"base_url={base_url!r}"]
    if shown := _open(headers):
        options.append(f"default_headers={shown!r}")
    # A literal is inert: Python escapes in it whatever cannot be printed.
    literal = pprint.pformat(wanted, width=96, sort_dicts=False)
    return (
        "from anthropic import Anthropic\n\n"
        f"client = Anthropic({', '.join(options)})  # reads ANTHROPIC_API_KEY\n\n"
        f"request = {literal}\n\n"
        "with client.messages.stream(**request) as stream:\n"
        "    for text in stream.text_stream:\n"
        '        print(text, end="", flush=True)\n'
        "print()\n"
    )


def _lines(body: Wire) -> str:
    """One line of JSON; it cannot hold a line that ends the here-document."""
    return escape(json.dumps(dict(body), ensure_ascii=False))


def _messages_url(base_url: str) -> str:
    """Give the address as a word of the shell; where none is set, the environment may name one."""
    if base_url == BASE_URL:
        return f'"${{ANTHROPIC_BASE_URL:-{BASE_URL}}}/v1/messages"'
    base = base_url.rstrip("/")
    return shlex.quote(base + ("/messages" if base.endswith("/v1") else "/v1/messages"))


def _open(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Leave out what may hold a secret."""
    shown = headers or {}
    return {k: v for k, v in shown.items() if k.lower() not in _SECRET and "key" not in k.lower()}
