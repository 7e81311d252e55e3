"""Fenced blocks of a Markdown text: one grammar for all who look for code in it."""

import re
from collections.abc import Mapping
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
