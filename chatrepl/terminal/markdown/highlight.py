"""Code in colour, one line at a time: what is printed never depends on the lines that follow.

The state of pygments' lexer is carried from line to line. Constructs that its rules only match as a
whole (block comments, long strings) are tried with their end put on; if that makes a comment or
string of them, the lines up to the real end are part of it.

One line through a pygments lexer, from one state to the next.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from pygments.lexer import ExtendedRegexLexer, Lexer, LexerContext, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.styles import get_style_by_name
from pygments.token import Comment, Error, Generic, String, Text, Token, _TokenType
from pygments.util import ClassNotFound
from rich.style import Style

from chatrepl.core.value import twin
from chatrepl.terminal.theme import for_either

TokenKinds = tuple[tuple[_TokenType, str], ...]
Stack = tuple[str, ...]
_Lexed = list[tuple[_TokenType, str]]
_LexRule = tuple[Any, Any, Any]  # what matches, what becomes of it, where that leads


def first_stack(lexer: Lexer) -> Stack:
    """The state in which a block of code begins."""
    return ("root", "php") if lexer.name == "PHP" else ("root",)


@lru_cache(maxsize=1024)  # a line is lexed for the preview first, and code repeats itself
def lex_line(lexer: Lexer, text: str, stack: Stack) -> tuple[TokenKinds, Stack]:
    """The tokens of a line that begins in the state `stack`, and the state after it.

    A lexer without such a state, or one that stumbles over a single line, begins each line anew.
    """
    source = text + "\n"
    try:
        if isinstance(lexer, ExtendedRegexLexer):
            kinds, after = _with_context(lexer, source, stack)
        elif isinstance(lexer, RegexLexer):
            kinds, after = _with_rules(lexer, source, stack)
        else:
            kinds = [(kind, part) for _, kind, part in lexer.get_tokens_unprocessed(source)]
            after = stack
    except (LookupError, ValueError, TypeError, AttributeError, AssertionError):
        return ((Text, text),), first_stack(lexer)
    return _without_end(kinds, text), after


def _without_end(kinds: _Lexed, text: str) -> TokenKinds:
    """Drop line feeds; a lexer that does not give back its text is not believed."""
    bare = tuple((kind, part.replace("\n", "")) for kind, part in kinds)
    if "".join(part for _, part in bare) != text:
        return ((Text, text),)
    return bare


def _with_context(lexer: ExtendedRegexLexer, source: str, stack: Stack) -> tuple[_Lexed, Stack]:
    own = type(lexer).get_tokens_unprocessed is not ExtendedRegexLexer.get_tokens_unprocessed
    if own:
        tokens = lexer.get_tokens_unprocessed(source)
        return [(kind, part) for _, kind, part in tokens], stack
    context = LexerContext(source, 0, list(stack))
    tokens = lexer.get_tokens_unprocessed(context=context)
    kinds = [(kind, part) for _, kind, part in tokens]
    return kinds, tuple(context.stack)


def rules_of(lexer: RegexLexer) -> Mapping[str, Sequence[_LexRule]]:
    """Give a lexer's rules by state.

    `_tokens` is pygments' own: its class keeps what it compiled from `tokens` there, and its public
    method forgets its stack at the end of a text. Where it is gone, code is shown without colour; a
    test notices.
    """
    rules: Mapping[str, Sequence[_LexRule]] = vars(type(lexer))["_tokens"]
    return rules


def _with_rules(lexer: RegexLexer, source: str, stack: Stack) -> tuple[_Lexed, Stack]:
    """Apply the rules of a lexer, keeping the stack that its own method forgets at the end."""
    states = rules_of(lexer)
    kinds: _Lexed = []
    now = list(stack)
    position = 0
    while position < len(source):
        for match, action, move in states[now[-1]]:
            piece = match(source, position)
            if not piece:
                continue
            if type(action) is _TokenType:
                kinds.append((action, piece.group()))
            elif action is not None:
                kinds.extend((kind, part) for _, kind, part in action(lexer, piece))
            position = piece.end()
            _move(now, move)
            break
        else:
            if source[position] == "\n":
                now = ["root"]
            kinds.append((Error, source[position]))
            position += 1
    return kinds, tuple(now)


def _move(now: list[str], move: tuple[str, ...] | int | str | None) -> None:
    """Change the stack as a rule says."""
    match move:
        case None:
            return
        case int():
            del now[max(1, len(now) - abs(move)) :]
        case "#push":
            now.append(now[-1])
        case _:
            for step in move:
                if step == "#pop":
                    del now[max(1, len(now) - 1) :]
                else:
                    now.append(now[-1] if step == "#push" else step)


_PAIRS = {
    "/*": "*/", "<!--": "-->", '"""': '"""', "'''": "'''", "`": "`", "--[[": "]]", "[[": "]]",
    "<#": "#>", "(*": "*)", "{-": "-}", "{#": "#}", "#|": "|#", "#=": "=#",
}  # fmt: skip
_OPENER = re.compile("|".join(re.escape(opener) for opener in _PAIRS))
_HEREDOC = re.compile(r"<<[-~]?\s*(['\"]?)([A-Za-z_]\w*)\1")
_EMBEDDED = re.compile(r"<(script|style)\b[^<>]*>\s*$", re.IGNORECASE)
_EMBEDDED_AS = {"script": "javascript", "style": "css"}
_HEREDOCS_IN = {"Bash", "Ruby", "Perl", "PHP"}


@cache
def lexer_for(language: str) -> Lexer | None:
    """The lexer of a language; None for one that is unknown or has nothing to colour."""
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    return None if lexer.name == "Text only" else lexer


def warm(language: str) -> None:
    """Load a lexer ahead of its first use, which takes up to 40 ms."""
    if lexer := lexer_for(language):
        lex_line(lexer, "x = 1", first_stack(lexer))


# What a difference adds and takes away, where a theme has no colours for it: on black, on white.
_CHANGES = {
    Generic.Inserted: ("98c379", "1a6b2a"),
    Generic.Deleted: ("e06c75", "a8201a"),
    Generic.Subheading: ("56b6c2", "00658f"),
    Generic.Heading: ("56b6c2", "00658f"),
}
_ON_WHITE = {"xcode"}
_FOR_EITHER, _BLACK = "xcode", "000000"


@lru_cache(maxsize=4096)
def style_of(kind: _TokenType, theme: str) -> Style:
    """A token's style in a pygments theme, without its background.

    The theme `either` is one that can be read on black and on white.
    """
    if not theme:
        return Style.null()
    if theme == "either":
        dark = style_of(kind, _FOR_EITHER)
        ink = dark.color.name.lstrip("#") if dark.color else _BLACK
        return Style(
            color=None if ink == _BLACK else f"#{for_either(ink)}",
            bold=dark.bold,
            italic=dark.italic,
            underline=dark.underline,
        )
    styles = get_style_by_name(theme)
    while not styles.styles_token(kind) and kind.parent is not None:
        kind = kind.parent
    entry = styles.style_for_token(kind)
    color = entry["color"]
    if kind in _CHANGES and color == styles.style_for_token(Token)["color"]:
        color = _CHANGES[kind][theme in _ON_WHITE]
    return Style(
        color=f"#{color}" if color else None,
        bold=entry["bold"] or None,
        italic=entry["italic"] or None,
        underline=entry["underline"] or None,
    )


class Highlighter:
    """Colours the lines of one code block; `copy` lets a preview go on without a trace."""

    def __init__(self, language: str, theme: str) -> None:
        self._lexer = lexer_for(language) if language and theme else None
        self._theme = theme
        self._stack: Stack = first_stack(self._lexer) if self._lexer else ()
        self._until = ""  # what ends the construct that is open
        self._kind: _TokenType = Token.Text
        self._inner: Highlighter | None = None

    @property
    def colours(self) -> bool:
        """Whether the code is told from other text by its colours."""
        return self._lexer is not None

    def copy(self) -> "Highlighter":
        other: Highlighter = twin(self)
        if self._inner:
            other._inner = self._inner.copy()
        return other

    def line(self, text: str) -> list[tuple[str, Style]]:
        """The runs of the next line."""
        if self._lexer is None or not text:
            return [(text, style_of(Token.Text, self._theme))] if text else []
        return [(part, style_of(kind, self._theme)) for kind, part in self.kinds(text) if part]

    def kinds(self, text: str) -> TokenKinds:
        """The next line as tokens."""
        if self._inner is not None:
            if f"</{self._until}" not in text.lower():
                return self._inner.kinds(text)
            self._inner, self._until = None, ""
        elif self._until:
            return self._inside(text)
        if self._lexer is None:
            return ((Token.Text, text),)
        before = self._stack
        kinds, self._stack = lex_line(self._lexer, text, before)
        if "<" in text and self._embeds(text):
            return kinds
        opened = _OPENER.search(text) and self._open(self._lexer, text, kinds, before)
        return opened or kinds

    def _embeds(self, text: str) -> bool:
        """Begin a script or a style sheet inside HTML, or a text inside a shell script."""
        name = self._lexer.name if self._lexer else ""
        if name == "HTML" and (tag := _EMBEDDED.search(text)):
            self._until = tag.group(1).lower()
            self._inner = Highlighter(_EMBEDDED_AS[self._until], self._theme)
            self._stack = ("root",)
            return True
        if name in _HEREDOCS_IN and (begin := _HEREDOC.search(text)):
            self._until, self._kind = "\n" + begin.group(2), String.Heredoc
            return True
        return False

    def _open(self, lexer: Lexer, text: str, kinds: TokenKinds, before: Stack) -> TokenKinds | None:
        """Begin a comment or string that this line opens and does not close."""
        for opener in _OPENER.finditer(text):
            at, closer = opener.start(), _PAIRS[opener.group()]
            if closer in text[opener.end() :]:
                continue
            if _is_quoted(_kind_at(kinds, at)) and not (
                _starts_at(kinds, at) and not _carried(lexer, self._stack)  # it ran to the end
            ):
                continue
            if _carried(lexer, lex_line(lexer, text[:at], before)[1]):
                continue  # it ends what an earlier line began
            tried, _ = lex_line(lexer, text + closer, before)
            kind = _kind_at(tried, at)
            if _is_quoted(kind) and _kind_at(tried, len(text)) is kind:
                self._until, self._kind, self._stack = closer, kind, before
                return *_until(tried, at), (kind, text[at:])
        return None

    def _inside(self, text: str) -> TokenKinds:
        """A line that begins inside an open comment or string."""
        if self._until.startswith("\n"):
            if text.strip() == self._until[1:]:
                self._until = ""
            return ((self._kind, text),)
        end = text.find(self._until)
        if end < 0:
            return ((self._kind, text),)
        end += len(self._until)
        self._until = ""
        return (self._kind, text[:end]), *self.kinds(text[end:])


def _carried(lexer: Lexer, stack: Stack) -> bool:
    """Tell whether the lexer's own state says that what comes next is a comment or string."""
    return _is_quoted(_kind_at(lex_line(lexer, "x", stack)[0], 0))


def _is_quoted(kind: _TokenType) -> bool:
    return any(kind[: len(family)] == family for family in (Comment, String))


def _kind_at(kinds: TokenKinds, offset: int) -> _TokenType:
    for kind, part in kinds:
        offset -= len(part)
        if offset < 0:
            return kind
    return Token.Text


def _starts_at(kinds: TokenKinds, offset: int) -> bool:
    """Tell whether a token starts at an offset and reaches the end of the line."""
    at = 0
    for index, (_, part) in enumerate(kinds):
        if at == offset and part:
            return not any(after for _, after in kinds[index + 1 :])
        at += len(part)
    return False


def _until(kinds: TokenKinds, offset: int) -> TokenKinds:
    """The tokens before an offset."""
    out: list[tuple[_TokenType, str]] = []
    for kind, part in kinds:
        if offset <= 0:
            break
        out.append((kind, part[:offset]))
        offset -= len(part)
    return tuple(out)
