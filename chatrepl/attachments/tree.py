"""The files below a folder that somebody might mean: what git ignores is left out.

A walk ends after so many entries and so much time, whatever the folder is.
"""

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from chatrepl.core.value import frozen

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_MOST_ENTRIES: Final = 50_000
_MOST_SECONDS: Final = 1.0
_MOST_RULES_BYTES: Final = 200_000
_NOISE: Final = frozenset({"node_modules", "__pycache__"})

_Rules: TypeAlias = "tuple[tuple[str, GitIgnoreSpec], ...]"


@frozen
class Tree:
    """Paths below a folder, files and folders (these with a slash); `whole` where all are there."""

    paths: tuple[str, ...]
    whole: bool

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(path for path in self.paths if not path.endswith("/"))


def walk(folder: str) -> Tree:
    """List what lies below a folder, the nearest first; paths are relative to it."""
    root = os.path.abspath(folder)  # noqa: PTH100 - must not raise
    until = time.monotonic() + _MOST_SECONDS
    waiting = deque([("", _rules_above(root))])
    paths: list[str] = []
    while waiting and len(paths) < _MOST_ENTRIES and time.monotonic() < until:
        below, rules = waiting.popleft()
        rules = (*_rules_of(f"{root}/{below}"), *rules)
        for name, is_folder in _entries(f"{root}/{below}"):
            path = f"{below}{name}/" if is_folder else f"{below}{name}"
            if not _is_ignored(f"{root}/{path}", rules):
                paths.append(path)
                if is_folder:
                    waiting.append((path, rules))
    return Tree(tuple(paths), not waiting)


def tracked(folder: str, names: Sequence[str]) -> list[str]:
    """Give those of the names in a folder that git does not ignore; folders have a slash."""
    root = os.path.abspath(folder)  # noqa: PTH100 - must not raise
    rules = (*_rules_of(f"{root}/"), *_rules_above(root))
    return [name for name in names if not _is_ignored(f"{root}/{name}", rules)]


def fuzzy(paths: Sequence[str], typed: str, most: int) -> list[str]:
    """Give the paths that hold the letters of `typed` in their order, the likeliest first."""
    wanted = typed.casefold().replace(" ", "")
    ranked = sorted((rank, path) for path in paths if (rank := _rank(path.casefold(), wanted)))
    return [path for _, path in ranked[:most]]


def _rank(path: str, wanted: str) -> tuple[int, int, int] | None:
    """Rank a path: by how its name begins, what it holds in one piece, how far the letters lie."""
    name_at = path.rstrip("/").rfind("/") + 1
    at = path.find(wanted, name_at)
    if at >= 0:
        return (0 if at == name_at else 1), at - name_at, len(path)
    if (at := path.find(wanted)) >= 0:
        return 2, at, len(path)
    at = first = path.find(wanted[0])
    for letter in wanted:
        at = path.find(letter, at) + 1
        if not at:
            return None
    return 3, at - first, len(path)


def _entries(folder: str) -> Iterator[tuple[str, bool]]:
    """Give names and whether they are folders, in their order; links to folders are not entered."""
    try:
        with os.scandir(folder) as listing:
            entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in listing]
    except OSError:
        return
    for name, is_folder in sorted(entries):
        if not name.startswith(".") and name not in _NOISE and name.isprintable():
            yield name, is_folder


def _rules_above(root: str) -> _Rules:
    """Give the rules of the repository that a folder lies in, the nearest first."""
    rules: list[tuple[str, GitIgnoreSpec]] = []
    for folder in [Path(root), *Path(root).parents]:
        if folder != Path(root):
            rules += _rules_of(f"{folder}/")
        if (folder / ".git").exists():
            return (*rules, *_rules_of(f"{folder}/", ".git/info/exclude"))
    return ()


def _rules_of(folder: str, name: str = ".gitignore") -> _Rules:
    try:
        with open(folder + name, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            lines = file.read(_MOST_RULES_BYTES).splitlines()
        from pathspec import GitIgnoreSpec  # seldom needed

        return ((folder, GitIgnoreSpec.from_lines(lines)),)
    except (OSError, ValueError):
        return ()


def _is_ignored(path: str, rules: _Rules) -> bool:
    for folder, spec in rules:
        verdict = spec.check_file(path.removeprefix(folder)).include
        if verdict is not None:
            return verdict
    return False
