"""A whole Markdown text as HTML: the events of the block parser, each inside its containers."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from pygments.token import STANDARD_TYPES, Token, _TokenType
from rich.style import Style

from chatrepl.terminal.markdown.blocks import events as says
from chatrepl.terminal.markdown.blocks.events import Container, Event, Where
from chatrepl.terminal.markdown.blocks.lines import Lines
from chatrepl.terminal.markdown.blocks.parser import Blocks
from chatrepl.terminal.markdown.highlight import Highlighter, style_of
from chatrepl.terminal.markdown.look import DARK, LIGHT
from chatrepl.terminal.page.inline import inline_html, link, note_id, safe

_BELOW: Final = 2  # levels of headings that stand above the text in a page
_LEXED: Final = 1_000  # characters of an overlong line that are coloured as one
_LABEL: Final = 40
_PREFIX: Final = "k-"  # of the classes that colour code


class HtmlWriter:
    """Writes the texts of one page; a note may be referred to from the texts after it, too."""

    def __init__(self) -> None:
        self._notes: set[str] = set()
        self._placed: set[str] = set()

    def write(self, text: str) -> str:
        """Write a Markdown text."""
        blocks, lines = Blocks(), Lines()
        events = [e for line in (*lines.feed(text), *lines.finish()) for e in blocks.line(line)]
        events += blocks.finish()
        self._notes |= {c.mark.casefold() for c in _containers_of(events) if c.kind == "note"}
        return "".join(_Outline(self, blocks).walk(events))

    def inline(self, text: str, blocks: Blocks) -> str:
        return inline_html(text, blocks.references, self._notes)

    def place(self, label: str) -> str:
        """Give the attribute that a note is found by; the first of its label has it."""
        if label.casefold() in self._placed:
            return ""
        self._placed.add(label.casefold())
        return f' id="{note_id(label)}"'


def code_html(lines: Iterable[str], language: str) -> str:
    """Write code in colours: classes that `code_css` explains."""
    colours = Highlighter(language, LIGHT.code_theme)
    label = f'<span class="lang">{safe(language[:_LABEL])}</span>' if language else ""
    body = "\n".join("".join(_coloured(colours, part) for part in _parts(line)) for line in lines)
    return f'<div class="code">{label}<pre><code>{body}</code></pre></div>\n'


def code_css(*, dark: bool) -> str:
    """Write the rules for code, in the colours that the screen has on white or on black."""
    theme = (DARK if dark else LIGHT).code_theme
    plain = _css(style_of(Token, theme))
    rules = [f".code code{{{plain}}}"] if plain else []
    kinds = sorted((_css(style_of(kind, theme)), name) for kind, name in STANDARD_TYPES.items())
    for rule, names in groupby((pair for pair in kinds if pair[1]), lambda pair: pair[0]):
        if rule and rule != plain:
            rules.append(f"{','.join(f'.{_PREFIX}{name}' for _, name in names)}{{{rule}}}")
    return "\n".join(rules)


def _css(style: Style) -> str:
    color = style.color.name if style.color is not None else ""
    parts = (
        (color, f"color:{color}"),
        (style.bold, "font-weight:600"),
        (style.italic, "font-style:italic"),
        (style.underline, "text-decoration:underline"),
    )
    return ";".join(rule for holds, rule in parts if holds)


def _coloured(colours: Highlighter, line: str) -> str:
    return "".join(_span(kind, part) for kind, part in colours.kinds(line) if part)


def _span(kind: _TokenType, text: str) -> str:
    while kind not in STANDARD_TYPES and kind.parent is not None:
        kind = kind.parent
    name = STANDARD_TYPES[kind]
    return f'<span class="{_PREFIX}{name}">{safe(text)}</span>' if name.strip("w") else safe(text)


def _parts(line: str) -> Iterator[str]:
    yield from (line[at : at + _LEXED] for at in range(0, len(line), _LEXED))


def _containers_of(events: Iterable[Event]) -> Iterator[Container]:
    for event in events:
        where = getattr(event, "where", None)
        if isinstance(where, Where):
            yield from where.path


class _Outline:
    """Opens and closes containers as the leaves ask for it."""

    def __init__(self, writer: HtmlWriter, blocks: Blocks) -> None:
        self._writer = writer
        self._blocks = blocks
        self._path: tuple[Container, ...] = ()
        self._open = ""  # what ends the leaf that is open
        self._lines: list[str] = []  # of code, or of what stays as it is
        self._language = ""
        self._goes_on = False  # the last line, or the paragraph
        self._aligns: list[str] = []

    def walk(self, events: list[Event]) -> Iterator[str]:
        for event in events:
            yield from self._event(event)
        yield self._end_leaf()
        yield from self._move(())

    def _event(self, event: Event) -> Iterator[str]:
        match event:
            case says.Paragraph(where, text, more):
                if not self._goes_on:
                    yield from self._begin(where)
                    yield "<p>"
                yield self._inline(text)
                yield "" if more else "</p>\n"
                self._goes_on = more
            case says.CodeLine(text, more) | says.RawLine(text, more):
                self._take(text, more=more)
            case says.TableStart() | says.TableRow() | says.TableEnd():
                yield from self._table(event)
            case _:
                yield from self._begin(event.where)
                yield self._leaf(event)

    def _leaf(self, event: Event) -> str:
        match event:
            case says.Heading(_, level, text):
                tag = f"h{min(6, level + _BELOW)}"
                return f"<{tag}>{self._inline(text)}</{tag}>\n"
            case says.Rule():
                return "<hr>\n"
            case says.CodeStart(_, language):
                self._open, self._language = "code", language
            case says.HtmlStart():
                self._open = "raw"
            case says.MathStart():
                self._open = "math"
            case says.Alert(_, name):
                return f'<p class="name">{safe(name.capitalize())}</p>\n'
            case says.Definition(_, label, url, title):
                words = f" {safe(title)}" if title else ""
                return f'<p class="given">[{safe(label)}] {link(url, safe(url))}{words}</p>\n'
            case _:
                pass
        return ""

    def _inline(self, text: str) -> str:
        return self._writer.inline(text, self._blocks)

    def _take(self, text: str, *, more: bool) -> None:
        if self._goes_on:
            self._lines[-1] += text
        else:
            self._lines.append(text)
        self._goes_on = more

    def _table(self, event: says.TableStart | says.TableRow | says.TableEnd) -> Iterator[str]:
        match event:
            case says.TableStart(where, head, aligns):
                yield from self._begin(where)
                self._aligns = [f' class="{align}"' if align != "left" else "" for align in aligns]
                yield f'<div class="wide"><table>\n<thead>{self._row("th", head)}</thead>\n'
            case says.TableRow(cells):
                yield self._row("td", cells)
            case says.TableEnd():
                yield "</table></div>\n"

    def _row(self, tag: str, cells: list[str]) -> str:
        pairs = zip(cells, self._aligns, strict=True)
        inner = "".join(f"<{tag}{align}>{self._inline(cell)}</{tag}>" for cell, align in pairs)
        return f"<tr>{inner}</tr>\n"

    def _begin(self, where: Where) -> Iterator[str]:
        yield self._end_leaf()
        yield from self._move(where.path)

    def _end_leaf(self) -> str:
        kind, lines = self._open, self._lines
        self._open, self._lines = "", []
        match kind:
            case "code":
                return code_html(lines, self._language)
            case "raw" | "math":
                text = safe("\n".join(lines))
                return f'<pre class="{kind}">{text}</pre>\n'
            case _:
                return ""

    def _move(self, path: tuple[Container, ...]) -> Iterator[str]:
        """Close what does not go on, and open what is new."""
        shared = 0
        for one, two in zip(self._path, path, strict=False):
            if one.uid != two.uid:
                break
            shared += 1
        for container in reversed(self._path[shared:]):
            yield _closing(container)
        for depth in range(shared, len(path)):
            yield self._opening(path[depth], path[depth + 1 : depth + 2])
        self._path = path

    def _opening(self, container: Container, inner: tuple[Container, ...]) -> str:
        match container.kind:
            case "quote" if container.mark:
                return f'<blockquote class="alert {safe(container.mark.lower())}">\n'
            case "quote":
                return "<blockquote>\n"
            case "list" if container.mark in {".", ")"}:
                number = re.match(r"\d+", inner[0].mark if inner else "")
                return f'<ol start="{number.group()}">\n' if number else "<ol>\n"
            case "list":
                return "<ul>\n"
            case "item":
                box = next((box for box in "☑☐" if box in container.mark), "")
                return f'<li class="task"><span>{box}</span> ' if box else "<li>"
            case "note":
                mark = f'<span class="mark">[{safe(container.mark)}]</span>'
                return f'<div class="source"{self._writer.place(container.mark)}>{mark} '
            case _:
                return ""


def _closing(container: Container) -> str:
    match container.kind:
        case "quote":
            return "</blockquote>\n"
        case "list":
            return "</ol>\n" if container.mark in {".", ")"} else "</ul>\n"
        case "item":
            return "</li>\n"
        case "note":
            return "</div>\n"
        case _:
            return ""
