"""A conversation for people: Markdown, and one HTML page that needs nothing else.

For programs, see `replay.py`.
"""

import html
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from chatrepl.core.blocks import Block, ImageBlock, TextBlock, ThinkingBlock
from chatrepl.core.conversation import Message, Turn
from chatrepl.core.frozen import frozen

_SHOWN: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d1d1f; --paper: #fff; --dim: #6b6b70; --line: #ddd;
  --user: #f3f3f5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e8; --paper: #161618; --dim: #97979c;
  --line: #333; --user: #222226; } }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 48rem; color: var(--ink);
  background: var(--paper); font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.4rem; } h2 { font-size: .8rem; color: var(--dim); font-weight: 600; }
section { margin: 1.5rem 0; } .user { background: var(--user); border-radius: .5rem;
  padding: .1rem 1rem .8rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; font: inherit; }
.thinking, .note { color: var(--dim); border-left: 3px solid var(--line); padding-left: .8rem; }
.system { color: var(--dim); } img { max-width: 100%; border-radius: .3rem; }
code, .text pre code { font-family: ui-monospace, monospace; font-size: .9em; }
"""


@frozen
class Sheet:
    """What is exported: the turns as they stand, and what goes above them."""

    turns: Sequence[Turn]
    title: str = ""
    system: str = ""


def to_markdown(sheet: Sheet) -> str:
    """Write a conversation as Markdown; texts stand in it as they are."""
    parts = [f"# {_one_line(sheet.title)}"] if sheet.title else []
    if sheet.system:
        parts.append(f"## System\n\n{sheet.system}")
    for turn in sheet.turns:
        for message, content in _messages(turn):
            body = "\n\n".join(filter(None, map(_markdown, content)))
            parts.append(f"## {_who(message)}\n\n{body}")
        if turn.was_cut:
            parts.append("*[the reply was cut here]*")
    return "\n\n".join(parts) + "\n"


def to_html(sheet: Sheet, render: Callable[[str], str] | None = None) -> str:
    """Write a conversation as one HTML page, light or dark as the reader likes it.

    `render` makes safe HTML of a text's Markdown; without it texts stand as they are.
    """
    title = html.escape(_one_line(sheet.title) or "Conversation")
    body = [f"<h1>{title}</h1>"]
    if sheet.system:
        body.append(_section("system", "System", f"<pre>{html.escape(sheet.system)}</pre>"))
    for turn in sheet.turns:
        for message, content in _messages(turn):
            shown = "\n".join(_block(block, render) for block in content)
            body.append(_section(message.role, _who(message), shown))
        if turn.was_cut:
            body.append('<p class="note">The reply was cut here.</p>')
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _markdown(block: Block) -> str:
    text = block.to_markdown()
    return f"**Thinking**\n\n{text}" if text and isinstance(block, ThinkingBlock) else text


def _messages(turn: Turn) -> Iterator[tuple[Message, tuple[Block, ...]]]:
    """Give the messages of a turn, without instructions of ours."""
    first = turn.user
    for message in turn.messages:
        content = turn.question if message is first else message.content
        if content:
            yield message, content


def _who(message: Message) -> str:
    match message.role:
        case "user":
            return "You"
        case "assistant":
            return _one_line(message.model) or "Assistant"
        case "system":
            return "System"


def _section(kind: str, who: str, inner: str) -> str:
    return f'<section class="{kind}">\n<h2>{html.escape(who)}</h2>\n{inner}\n</section>'


def _block(block: Block, render: Callable[[str], str] | None) -> str:
    if isinstance(block, TextBlock) and render is not None:
        return f'<div class="text">{render(block.text)}</div>'
    if isinstance(block, ImageBlock):
        source = block.source
        kind, data = source.get("media_type"), source.get("data")
        if source.get("type") == "base64" and kind in _SHOWN and isinstance(data, str):
            return f'<p><img alt="image" src="data:{kind};base64,{html.escape(data)}"></p>'
    kind = "thinking" if "thinking" in block.type else "text"
    text = getattr(block, "thinking", None) or block.to_markdown()
    return f'<div class="{kind}"><pre>{html.escape(text)}</pre></div>'


def _one_line(text: str) -> str:
    return " ".join(text.split())
