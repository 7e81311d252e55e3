"""Fenced blocks of a Markdown text: one grammar for all who look for code in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from chatrepl.core.errors import ReplyError

_FENCE: Final = (
    r"(?ms)^(?P<indent> {0,3})(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)\n"
    r"(?P<body>.*?)(?:^ {0,3}(?P=fence)[`~]*[ \t\r]*$|\Z)"
)


_MARK: Final = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")


# The names of one language stand together: each finds the blocks that bear another of them.
_NAMES: Final = """
bash/sh/shell/zsh c clojure/clj cmake console cpp/c++ csharp/cs/c# css csv diff/patch dockerfile
elixir erlang fish go/golang graphql groovy haskell/hs hcl html http ini java javascript/js json
json5 jsonl jsx julia kotlin/kt latex/tex less lisp lua makefile/make markdown/md mermaid nginx nix
objc ocaml perl php powershell/ps1/pwsh proto python/py/python3 r regex ruby/rb rust/rs scala scss
sql svg swift tcl text/plain/plaintext/txt toml tsx typescript/ts vb vim vue xml yaml/yml zig
"""
LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({
    name: names.partition("/")[0] for names in _NAMES.split() for name in names.split("/")
})  # fmt: skip


def line_states(text: str) -> list[str]:
    """Say of each line whether it is a `fence`, `code` inside one, or neither."""
    states: list[str] = []
    mark = ""
    for line in text.split("\n"):
        fence = _MARK.fullmatch(line)
        if not mark:
            mark = fence[1] if fence else ""
            states.append("fence" if fence else "")
        elif fence and fence[1].startswith(mark) and not fence[2].strip():
            mark = ""
            states.append("fence")
        else:
            states.append("code")
    return states


def extract(text: str, language: str) -> str:
    """Give the first fenced block of `language`, or of any; without one, raise ReplyError."""
    blocks = code_blocks(text, language)
    if not blocks:
        what = f"code block of {language}" if language else "code block"
        raise ReplyError(f"The answer holds no {what}.")
    if not blocks[0].strip():
        raise ReplyError("The code block is empty.")
    return blocks[0]


def code_blocks(text: str, language: str = "") -> tuple[str, ...]:
    """Give what stands in all fenced blocks, or in those of `language`, in their order."""
    return tuple(
        _dedent(match["body"], len(match["indent"]))
        for match in re.finditer(_FENCE, text)
        if not language or _canonical(match["info"]) == _canonical(language)
    )


def _canonical(info: str) -> str:
    """Give the one name of the language that an info string begins with."""
    name = "".join(info.split()[:1]).strip("{}.").casefold()
    return LANGUAGES.get(name, name)


def _dedent(body: str, width: int) -> str:
    if not width:
        return body
    return re.sub(rf"^ {{1,{width}}}", "", body, flags=re.MULTILINE)


# A fence may stand in a quote or a list.
_EDGE: Final = re.compile(r"((?:[\s>]|[-*+][ \t]|\d{1,9}[.)][ \t])*)(`{3,}|~{3,})([^\n]*)\Z")
_LONGEST_EDGE: Final = 400


@dataclass(slots=True)
class FenceWatch:
    """Follows a text as it grows: whether it stands inside of a fenced block, or right behind."""

    fence: str = ""
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
        return bool(self.after("").fence)

    @property
    def behind(self) -> bool:
        """Whether the last line that is not blank ended a fenced block."""
        return self.after("").is_behind

    def closing(self) -> str:
        """Give what ends the block."""
        state = self.after("")
        lead = "> " if state.quoted else ""
        return ("" if self._breaks else "\n") + f"{lead}{state.fence}"

    def blank_row(self) -> str:
        """Give the ends of lines that are missing to a blank row."""
        return "\n" * max(0, 2 - self._breaks)

    def _take(self, line: str) -> None:
        if self.quoted and self.fence and ">" not in line[:_LONGEST_EDGE].lstrip()[:1]:
            self.fence = ""
        edge = _EDGE.match(line[:_LONGEST_EDGE])
        if self.fence:
            self.is_behind = edge is not None and self._ends(edge)
            self.fence = "" if self.is_behind else self.fence
        elif edge is not None and not (edge[2][0] == "`" and "`" in edge[3]):
            self.fence, self.quoted, self.is_behind = edge[2], ">" in edge[1], False
        elif line.strip():
            self.is_behind = False

    def _ends(self, edge: "re.Match[str]") -> bool:
        return edge[2].startswith(self.fence) and not edge[3].strip()
