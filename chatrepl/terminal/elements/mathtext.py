r"""Formulas in TeX: `$x$`, `$$x$$`, `\(x\)` and `\[x\]` are shown as they were written.

Without this their backslashes, stars and underscores would be read as Markdown.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

_DOLLARS = re.compile(
    r"\$\$(?!\$).+?\$\$|\$(?![\s$\d])(?:[^$\n\\]|\\.)*?(?<![\s\\])\$(?!\d)", re.DOTALL
)
_DIGITS = re.compile(r"\$\d[^$\n]*?[\\^_={}][^$\n]*?(?<!\s)\$(?!\d)")
_FORMULA = re.compile(r"\\[a-zA-Z]|[\^_={}+<>]|^\\\(\s?[a-zA-Z]{1,2}\s?..$")
_SLASHES = re.compile(r"\\\((?=\S).+?\\\)|\\\[.+?\\\]", re.DOTALL)


def add_math(parser: MarkdownIt) -> MarkdownIt:
    """Teach an inline parser about formulas."""
    parser.inline.ruler.before("escape", "math", _math)
    return parser


def _math(state: StateInline, silent: bool) -> bool:
    first = state.src[state.pos]
    if first == "$":
        found = _DOLLARS.match(state.src, state.pos) or _DIGITS.match(state.src, state.pos)
    elif first == "\\":
        found = _SLASHES.match(state.src, state.pos)
        if found and not _FORMULA.search(found.group()):  # an escaped bracket in prose
            return False
    else:
        return False
    if not found:
        return False
    if not silent:
        token = state.push("math", "", 0)
        token.content = found.group().replace("\n", " ")
    state.pos = found.end()
    return True
