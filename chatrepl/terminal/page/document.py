"""A conversation as a page: a file to keep, to print, or to send to somebody.

It asks for nothing: no script, no address of its own; what it may do at all stands in its policy.
"""

import re
from collections.abc import Iterator
from typing import Final

from chatrepl.core.fences import FenceWatch, language_of
from chatrepl.core.talk.blocks import Block, DocumentBlock, ImageBlock, TextBlock
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
from chatrepl.core.talk.sources import Sources
from chatrepl.core.wire import Wire
from chatrepl.terminal.page.inline import link, safe
from chatrepl.terminal.page.style import STYLE
from chatrepl.terminal.page.text import HtmlWriter, code_css, code_html

_PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]*\Z")
_POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)
_KINDS: Final = {"application/pdf": "PDF", "text/plain": "text"}


def to_html(sheet: Sheet) -> str:
    """Write a conversation as one HTML page."""
    title = safe(sheet.heading or "Conversation")
    about = f'<p class="about">{safe(sheet.about)}</p>\n' if sheet.about else ""
    return (
        '<!doctype html>\n<html lang="">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{_style()}</style>\n</head>\n<body>\n"
        f"<header><h1>{title}</h1>\n{about}</header>\n<main>\n"
        + "".join(_sections(sheet))
        + "</main>\n</body>\n</html>\n"
    )


def _style() -> str:
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n{code_css(dark=True)}\n}}\n"
    return f"{STYLE}{code_css(dark=False)}\n{dark}"


def _sections(sheet: Sheet) -> Iterator[str]:
    sources, writer = Sources(), HtmlWriter()
    if sheet.system:
        yield _section("system", "System", _typed(sheet.system))
    for turn in sheet.turns:
        yield from _turn(turn, sources, writer, cite=sheet.cite)
    if sheet.beside:
        yield f"<aside>\n<h2>{BESIDE}</h2>\n"
        for place, turn in sheet.beside:
            yield from _turn(turn, sources, writer, place, cite=sheet.cite)
        yield "</aside>\n"


def _turn(
    turn: Turn, sources: Sources, writer: HtmlWriter, place: str = "", *, cite: bool
) -> Iterator[str]:
    for message, content in messages_of(turn):
        parts = parts_of(message, content, sources, cite=cite)
        inner = "".join(_part(part, writer) for part in parts)
        yield _section(message.role, who(message, turn, place), inner)
    if words := not_whole(turn):
        yield f'<p class="note">{words.capitalize()}.</p>\n'
    if line := receipt_line(turn.receipt):
        yield f'<p class="receipt">{safe(line)}</p>\n'


def _section(kind: str, name: str, inner: str) -> str:
    return f'<section class="{kind}">\n<h2>{safe(name)}</h2>\n{inner}</section>\n'


def _part(part: Passage | Block, writer: HtmlWriter) -> str:
    match part:
        case TextBlock(text=text):
            return _typed(text)
        case Passage(kind="text"):
            return f'<div class="text">{writer.write(part.to_markdown())}</div>\n'
        case Passage(kind="thinking", text=text):
            return f"<details><summary>Thinking</summary><div>{safe(text)}</div></details>\n"
        case Passage(text=text):
            return _folded(text)
        case ImageBlock(source={"type": "base64", "media_type": str(kind), "data": str(data)}) if (
            kind in _PICTURES and _BASE64.match(data)
        ):
            return f'<p><img alt="image" src="data:{kind};base64,{"".join(data.split())}"></p>\n'
        case ImageBlock(source=source) | DocumentBlock(source=source):
            return _file(part, source)
        case _:
            return _folded(part.to_markdown())


def _file(block: ImageBlock | DocumentBlock, source: Wire) -> str:
    """Name a file that was attached; one that lies in the web is a link."""
    given, kind = source.get("url"), source.get("media_type")
    url = given if isinstance(given, str) else ""
    title = (block.title if isinstance(block, DocumentBlock) else "") or url or block.type
    what = _KINDS.get(kind, block.type) if isinstance(kind, str) else block.type
    name = link(url, safe(flat(title))) if url else safe(flat(title))
    return f'<p class="file">▣ {name}{f" · {what}" if what != title else ""}</p>\n'


def _folded(text: str) -> str:
    """Show the first line of what a tool did; the others unfold."""
    head, _, rest = text.partition("\n")
    if not rest:
        return f'<p class="note">{safe(head)}</p>\n'
    return f"<details><summary>{safe(head)}</summary><pre>{safe(text)}</pre></details>\n"


def _typed(text: str) -> str:
    """Write what somebody typed as it was typed; only fenced code is told from it."""
    out: list[str] = []
    lines: list[str] = []
    watch, language = FenceWatch(), ""
    for line in text.split("\n"):
        was_inside = watch.inside
        watch.feed(f"{line}\n")
        if watch.inside == was_inside:
            lines.append(line)
            continue
        out.append(code_html(lines, language) if was_inside else _prose(lines))
        lines, language = [], language_of(watch.info)
    out.append(code_html(lines, language) if watch.inside else _prose(lines))
    return "".join(out)


def _prose(lines: list[str]) -> str:
    text = "\n".join(lines).strip("\n")
    return f'<p class="typed">{safe(text)}</p>\n' if text.strip() else ""
