"""`@path` in a message: where it stands, and how a path is completed.

Mail addresses, decorators and names of people are left alone: a mention is a file that exists,
an address that can be attached, or a path that begins with `./` or `../`.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from chatrepl.attachments.safe_read import expanded
from chatrepl.attachments.sniff import FileKind
from chatrepl.attachments.urls import is_url, url_kind
from chatrepl.core.fences import line_states
from chatrepl.core.value import frozen

# After a blank or an opening mark; quoted, or up to the next blank that is not escaped.
_MENTION: Final = re.compile(
    r"""(?<![^\s(\[{<"'`])@(?:"([^"\n]{1,4096})"|'([^'\n]{1,4096})'|((?:\\.|[^\s\\"'])[^\s\\]*(?:\\.[^\s\\]*)*))"""
)
_ESCAPE: Final = re.compile(r"""\\([\s\\'"()\[\]{}&;|<>$`*?#!])""")
_TRAILING: Final = ".,;:!?)]}>'\"`…"
_EXPLICIT: Final = ("./", "../", ".\\", "..\\")
_MAX_LOOKUPS: Final = 1_000  # a pasted log may hold any number of @ signs
_MAX_LISTED: Final = 10_000
_MAX_COMPLETIONS: Final = 200


@frozen
class Mention:
    """A mention at `text[start:end]`, the `@` included; `path` is ready to be opened."""

    start: int
    end: int
    path: str


def is_file(path: str) -> bool:
    """Tell whether a path names something that is no directory."""
    try:
        return os.path.exists(path) and not Path(path).is_dir()  # noqa: PTH110 - takes any string
    except (OSError, ValueError):
        return False


def find_mentions(text: str, exists: Callable[[str], bool] = is_file) -> tuple[Mention, ...]:
    """Find the mentions of a message, outside of its fenced code."""
    if "@" not in text:
        return ()
    fences = tuple(_fences(text))
    mentions = []
    for match in islice(_MENTION.finditer(text), _MAX_LOOKUPS):
        if any(start <= match.start() < end for start, end in fences):
            continue
        mention = _quoted(match, exists) or _bare(match, exists)
        if mention:
            mentions.append(mention)
    return tuple(mentions)


def unmentioned(text: str, mentions: Iterable[Mention]) -> str:
    """Let those mentions in a text be words and no more: each loses its `@`."""
    for mention in sorted(mentions, key=lambda one: one.start, reverse=True):
        text = text[: mention.start] + text[mention.start + 1 :]
    return text


def complete_path(prefix: str) -> Iterable[str]:
    """List the paths that begin with `prefix`, folders with a slash; hidden ones on request."""
    folder, slash, name = prefix.rpartition("/")
    typed = folder + slash
    real = expanded(typed or ".")
    try:
        with os.scandir(real) as listing:
            entries = [(entry.name, _is_folder(entry)) for entry in islice(listing, _MAX_LISTED)]
    except (OSError, ValueError):
        return []
    fitting = [
        (not entry.startswith(name), entry.lower(), entry, is_folder)
        for entry, is_folder in entries
        if entry.lower().startswith(name.lower())
        and entry.isprintable()
        and (name.startswith(".") or not entry.startswith("."))
    ]
    return [
        f"{typed}{entry}{'/' if is_folder else ''}"
        for _, _, entry, is_folder in sorted(fitting)[:_MAX_COMPLETIONS]
    ]


def _quoted(match: re.Match[str], exists: Callable[[str], bool]) -> Mention | None:
    path = match[1] or match[2]
    if path and _is_meant(path, exists):
        return Mention(match.start(), match.end(), expanded(path))
    return None


def _bare(match: re.Match[str], exists: Callable[[str], bool]) -> Mention | None:
    raw = match[3]
    if not raw or len(raw) > 4_096:
        return None
    while raw:
        path = raw if is_url(raw) else _ESCAPE.sub(r"\1", raw)
        end = match.start() + 1 + len(raw)
        if _exists(path, exists):
            return Mention(match.start(), end, expanded(path))
        if raw[-1] not in _TRAILING:
            break
        raw = raw[:-1]
    path = _ESCAPE.sub(r"\1", raw)
    if path.startswith(_EXPLICIT) and path.strip("./\\"):
        return Mention(match.start(), match.start() + 1 + len(raw), path)
    return None


def _is_meant(path: str, exists: Callable[[str], bool]) -> bool:
    return path.startswith(_EXPLICIT) or _exists(path, exists)


def _exists(path: str, exists: Callable[[str], bool]) -> bool:
    if is_url(path):
        return (
            path.startswith(("http://", "https://")) and url_kind(path) is not FileKind.UNSUPPORTED
        )
    return exists(expanded(path))


def _fences(text: str) -> Iterator[tuple[int, int]]:
    """Give the spans of the lines of fenced code; an open fence reaches to the end."""
    at = 0
    for line, state in zip(text.split("\n"), line_states(text), strict=True):
        end = at + len(line) + 1
        if state:
            yield at, end
        at = end


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
