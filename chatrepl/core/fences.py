"""Fenced blocks of a Markdown text: one grammar for all who look for code in it.

Inside of a block a fence with an info string opens a level, which ends before the block does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple


class FenceMark(NamedTuple):
    """A fence as it is written: its character, how often it stands there, and what follows."""

    char: str
    length: int
    info: str


MOST_LEVELS: Final = 20
_LANGUAGE: Final = re.compile(r"[{.]*\w")
_MARK: Final = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})(.*)", re.DOTALL)


def fence_mark(body: str) -> FenceMark | None:
    """Read a line without its indent as a fence."""
    match = _MARK.match(body)
    return FenceMark(match[1][0], len(match[1]), match[2].strip()) if match else None


def nested(levels: tuple[FenceMark, ...], mark: FenceMark | None) -> tuple[FenceMark, ...]:
    """Give the fences that are open after one more line, of those that were open before it."""
    if mark is None:
        return levels
    if not levels:
        return (mark,)
    innermost = levels[-1]
    if mark.char != innermost.char or mark.length < innermost.length:
        return levels
    if not mark.info:
        return levels[:-1]
    is_level = len(levels) < MOST_LEVELS and _LANGUAGE.match(mark.info)
    return (*levels, mark) if is_level else levels


# The names of one language stand together: each finds the blocks that bear another of them.
_NAMES: Final = """
asm/nasm bash/sh/shell/zsh/ksh bat/cmd c clojure/clj/cljs cmake coffeescript/coffee console
cpp/c++/cc/cxx/hpp csharp/cs/c# css csv dart diff/patch dockerfile/docker elixir/ex/exs elm
erlang/erl fish fortran/f90 fsharp/fs/f# go/golang graphql/gql groovy haskell/hs
hcl/terraform/tf html/htm/xhtml http ini java javascript/js/mjs/cjs json json5 jsonc
jsonl/ndjson jsx julia/jl kotlin/kt/kts latex/tex less lisp lua makefile/mk markdown/md/mdx mermaid
nginx nim nix objc/objective-c/objectivec/obj-c ocaml/ml pascal/delphi/pas perl/pl php
powershell/ps1/pwsh/posh proto/protobuf python/py/python2/python3/py3 r regex rst/restructuredtext
ruby/rb rust/rs sass scala scheme/scm scss solidity/sol sql/mysql/postgresql/postgres/plpgsql/sqlite
svelte svg swift tcl text/plain/plaintext/txt toml tsx typescript/ts/mts/cts vb/vbnet/vb.net
vim/viml vue wasm/wat xml yaml/yml zig
"""
LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({
    name: names.partition("/")[0] for names in _NAMES.split() for name in names.split("/")
})  # fmt: skip

_NAME: Final = re.compile(r"\{[^}]*?\.([\w+#-]+)|[{\s.]*(?:lang(?:uage)?-)?([^\s,;:={}]+)")


def language_of(info: str) -> str:
    """Give the one name of the language that an info string or a user means; empty for none.

    `{.python}`, `python title="x"`, `python:file.py` and the name of a file are understood.
    """
    match = _NAME.match(info)
    name = (match[1] or match[2]).casefold() if match else ""
    for form in (name, name.rpartition(".")[2], name.rstrip(".0123456789")):
        if form in LANGUAGES:
            return LANGUAGES[form]
    return name


def line_states(text: str) -> list[str]:
    """Say of each line whether it is a `fence`, `code` inside one, or neither."""
    states: list[str] = []
    levels: tuple[FenceMark, ...] = ()
    for line in text.split("\n"):
        body = line.lstrip(" ")
        mark = fence_mark(body) if len(line) - len(body) <= 3 else None
        before, levels = levels, nested(levels, mark)
        edge = bool(before) != bool(levels)
        states.append("fence" if edge else "code" if levels else "")
    return states


# A fence may stand in quotes and in items of lists. These are compiled where a text needs them.
# Each begins with one of a few characters, blanks aside.
_QUOTE: Final = (">", r" {0,3}> ?")
_ITEM: Final = (
    "-*+0123456789", r" {0,3}(?:[-*+]|\d{1,9}[.)])(?: {1,4}(?=[^ ])|(?= {5}| *\Z))",
)  # fmt: skip
_EDGE: Final = ("`~", r"( {0,3})(`{3,}|~{3,})([^\n]*)\Z")
_HEADING_OR_RULE: Final = ("#-*_", r" {0,3}(?:#{1,6}(?: |\Z)|([-*_]) *(?:\1 *){2,}\Z)")
_LONGEST_EDGE: Final = 400


@dataclass(slots=True)
class FenceWatch:
    """Follows a text as it grows: whether it stands inside of a fenced block, or right behind."""

    fence: str = ""
    is_behind: bool = False
    _within: tuple[int, ...] = ()  # what the line stands in: the width of an item, 0 for a quote
    _indent: str = ""
    info: str = ""
    _line: str = ""
    _breaks: int = 2  # ends of lines that the text ends in; its beginning is as good as two
    _goes_on: bool = False  # whether the last line may go on with less than it stands in

    def feed(self, text: str) -> None:
        """Go on with the text."""
        if not text:
            return
        breaks = len(text) - len(text.rstrip("\n"))
        self._breaks = breaks if breaks < len(text) else self._breaks + breaks
        *lines, rest = (self._line + text).split("\n")
        for line in lines:
            self._take(line[:_LONGEST_EDGE].expandtabs(4))
        self._line = rest[:_LONGEST_EDGE]

    def after(self, text: str) -> "FenceWatch":
        """Give the state after `text`, as if its last line were whole."""
        later = replace(self)
        later.feed(f"{text}\n")
        return later

    @property
    def inside(self) -> bool:
        """Whether what comes next is code."""
        return bool(self._now.fence)

    @property
    def behind(self) -> bool:
        """Whether the last line that is not blank ended a fenced block."""
        return self._now.is_behind

    def closing(self) -> str:
        """Give what ends the block; nothing where none is open."""
        now = self._now
        break_ = "" if self._breaks else "\n"
        return f"{break_}{now.lead}{now.fence}" if now.fence else ""

    def opening(self) -> str:
        """Give the line that begins the block anew; nothing where none is open."""
        now = self._now
        return f"{now.lead}{now.fence}{now.info}\n" if now.fence else ""

    def blank_row(self) -> str:
        """Give the ends of lines that are missing to a blank row."""
        return "\n" * max(0, 2 - self._breaks)

    @property
    def _now(self) -> "FenceWatch":
        return self.after("") if self._line else self

    @property
    def lead(self) -> str:
        """What stands before a fence, in the quotes and items that the text is in."""
        return "".join(" " * width or "> " for width in self._within) + self._indent

    def _take(self, line: str) -> None:
        if not self._within and self._is_plain(line):
            return
        depth, at = self._inner(line)
        if self.fence and depth == len(self._within):
            edge = _match(_EDGE, line, at)
            self.is_behind = edge is not None and self._ends(edge)
            self.fence = "" if self.is_behind else self.fence
            return
        new, at = _opened(line, at)
        edge = _match(_EDGE, line, at)
        if edge is not None and edge[2][0] == "`" and "`" in edge[3]:
            edge = None
        is_blank = not line[at:].strip()
        is_apart = is_blank or edge is not None or _match(_HEADING_OR_RULE, line, at) is not None
        is_more = self._goes_on and not new and not is_apart
        if not is_more:
            self._within = (*self._within[:depth], *new)
        self._goes_on = is_more or not (is_apart or line[at : at + 4].isspace())
        self._indent, self.fence, self.info = edge.groups() if edge is not None else ("", "", "")
        self.is_behind = self.is_behind and is_blank

    def _is_plain(self, line: str) -> bool:
        """Take a line that needs no closer look, as most do."""
        if self.fence:
            return self.fence not in line
        is_word, is_blank = line[:1].isalpha(), not line.strip()
        if is_word or is_blank:
            self._goes_on, self.is_behind = is_word, self.is_behind and is_blank
        return is_word or is_blank

    def _inner(self, line: str) -> tuple[int, int]:
        """Find in how much of what the last line stood in this one stands, and where it begins."""
        at = 0
        for depth, width in enumerate(self._within):
            quote = None if width else _match(_QUOTE, line, at)
            if quote is not None:
                at = quote.end()
            elif width and not line[at : at + width].strip():
                at += width
            else:
                return depth, at
        return len(self._within), at

    def _ends(self, edge: "re.Match[str]") -> bool:
        return edge[2].startswith(self.fence) and not edge[3].strip()


_compiled: Final = cache(re.compile)


def _match(what: tuple[str, str], line: str, at: int) -> "re.Match[str] | None":
    begins, pattern = what
    first = line[at:].lstrip(" ")[:1]
    return _compiled(pattern).match(line, at) if first and first in begins else None


def _opened(line: str, at: int) -> tuple[list[int], int]:
    """Find the quotes and items that begin in a line, and where the rest of it begins."""
    new: list[int] = []
    while begun := _match(_QUOTE, line, at) or _match(_ITEM, line, at):
        is_quote = begun[0].strip() == ">"
        is_bare = not (is_quote or begun[0].endswith(" "))
        new.append(0 if is_quote else len(begun[0]) + is_bare)
        at = begun.end()
    return new, at


def closed(text: str) -> str:
    """End the fenced block that a text leaves open, so that what follows it is no code."""
    watch = FenceWatch()
    watch.feed(text)
    return text + watch.closing()
