"""A command of one's own: what its file says, and the message that it makes of its arguments."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from itertools import islice
from typing import Any, Final, Protocol

from chatrepl.core.characters import without_hidden
from chatrepl.core.front_matter import FrontError, FrontValue
from chatrepl.core.models import EFFORTS
from chatrepl.core.value import frozen

_TEXTS: Final = "description model effort system prefill schema rows extract each".split()
_LISTS: Final = "choose attach".split()
KEYS: Final = (*_TEXTS, *_LISTS, "argument-hint")
_FORMS: Final = ("schema", "choose", "rows")
_ALL: Final = 10**9  # more arguments than anybody gives
_NO: Final = frozenset({"", "false", "no", "off"})
NAME: Final = re.compile(r"[^\W_][\w.-]*(:[^\W_][\w.-]*)*")

_PLACE: Final = re.compile(
    r"(?P<stdin>\{\{\s*stdin\s*\}\})"
    r"|\$ARGUMENTS\[(?P<index>\d{1,4})\]"
    r"|\$(?P<plain>ARGUMENTS|@|\d+)"
    r"|\$\{(?P<name>ARGUMENTS|@|\d+)(?::-(?P<other>[^}]{0,400}))?\}"
    r"|\$\{(?:ARGUMENTS|@):(?P<from>\d{1,9})(?::(?P<many>\d{1,9}))?\}"
)
_SHELL: Final = re.compile(r"!`([^`\n]+)`|^```![ \t]*\n(.{1,400}?)\n```", re.MULTILINE | re.DOTALL)
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SINGLE: Final = re.compile(r"'(.*?)'(?=\s|$)", re.DOTALL)
_ESCAPE: Final = re.compile(r"""\\([\s\\'"])""")


@frozen
class OwnCommand:
    """What one file says. Empty values were not given; `folder` is where it lies.

    `unknown` are keys without a meaning here, `shell` what it would have a shell do; `hidden`
    counts the characters that nobody sees and that were left out. `lines` tells where each key is.
    """

    name: str
    body: str
    description: str = ""
    hint: str = ""
    model: str = ""
    effort: str = ""
    system: str = ""
    prefill: str = ""
    schema: str = ""
    rows: str = ""
    extract: str | None = None
    each: str = ""
    choose: tuple[str, ...] = ()
    attach: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    shell: tuple[str, ...] = ()
    hidden: int = 0
    folder: str = ""
    path: str = ""
    is_local: bool = False
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def usage(self) -> str:
        """The line that shows what it takes."""
        return f"/{self.name} {self.hint or self._takes()}".rstrip()

    @property
    def summary(self) -> str:
        """What it does, in its own words."""
        first = next((line for line in self.body.split("\n") if line.strip()), "").strip("# ")
        return self.description or (first if len(first) <= 60 else f"{first[:59]}…")

    @property
    def wants_stdin(self) -> bool:
        return any(match["stdin"] for match in _PLACE.finditer(self.body))

    def where(self, key: str) -> str:
        """Say in which file, and line, the value of a key stands."""
        line = self.lines.get(key)
        return f"{self.path}:{line}" if line else self.path

    def _takes(self) -> str:
        return "[ARGUMENTS]" if any(not m["stdin"] for m in _PLACE.finditer(self.body)) else ""

    def values(self) -> Iterator[tuple[str, str]]:
        """Yield what holds for its one message, as keys and words."""
        for key in (*_TEXTS[1:], *_LISTS):
            value = getattr(self, key)
            if value not in {"", (), None}:
                yield key, ", ".join(value) if isinstance(value, tuple) else value

    def expand(self, words: Sequence[str], whole: str | None = None) -> tuple[str, ...]:
        """Put the arguments into the text; where standard input has a place, the text is parted.

        `whole` is what stands for all arguments. Those that no place can take come last.
        """
        return expand(self.body, words, whole)


def make(name: str, values: Mapping[str, FrontValue], body: str) -> OwnCommand:
    """Make a command of what its file says. Raises FrontError for values that fit nothing."""
    named = {key.lower().replace("_", "-"): value for key, value in values.items()}
    for key, value in named.items():
        if value.nested and key in KEYS and not (key == "schema" and value.text):
            raise FrontError(f"{key} takes a text or a list.", value.line)
    forms = [key for key in _FORMS if named.get(key, FrontValue()).words]
    if len(forms) > 1:
        line = max(named[key].line for key in forms)
        raise FrontError(f"{forms[0]} and {forms[1]} exclude each other.", line)
    texts = {key: _text(named[key]) for key in _TEXTS if key in named}
    effort = texts.get("effort", "")
    if effort and effort not in EFFORTS:
        raise FrontError(f"effort is one of {', '.join(EFFORTS)}.", named["effort"].line)
    body, hidden = without_hidden(body)
    hint = named.get("argument-hint", FrontValue())
    given: dict[str, Any] = {
        **texts,
        **{key: named[key].words for key in _LISTS if key in named},
        "model": "" if texts.get("model") == "inherit" else texts.get("model", ""),
        "extract": _extract(texts.get("extract", "no")),
        "each": "" if texts.get("each", "").lower() in _NO else texts["each"],
        "hint": hint.text or " ".join(f"[{part}]" for part in hint.parts),
    }
    return OwnCommand(
        name,
        body.strip(),
        **given,
        unknown=tuple(key for key in named if key not in KEYS),
        shell=tuple((m[1] or m[2]).strip() for m in _SHELL.finditer(body)),
        hidden=hidden,
        lines={key: value.line for key, value in named.items()},
    )


def _text(value: FrontValue) -> str:
    return without_hidden(value.text or ", ".join(value.parts))[0]


def _extract(text: str) -> str | None:
    if text.lower() in _NO:
        return None
    return "" if text.lower() in {"true", "yes", "on"} else text


def arguments(text: str) -> list[str]:
    """Take what was typed behind a name apart, as a shell would; an apostrophe in a word is one.

    What no quote closes is a mere character.
    """
    return [word for word, _ in _words(text)]


def _words(text: str) -> Iterator[tuple[str, int]]:
    """Yield each argument and where it ends."""
    word, at = None, 0
    while at < len(text):
        quoted = _quoted_at(text, at, inside=word is not None)
        escape = _ESCAPE.match(text, at)
        if quoted is not None:
            word = (word or "") + quoted[0]
            at = quoted[1]
        elif escape is not None:
            word = (word or "") + escape[1]
            at = escape.end()
        elif text[at].isspace():
            if word is not None:
                yield word, at
            word, at = None, at + 1
        else:
            word, at = (word or "") + text[at], at + 1
    if word is not None:
        yield word, at


def _quoted_at(text: str, at: int, *, inside: bool) -> tuple[str, int] | None:
    """Give what stands in quotes from here on, and where it ends."""
    if text[at] == '"' and (match := _QUOTED.match(text, at)):
        return _ESCAPE.sub(r"\1", match[1]), match.end()
    if text[at] == "'" and not inside and (match := _SINGLE.match(text, at)):
        return match[1], match.end()
    return None


def all_of(text: str, words: Sequence[str]) -> str:
    """Give what stands for all arguments: the words, but several lines as they were typed."""
    return text.strip() if "\n" in text.strip() else " ".join(words)


def expand(body: str, words: Sequence[str], whole: str | None = None) -> tuple[str, ...]:
    """Put arguments into the places of a text, and part it where standard input has a place.

    Only the text's own places are filled, none that an argument brings along. What stands behind
    the last argument that a text numbers comes last, as all do where it has no places.
    """
    parts, numbered = _parted(body, words, whole)
    rest = _from(numbered, words, whole)
    if rest.strip():
        parts[-1] = f"{parts[-1]}\n\n{rest}" if body else rest
    return tuple(parts)


def _parted(body: str, words: Sequence[str], whole: str | None) -> tuple[list[str], int]:
    """Fill and part a text; give also the number of the last argument that it speaks of."""
    parts, at, numbered = [""], 0, 0
    for match in _PLACE.finditer(body):
        parts[-1] += body[at : match.start()]
        at = match.end()
        if match["stdin"]:
            parts.append("")
        else:
            numbered = max(numbered, _numbered(match))
            parts[-1] += _filled(match, words, whole)
    parts[-1] += body[at:]
    return parts, numbered


def _numbered(match: re.Match[str]) -> int:
    """Give the number of the last argument that a place speaks of; `_ALL` where it numbers none.

    What the text leaves out with `${@:2:3}` is a choice of its own.
    """
    if match["index"] is not None:
        return int(match["index"]) + 1
    name = match["plain"] or match["name"]
    number = int(name[:9]) if name and name.isdigit() else 0
    return number or _ALL


def _from(start: int, words: Sequence[str], whole: str | None) -> str:
    """Give all arguments from one on; several lines as they were typed."""
    if whole is not None and start == 0:
        return whole
    if whole is None or "\n" not in whole:
        return " ".join(words[start:])
    ends = [0, *(end for _, end in islice(_words(whole), start))]
    return whole[ends[start] :].strip() if start < len(ends) else ""


def _filled(match: re.Match[str], words: Sequence[str], whole: str | None) -> str:
    if match["index"] is not None:
        return _word(words, int(match["index"]))
    if match["from"] is not None:
        start = max(0, int(match["from"]) - 1)
        if match["many"] is None:
            return _from(start, words, whole)
        return " ".join(words[start : start + int(match["many"])])
    name = match["plain"] or match["name"]
    value = _from(0, words, whole) if not name.isdigit() else _word(words, int(name[:9]) - 1)
    if not value and match["other"]:
        return "".join(_parted(match["other"], words, whole)[0])
    return value


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""


class OwnSource(Protocol):
    """Where the user's own commands come from."""

    def names(self) -> tuple[str, ...]:
        """Give the commands that count, by name."""

    def look_again(self) -> None:
        """Believe nothing that was seen before."""

    def read(self, name: str) -> OwnCommand:
        """Read one anew. Raises UsageError for a file that cannot be read, or is none."""

    def about(self, name: str) -> tuple[str, str]:
        """Tell what a command takes and does; of a file that cannot be read, why."""

    def values(self, name: str) -> tuple[tuple[str, str], ...]:
        """Give what holds for the one message of a command, as keys and words."""

    def is_local(self, name: str) -> bool:
        """Tell whether a command is the working folder's."""

    def waiting(self) -> tuple[str, ...]:
        """Give the commands that count only once the user has agreed to them."""

    def why(self) -> str:
        """Say where those that wait are, and why they do."""

    def agree(self) -> None:
        """Let those that wait count from now on, as they are now."""

    def place(self, name: str) -> str:
        """Say where the file of a command is, or would be. Raises UsageError without a place."""
