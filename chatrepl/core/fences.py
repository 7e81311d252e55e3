"""Fenced blocks of a Markdown text: one grammar for all who look for code in it.

Inside of a block a fence with an info string opens a level, which ends before the block does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
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


# A fence may stand in a quote or a list.
_EDGE: Final = re.compile(r"((?:[\s>]|[-*+][ \t]|\d{1,9}[.)][ \t])*)((?:`{3}|~{3}).*)\Z")
_LONGEST_EDGE: Final = 400


@dataclass(slots=True)
class FenceWatch:
    """Follows a text as it grows: whether it stands inside of a fenced block, or right behind."""

    levels: tuple[FenceMark, ...] = ()
    quoted: bool = False
    is_behind: bool = False
    _line: str = ""
    _breaks: int = 2  # ends of lines that the text ends in; its beginning is as good as two

    def feed(self, text: str) -> None:
        """Go on with the text."""
        if not text:
            return
        breaks = len(text) - len(text.rstrip("\n"))
        self._breaks = breaks if breaks < len(text) else self._breaks + breaks
        *lines, rest = (self._line + text).split("\n")
        for line in lines:
            self._take(line)
        self._line = rest[:_LONGEST_EDGE]

    def after(self, text: str) -> "FenceWatch":
        """Give the state after `text`, as if its last line were whole."""
        later = replace(self)
        later.feed(f"{text}\n")
        return later

    @property
    def inside(self) -> bool:
        """Whether what comes next is code."""
        return bool(self.after("").levels)

    @property
    def behind(self) -> bool:
        """Whether the last line that is not blank ended a fenced block."""
        return self.after("").is_behind

    def closing(self) -> str:
        """Give what ends the block."""
        state = self.after("")
        lead = "> " if state.quoted else ""
        ends = "\n".join(f"{lead}{mark.char * mark.length}" for mark in reversed(state.levels))
        return ("" if self._breaks else "\n") + ends

    def blank_row(self) -> str:
        """Give the ends of lines that are missing to a blank row."""
        return "\n" * max(0, 2 - self._breaks)

    def _take(self, line: str) -> None:
        line = line[:_LONGEST_EDGE]
        if self.quoted and self.levels and not line.lstrip().startswith(">"):
            self.levels = ()
        edge = _EDGE.match(line)
        mark = fence_mark(edge[2]) if edge is not None else None
        if mark is not None:
            if not self.levels and edge is not None:
                self.quoted = ">" in edge[1]
            before, self.levels = self.levels, nested(self.levels, mark)
            self.is_behind = bool(before) and not self.levels
        elif line.strip():
            self.is_behind = False
