"""What stands before a text, between two lines `---` (a part of YAML) or `+++` (TOML).

YAML is read as people write it at the top of a file: a key, a colon, and a text, a list, or a
block of lines. A text needs no quotes for the colons and brackets in it, whatever YAML says.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias

from chatrepl.core.errors import UsageError
from chatrepl.core.value import frozen, replace
from chatrepl.core.wire import encode

FrontKind: TypeAlias = Literal["", "yaml", "toml"]

_FENCES: Final = {"---": ("---", "..."), "+++": ("+++",)}
_KEY: Final = re.compile(r"""(?P<quote>["']?)(?P<key>[A-Za-z][\w.-]*)(?P=quote)\s*:(?:\s+|$)""")
_TOML_KEY: Final = re.compile(r"[\w\"'.-]+\s*=|\[")
_TOML: Final = re.compile(r"""^[ \t]*+\[?[ \t]*+["']?([\w-]++)["']?[ \t]*+[=.\]]""", re.MULTILINE)
_BLOCK: Final = re.compile(r"([|>])[+-]?\d?[+-]?\s*(?:\s#.*)?")
_COMMENT: Final = re.compile(r"(?:^|\s)#(?:\s.*)?$")
_ESCAPED: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": ""}


@frozen
class FrontValue:
    """A value: its text, and its parts where it is written as a list.

    A `nested` one is neither; where it is a table, its text is JSON.
    """

    text: str = ""
    parts: tuple[str, ...] = ()
    line: int = 0
    nested: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The parts of a list; a mere text is a list of one."""
        if self.parts or not self.text:
            return self.parts
        parts = flow_parts(self.text)
        return (self.text,) if parts is None else parts


class FrontError(UsageError):
    """What stands there cannot be used; `line` is where, or 0."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@frozen
class FrontMatter:
    """What stands before a text, where anything does, and the text. `line` is its first."""

    kind: FrontKind
    front: str
    body: str
    line: int = 2


def split_front(text: str) -> FrontMatter:
    """Part a file into its front and its body; a front that never ends is none."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    first, _, rest = text.partition("\n")
    ends = _FENCES.get(first.rstrip())
    if ends is None:
        return FrontMatter("", "", text)
    lines = rest.split("\n")
    end = next((at for at, line in enumerate(lines) if line.rstrip() in ends), None)
    if end is None:
        return FrontMatter("", "", text)
    front, body = "\n".join(lines[:end]), "\n".join(lines[end + 1 :])
    told = next((line for line in lines[:end] if line.strip() and not line.startswith("#")), "")
    is_toml = first.startswith("+") or _TOML_KEY.match(told) is not None
    return FrontMatter("toml" if is_toml else "yaml", front, body)


def seems_open(text: str) -> bool:
    """Tell whether a text begins as a front does that nothing ends."""
    first, line, *_ = [*text.split("\n", 2), ""]
    return first.rstrip() in _FENCES and bool(_KEY.match(line) or _TOML_KEY.match(line))


def from_toml(table: Mapping[str, Any], text: str) -> dict[str, FrontValue]:
    """Take over what a TOML parser read of a text."""
    lines = {match[1]: text.count("\n", 0, match.start()) + 1 for match in _TOML.finditer(text)}
    return {
        key: replace(_from_value(value), line=lines.get(key, 0)) for key, value in table.items()
    }


def _from_value(value: Any) -> FrontValue:
    match value:
        case str():
            return FrontValue(value)
        case list():
            return FrontValue(parts=tuple(_from_value(part).text for part in value))
        case dict():
            return FrontValue(encode(value), nested=True)
        case _:
            return FrontValue(str(value).lower())


def from_yaml(front: str, first: int = 2) -> dict[str, FrontValue]:
    """Read the part of YAML that is written there; its lines are counted from `first`.

    Raises FrontError for what is no key with a value.
    """
    values: dict[str, FrontValue] = {}
    for number, key, text, below in _entries(front.split("\n"), first):
        values[key] = _value(number, text, below)
    return values


def _entries(lines: list[str], first: int) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield each key's line, name and text, with the lines that belong to it below."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip() or line.lstrip().startswith("#"):
            at += 1
            continue
        key = _KEY.match(line)
        if key is None:
            raise FrontError(f"{_short(line)} is no key and value.", first + at)
        end = at + 1
        while end < len(lines) and (not lines[end].strip() or lines[end][0] in " \t-"):
            end += 1
        yield first + at, key["key"], line[key.end() :].strip(), lines[at + 1 : end]
        at = end


def _value(number: int, text: str, below: list[str]) -> FrontValue:
    if block := _BLOCK.fullmatch(text):
        return FrontValue(_block(below, folded=block[1] == ">"), line=number)
    written = [line.strip() for line in below if line.strip() and not _COMMENT.match(line.strip())]
    if text.startswith("[") and not text.rstrip().endswith("]") and written:
        text, written = " ".join([text, *written]), []
    if written and not text and all(re.match(r"-(\s|$)", line) for line in written):
        return FrontValue(parts=tuple(scalar(line[1:].strip()) for line in written), line=number)
    if written and not text and (_KEY.match(written[0]) or written[0].startswith("-")):
        return FrontValue(line=number, nested=True)
    return FrontValue(scalar(" ".join([text, *written])), line=number)


def _block(lines: list[str], *, folded: bool) -> str:
    """Read a block of lines: as they stand, or joined where only a single one ends."""
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    text = "\n".join(line[indent:].rstrip() for line in lines).strip("\n")
    return re.sub(r"(?<!\n)\n(?![\n \t])", " ", text).replace("\n\n", "\n") if folded else text


def scalar(text: str) -> str:
    """Read a text as it is written: in quotes, or bare up to a comment."""
    text = text.strip()
    if text.startswith('"') and (end := re.match(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$', text)):
        return _ESCAPED.sub(_unescaped, end[1])
    if text.startswith("'") and (end := re.match(r"'((?:[^']|'')*)'\s*(?:#.*)?$", text)):
        return end[1].replace("''", "'")
    return _COMMENT.sub("", text).rstrip()


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _ESCAPES.get(match[3], match[3])


def flow_parts(text: str) -> tuple[str, ...] | None:
    """Give the parts of `[a, "b"]`; None where a text is no such list."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    return tuple(filter(None, (scalar(part) for part in _parts(text[1:-1]))))


def _parts(text: str) -> list[str]:
    """Part a text at its commas, but for those between quotes."""
    cuts, quote, before, escaped = [-1], "", ",", False
    for at, letter in enumerate(text):
        if quote:
            is_end = letter == quote and not escaped
            escaped = letter == "\\" and quote == '"' and not escaped
            quote = "" if is_end else quote
        elif letter == ",":
            cuts.append(at)
        elif letter in "\"'" and before in {",", letter}:  # it begins a part, or stands doubled
            quote = letter
        before = before if letter.isspace() else letter
    return [text[one + 1 : next_] for one, next_ in pairwise([*cuts, len(text)])]


def _short(line: str) -> str:
    words = " ".join(line.split())
    return words if len(words) <= 40 else f"{words[:39]}…"
