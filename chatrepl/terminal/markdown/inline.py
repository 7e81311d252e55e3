r"""The text inside a block as runs of one style: emphasis, code, links, images, breaks, HTML.

Formulas in TeX: `$x$`, `$$x$$`, `\(x\)` and `\[x\]` are shown as they were written.

Without this their backslashes, stars and underscores would be read as Markdown.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from rich.style import Style

from chatrepl.terminal.markdown.look import Look
from chatrepl.terminal.markdown.wrap import clean

_DOLLARS = re.compile(
    r"\$\$(?!\$).+?\$\$|\$(?![\s$\d])(?:[^$\n\\]|\\.)*?(?<![\s\\])\$(?!\d)", re.DOTALL
)
_DIGITS = re.compile(r"\$\d[^$\n]*?[\\^_={}][^$\n]*?(?<!\s)\$(?!\d)")
_BETWEEN = re.compile(r"[\s,.;:!?\"—–-]+")
_APOSTROPHE = re.compile("['’]")
_SLASHES = re.compile(r"\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL)
_OPENER = re.compile(r"\\(?:[(\[]|begin\{([a-zA-Z]+\*?)\})")
_CLOSER = re.compile(r"\\(?:[)\]]|end\{[a-zA-Z]+\*?\})")
_BARE = re.compile(r"\\begin\{([a-zA-Z]+\*?)\}.*?\\end\{\1\}", re.DOTALL)


def add_math(parser: MarkdownIt) -> MarkdownIt:
    """Teach an inline parser about formulas."""
    parser.inline.ruler.before("escape", "math", _math)
    return parser


def _is_prose(text: str) -> bool:
    """Tell whether brackets are escaped ones: they hold words, or a number."""
    words = [word for word in _BETWEEN.split(_APOSTROPHE.sub("", text[2:-2])) if word]
    if not all(word.isalnum() for word in words):
        return False
    if text[1] == "[" or not words:
        return True
    if len(words) == 1:
        return words[0].isdigit() or (len(words[0]) > 2 and not words[0].isupper())
    return all(len(word) > 1 or word in "aAI" or word.isdigit() for word in words)


def _is_closed(state: StateInline) -> bool:
    """Tell whether a formula that begins here may end: else each would be looked for to the end."""
    opener = _OPENER.match(state.src, state.pos)
    if opener is None:
        return False
    if state.env.get("formulas in") is not state.src:
        ends = {closer[0]: closer.start() for closer in _CLOSER.finditer(state.src)}
        state.env.update({"formulas in": state.src, "formulas end": ends})
    closer = f"\\end{{{opener[1]}}}" if opener[1] else {"(": "\\)", "[": "\\]"}[opener[0][1]]
    return bool(state.env["formulas end"].get(closer, -1) >= opener.end())


def _math(state: StateInline, silent: bool) -> bool:
    first = state.src[state.pos]
    if first == "$":
        formula = _DOLLARS.match(state.src, state.pos) or _DIGITS.match(state.src, state.pos)
    elif first == "\\" and _is_closed(state):
        formula = _SLASHES.match(state.src, state.pos) or _BARE.match(state.src, state.pos)
        if formula and _is_prose(formula.group()):
            return False
    else:
        return False
    if not formula:
        return False
    if not silent:
        token = state.push("math", "", 0)
        token.content = formula.group()
    state.pos = formula.end()
    return True


Runs = list[tuple[str, Style]]

_PLAIN = re.compile(r"[^\\`*_~\[<&!$]*\Z")
NOTE = re.compile(r"\[\^([^\[\]\s]+)\]")
_TAG = re.compile(r"<(/?)([a-zA-Z]+)\s*(/?)>\Z")
_SCHEME = re.compile(r"\A(?:mailto:|https?://)")
_MOST_MARKS = 200
_LOW = str.maketrans("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_HIGH = str.maketrans("0123456789+-=()in", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁱⁿ")
_STYLED = {
    "b": "strong", "strong": "strong", "i": "emphasis", "em": "emphasis", "s": "strike",
    "del": "strike", "kbd": "key", "code": "code", "u": "emphasis", "mark": "key",
}  # fmt: skip


@cache
def _parser() -> MarkdownIt:
    return add_math(MarkdownIt("commonmark").enable("strikethrough"))


class Inline:
    """Parse a block's text into runs."""

    def __init__(self, look: Look) -> None:
        self.look = look

    def runs(self, text: str, base: Style, references: Mapping[str, Any]) -> Runs:
        """The runs of a text in a base style; a line feed in a run ends a row.

        Each end of a line is one: people chat in lines, whatever CommonMark says.
        """
        if is_plain(text):
            return [(_lines(text), base)] if text else []
        return _merged(_Walk(self.look, base).walk(tokens_of(text, references)))


def is_plain(text: str) -> bool:
    """Tell whether a text has no marks, or so many that it is no Markdown, and slow to read."""
    if _PLAIN.match(text):
        return True
    return text.count("[") > _MOST_MARKS or text.count("*") > 2 * _MOST_MARKS


def tokens_of(text: str, references: Mapping[str, Any]) -> list[Token]:
    """Read the marks in a block's text."""
    tokens: list[Token] = []
    parser = _parser()
    parser.inline.parse(text, parser, {"references": references}, tokens)
    return tokens


