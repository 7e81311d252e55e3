"""`@path` in a message: where it stands, and how a path is completed.

Mail addresses, decorators and names of people are left alone: a mention is a file that exists,
an address that can be attached, or a path that begins with `./` or `../`. What only looks like a
file is a miss: it ends as files do, or its folder is there.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatrepl.attachments.safe_read import expanded
from chatrepl.attachments.sniff import FileKind
from chatrepl.attachments.urls import is_url, url_kind
from chatrepl.core.fences import line_states
from chatrepl.core.typed_words import NEVER_LAST
from chatrepl.core.value import frozen

if TYPE_CHECKING:
    from chatrepl.attachments.tree import Tree

# After a blank or an opening mark; quoted, or up to the next blank that is not escaped.
_MENTION: Final = re.compile(
    r"""(?<![^\s(\[{<"'`])@(?:"([^"\n]{1,4096})"|'([^'\n]{1,4096})'|((?:\\.|[^\s\\"'])[^\s\\]*(?:\\.[^\s\\]*)*))"""
)
_ESCAPE: Final = re.compile(r"""\\([\s\\'"()\[\]{}&;|<>$`*?#!])""")
_EXPLICIT: Final = ("./", "../", ".\\", "..\\")
_ENDS: Final = frozenset(
    "md txt rst org tex log csv tsv json jsonl yaml yml toml ini cfg conf xml html htm css scss "
    "py pyi ipynb js mjs ts tsx jsx c h cc cpp hpp cs java kt go rs rb php pl lua sql sh bash "
    "zsh ps1 bat swift scala dart r jl hs ml ex exs erl clj el vim zig proto graphql tf cmake mk "
    "diff patch lock png jpg jpeg gif webp bmp tif tiff avif heic ico svg pdf doc docx xls xlsx "
    "ppt pptx odt ods epub".split()
)
_MAX_LOOKUPS: Final = 1_000  # a pasted log may hold any number of @ signs
_MAX_LISTED: Final = 10_000
_MAX_COMPLETIONS: Final = 200
_KB: Final = 1000
_MOST_FUZZY: Final = 30
_TREE_SECONDS: Final = 10  # so long what lies below the working folder is believed


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
    mentions = (_quoted(match, exists) or _bare(match, exists) for match in _matches(text))
    return tuple(filter(None, mentions))


def find_misses(text: str, exists: Callable[[str], bool] = is_file) -> tuple[Mention, ...]:
    """Find what looks like a mention of a file that is not there."""
    return tuple(
        Mention(match.start(), match.end(), path)
        for match in _matches(text)
        if not (_quoted(match, exists) or _bare(match, exists))
        and _looks_like_file(path := expanded(_written(match)))
    )


def nearest(path: str) -> str:
    """Name the file beside a missing one that is called most like it; empty where none is."""
    import difflib

    folder, slash, name = path.rpartition("/")
    try:
        names = [entry.name for entry in islice(os.scandir(folder + slash or "."), _MAX_LISTED)]
    except (OSError, ValueError):
        return ""
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return folder + slash + near[0] if near else ""


def _matches(text: str) -> Iterator[re.Match[str]]:
    if "@" not in text:
        return
    fences = tuple(_fences(text))
    for match in islice(_MENTION.finditer(text), _MAX_LOOKUPS):
        if not any(start <= match.start() < end for start, end in fences):
            yield match


def _written(match: re.Match[str]) -> str:
    return match[1] or match[2] or _ESCAPE.sub(r"\1", match[3]).rstrip(NEVER_LAST)


def _looks_like_file(path: str) -> bool:
    if is_url(path):
        return False
    folder, _, name = path.rstrip("/").rpartition("/")
    stem, dot, end = name.rpartition(".")
    if stem and dot and end.lower() in _ENDS:
        return True
    try:
        return bool(folder and name) and Path(folder).is_dir() and not Path(path).is_dir()
    except (OSError, ValueError):
        return False


def unmentioned(text: str, mentions: Iterable[Mention]) -> str:
    """Let those mentions in a text be words and no more: each loses its `@`."""
    for mention in sorted(mentions, key=lambda one: one.start, reverse=True):
        text = text[: mention.start] + text[mention.start + 1 :]
    return text


def complete_path(prefix: str) -> Iterable[str]:
    """List the paths that begin with `prefix`, then those that hold its letters in their order."""
    begun = _begun(prefix)
    if not prefix or prefix.startswith(("/", "~", ".")) or prefix.endswith("/"):
        return begun
    from chatrepl.attachments.tree import fuzzy  # seldom needed

    try:
        tree = _known_tree(str(Path.cwd()), int(time.monotonic() / _TREE_SECONDS))
    except OSError:  # the working folder is gone
        return begun
    return dict.fromkeys([*begun, *fuzzy(tree.paths, prefix, _MOST_FUZZY)])


def paths_behind_at(text: str) -> Iterable[tuple[str, str]]:
    """Offer files, each with what is there, once a text begins with the @ that names one."""
    paths = complete_path(text[1:]) if text.startswith("@") else ()
    return ((f"@{path}", path_words(path)) for path in paths)


def path_words(path: str) -> str:
    """Say what is at a path that is offered: a folder, or a file of some size."""
    if path.endswith("/"):
        return "folder"
    try:
        size = Path(expanded(path)).stat().st_size
    except (OSError, ValueError):
        return "gone"
    return f"{size:,} bytes" if size < _KB else f"{size / _KB:,.0f} kB"


@lru_cache(maxsize=1)
def _known_tree(folder: str, _moment: int) -> "Tree":
    from chatrepl.attachments.tree import walk

    return walk(folder)


def _begun(prefix: str) -> list[str]:
    """List the paths that begin with `prefix`, folders with a slash; hidden ones on request.

    What git ignores is listed where there is nothing else.
    """
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
    names = [f"{entry}{'/' if is_folder else ''}" for _, _, entry, is_folder in sorted(fitting)]
    names = _tracked(real, names[:_MAX_COMPLETIONS])
    return [f"{typed}{name}" for name in names]


def _tracked(folder: str, names: list[str]) -> list[str]:
    from chatrepl.attachments.tree import tracked

    try:
        return tracked(folder, names) or names
    except OSError:  # the working folder is gone
        return names


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
        if raw[-1] not in NEVER_LAST:
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
