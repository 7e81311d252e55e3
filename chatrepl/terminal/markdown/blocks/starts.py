"""How a line tells what it begins: pure functions on one line's text without its indent.

Link definitions at the start of a paragraph: `[label]: target "title"`.
"""

import re
from collections.abc import MutableMapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypedDict

from markdown_it import MarkdownIt

from chatrepl.terminal.markdown.blocks.events import Align


class References(TypedDict, total=False):
    """A link's target, in the form that the inline parser looks for."""

    href: str
    title: str
    label: str
    map: list[int]


class Defined(NamedTuple):
    label: str
    url: str
    title: str


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("zero").enable("reference")


def take_definitions(
    lines: Sequence[str], references: MutableMapping[str, References]
) -> tuple[list[Defined], list[str]]:
    """Split a paragraph into its definitions, which go into `references`, and the other lines.

    The first definition of a label holds, as the CommonMark specification has it.
    """
    env: dict[str, Any] = {}
    tokens = _parser().parse("\n".join(lines), env)
    used = tokens[0].map[0] if tokens and tokens[0].map else len(lines)
    new: dict[str, References] = env.get("references", {})
    for label, reference in new.items():
        references.setdefault(label, reference)
    every = sorted([*new.values(), *env.get("duplicate_refs", [])], key=lambda one: one["map"][0])
    definitions = [
        Defined(_label(lines[one["map"][0]]), one["href"], one["title"])
        for one in every
        if one["map"][0] < used
    ]
    return definitions, list(lines[used:])


def _label(line: str) -> str:
    return line[1:].partition("]:")[0]


_ATX = re.compile(r"(#{1,6})(?:[ \t]+|$)(.*)", re.DOTALL)
_RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$")
_SETEXT = re.compile(r"(?:=+|-+)[ \t]*$")
_DELIMITERS = re.compile(r"\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+$")
_NOTE = re.compile(r"\[\^([^\]\s]+)\]:[ \t]*")
_TASK = re.compile(r"\[([ xX])\](?=[ \t]+\S)")

_ALERT = re.compile(r"\[!([A-Za-z]{2,20})\][-+]?[ \t]*(.*)$", re.DOTALL)
_MATH = re.compile(r"(\$\$|\\\[)(?=[ \t]*$|.*[\\^_={}+<>])|\\begin\{([a-zA-Z]+\*?)\}", re.DOTALL)

_BLOCK_TAGS = (
    "address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|"
    "dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|"
    "hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|"
    "search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul"
)
_ATTRIBUTE = r"\s+[a-zA-Z_:][\w.:-]*(?:\s*=\s*(?:[^\s\"'=<>`]+|'[^']*'|\"[^\"]*\"))?"
_HTML: tuple[tuple[re.Pattern[str], re.Pattern[str] | None], ...] = (
    (
        re.compile(r"<(?:script|pre|style|textarea)(?:\s|>|$)", re.IGNORECASE),
        re.compile(r"</(?:script|pre|style|textarea)>", re.IGNORECASE),
    ),
    (re.compile(r"<!--"), re.compile(r"-->")),
    (re.compile(r"<\?"), re.compile(r"\?>")),
    (re.compile(r"<![a-zA-Z]"), re.compile(r">")),
    (re.compile(r"<!\[CDATA\["), re.compile(r"\]\]>")),
    (re.compile(rf"</?(?:{_BLOCK_TAGS})(?:\s|/?>|$)", re.IGNORECASE), None),
    (
        re.compile(rf"(?:<[a-zA-Z][a-zA-Z\d-]*(?:{_ATTRIBUTE})*\s*/?>|</[a-zA-Z][\w-]*\s*>)\s*$"),
        None,
    ),
)


def atx(body: str) -> tuple[int, str] | None:
    """Level and text of a `#` heading."""
    match = _ATX.match(body)
    if not match:
        return None
    title = match.group(2).strip(" \t")
    opened = title.rstrip("#")  # a row of them ends a title that it stands apart from
    if opened[-1:] in {"", " ", "\t"}:
        title = opened.rstrip(" \t")
    return len(match.group(1)), title


def is_rule(body: str) -> bool:
    return bool(_RULE.match(body))


def setext(body: str) -> int:
    """Level of the heading that this line makes of the paragraph above it, or 0."""
    if not _SETEXT.match(body):
        return 0
    return 1 if body[0] == "=" else 2


def html(body: str) -> int:
    """Which of the seven kinds of HTML block begins here, or 0."""
    return next((i for i, (start, _) in enumerate(_HTML, 1) if start.match(body)), 0)


def html_ends(body: str, kind: int) -> bool:
    """Tell whether an HTML block of that kind ends with this line; kinds 6 and 7 end at a blank."""
    end = _HTML[kind - 1][1]
    return bool(end and end.search(body))


def note(body: str) -> tuple[str, int] | None:
    """Label of the footnote that is defined here, and the length of its mark."""
    match = _NOTE.match(body)
    return (match.group(1), match.end()) if match else None


def alert(body: str) -> tuple[str, str] | None:
    """Name of the alert that a quote begins with, and what else stands in the line."""
    match = _ALERT.match(body)
    return (match.group(1), match.group(2)) if match else None


def math(body: str) -> str:
    """What ends the formula that begins here and goes on in the next line; empty if none does."""
    match = _MATH.match(body)
    if not match:
        return ""
    end = f"\\end{{{match.group(2)}}}" if match.group(2) else match.group(1).replace("[", "]")
    return "" if end in body[match.end() :] else end


def task(body: str) -> bool | None:
    """Whether a list item begins with a done (True) or open (False) check box."""
    match = _TASK.match(body)
    return match.group(1) != " " if match else None


def delimiters(body: str) -> list[Align] | None:
    """Alignments that a table's second row gives to its columns."""
    if "-" not in body or not _DELIMITERS.match(body):
        return None
    return [_align(cell) for cell in cells(body)]


def _align(cell: str) -> Align:
    if not cell.endswith(":"):
        return "left"
    return "center" if cell.startswith(":") else "right"


def cells(row: str) -> list[str]:
    r"""Split a table row at its bars; `\|` is a bar that does not split."""
    row = row.strip(" \t")
    if "\\" not in row:
        parts = row.split("|")
    else:
        parts = [part.replace("\\|", "|") for part in re.split(r"(?<!\\)\|", row)]
    if parts and not parts[0].strip():
        del parts[0]
    if parts and not parts[-1].strip():
        del parts[-1]
    return [part.strip(" \t") for part in parts]