def _lines(text: str) -> str:
    """A text made safe, in as many lines as it has."""
    return "\n".join(map(clean, text.split("\n"))) if "\n" in text else clean(text)


def _merged(runs: Runs) -> Runs:
    """Fewer runs, of the same text: those next to each other in one style are one."""
    groups = groupby(runs, key=itemgetter(1))
    return [("".join([text for text, _ in group]), style) for style, group in groups]


class _Walk:
    """One pass over the tokens of a text, with a stack of styles."""

    def __init__(self, look: Look, base: Style) -> None:
        self._look = look
        self._stack = [base]
        self._hrefs: list[tuple[str, int]] = []
        self._runs: Runs = []
        self._paired: set[int] = set()
        self._broken = False  # a tag just ended the row, for the end of its line, too

    def walk(self, tokens: list[Token]) -> Runs:
        tokens = _shifted(tokens)
        self._paired = pairs(tokens, _STYLED)
        for index, token in enumerate(tokens):
            self._token(index, token)
            self._broken = token.type == "html_inline" and self._runs[-1:] == [
                ("\n", self._stack[-1])
            ]
        return self._runs

    def _add(self, text: str, style: Style | None = None) -> None:
        if text:
            here = self._stack[-1]
            self._runs.append((_lines(text), here if style is None else here + style))

    def _push(self, style: Style) -> None:
        self._stack.append(self._stack[-1] + style)

    def _pop(self) -> None:
        if len(self._stack) > 1:
            self._stack.pop()

    def _token(self, index: int, token: Token) -> None:
        kind, look = token.type, self._look
        if kind in {"text", "text_special"}:
            self._text(token.content)
        elif kind in {"softbreak", "hardbreak"}:
            if not self._broken:
                self._runs.append(("\n", self._stack[-1]))
        elif style := {"code_inline": look.code, "math": look.math}.get(kind):
            self._add(token.content, style)
        elif style := {"strong": look.strong, "em": look.emphasis, "s": look.strike}.get(token.tag):
            self._push(style) if token.nesting > 0 else self._pop()
        else:
            self._other(index, token)

    def _other(self, index: int, token: Token) -> None:
        match token.type:
            case "link_open":
                self._open_link(str(token.attrs.get("href", "")))
            case "link_close":
                self._close_link()
            case "image":
                self._image(token)
            case "html_inline":
                self._html(index, token.content)
            case _:
                self._add(token.content)

    def _text(self, text: str) -> None:
        if "[^" not in text:
            self._add(text)
            return
        for position, part in enumerate(NOTE.split(text)):
            if position % 2:
                self._add(f"[{part}]", self._look.note)
            else:
                self._add(part)

    def _open_link(self, href: str) -> None:
        self._hrefs.append((href, len(self._runs)))
        self._push(self._look.link + self._look.leading_to(href))

    def _close_link(self) -> None:
        self._pop()
        href, begin = self._hrefs.pop()
        text = "".join(text for text, _ in self._runs[begin:])
        if href and _bare(href) != _bare(text):
            self._target(href, f" ({href})" if text else href)

    def _target(self, address: str, text: str) -> None:
        self._add(text, self._look.target + self._look.leading_to(address))

    def _image(self, token: Token) -> None:
        source = str(token.attrs.get("src", ""))
        alt = "".join(child.content for child in token.children or ())
        look = self._look
        self._add("image: ", look.target)
        self._add(alt or source, look.image + look.leading_to(source))
        if alt and source:
            self._target(source, f" ({source})")

    def _html(self, index: int, text: str) -> None:
        tag = _TAG.match(text)
        name = tag.group(2).lower() if tag else ""
        if name == "br":
            self._runs.append(("\n", self._stack[-1]))
        elif index not in self._paired:
            self._add(text, self._look.html)
        elif tag and tag.group(1):
            self._pop()
        else:
            self._push(getattr(self._look, _STYLED[name]))


def _shifted(tokens: list[Token]) -> list[Token]:
    """Turn `<sub>2</sub>` and `<sup>2</sup>` into characters, where there are some."""
    out: list[Token] = []
    for token in tokens:
        out.append(token)
        if token.content not in {"</sub>", "</sup>"} or len(out) < 3:
            continue
        begin, inner = out[-3], out[-2]
        table = _LOW if token.content == "</sub>" else _HIGH
        if begin.content != token.content.replace("/", "") or inner.type != "text":
            continue
        if all(ord(char) in table for char in inner.content):
            out[-3:] = [Token("text", "", 0, content=inner.content.translate(table))]
    return out


def pairs(tokens: Iterable[Token], names: Collection[str]) -> set[int]:
    """Indices of the plain tags of these names that are closed in order, within one emphasis."""
    stack: list[tuple[int, str]] = []
    paired: set[int] = set()
    for index, token in enumerate(tokens):
        if token.nesting > 0:
            stack.append((index, ""))
        elif token.nesting < 0:
            while stack and stack.pop()[1]:
                pass
        elif token.type == "html_inline" and (tag := _TAG.match(token.content)):
            name = tag.group(2).lower()
            if name not in names or tag.group(3):
                continue
            if not tag.group(1):
                stack.append((index, name))
            elif stack and stack[-1][1] == name:
                paired |= {stack.pop()[0], index}
    return paired


def _bare(address: str) -> str:
    return _SCHEME.sub("", address).rstrip("/")
