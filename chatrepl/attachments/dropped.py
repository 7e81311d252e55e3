"""The paths in a line, however they got there: typed with blanks, dragged, quoted, as addresses.

A file that exists under what stands there literally wins over every other reading. What a folder or
a pattern stands for is told apart: that is many files.
"""

import glob
import os
import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

from chatrepl.attachments.safe_read import plain_path, refusal
from chatrepl.attachments.tree import walk
from chatrepl.attachments.urls import is_url
from chatrepl.core.errors import AttachmentError
from chatrepl.core.value import frozen

MOST_FILES: Final = 200
_LONGEST_DROP: Final = 20_000
# A word: what is escaped or quoted keeps its blanks; a quote that nothing closes is a letter.
_WORD: Final = re.compile(r"""(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s])+""")
_PARTS: Final = re.compile(r"""\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'|(.)""", re.DOTALL)
_PATTERN: Final = re.compile(r"[*?]|\[[^\[\]]+\]")


@frozen
class Dropped:
    """What a line names: files one by one, also those that are not there; and files by the many.

    `rest` are words that follow the files and are none.
    """

    paths: tuple[str, ...] = ()
    many: tuple[str, ...] = ()
    rest: str = ""


def dropped(line: str) -> Dropped:
    """Read a line of paths. Raises `AttachmentError` for a folder or pattern of too many files."""
    line = line.strip()
    words = list(_WORD.finditer(line))
    paths: list[str] = []
    many: list[str] = []
    missing: list[re.Match[str]] = []
    at = 0
    while at < len(words):
        piece, at_next = _longest(line, words, at)
        if piece is None:
            missing.append(words[at])
            paths.append(words[at][0])
        elif (files := _files_of(piece)) is None:
            paths.append(piece)
        else:
            many += files
        at = at_next
    if missing and not any(_like_path(word[0]) for word in missing):
        if missing == words:
            return Dropped((line,))  # one name with blanks in it, and wrong
        if missing == words[-len(missing) :]:
            paths, rest = paths[: -len(missing)], line[missing[0].start() :]
            return Dropped(tuple(paths), tuple(dict.fromkeys(many)), rest)
    return Dropped(tuple(paths), tuple(dict.fromkeys(many)))


def are_dropped(line: str) -> bool:
    """Tell whether a line is nothing but paths of files, as a file manager drops them."""
    line = line.strip()
    if not line.startswith(("/", "~/", "'", '"', "file:")) or len(line) > _LONGEST_DROP:
        return False
    words = list(_WORD.finditer(line))
    at = 0
    while at < len(words):
        piece, at = _longest(line, words, at)
        if piece is None or is_url(piece) or not os.path.isfile(piece):  # noqa: PTH113
            return False
    return True


def _longest(line: str, words: Sequence["re.Match[str]"], at: int) -> tuple[str | None, int]:
    """Take as many words as make the name of something that is there."""
    for end in range(min(len(words), at + 64), at, -1):
        written = line[words[at].start() : words[end - 1].end()]
        if (path := _there(written)) is not None:
            return path, end
    return None, at + 1


def _there(written: str) -> str | None:
    """Give the path that a piece of a line names, if that is there or is an address."""
    if is_url(written):
        return None if re.search(r"\s", written) else written
    bare = _unquoted(written)
    for reading in dict.fromkeys((written, bare, _expanded(written), _expanded(bare))):
        path = _from_address(reading) if reading.startswith("file:") else reading
        if os.path.lexists(path) or _matches(path):
            return path
    return None


def _from_address(written: str) -> str:
    """Read a `file:` address; one of another computer stays, to be refused in words."""
    try:
        return plain_path(written)
    except AttachmentError:
        return written


def _expanded(text: str) -> str:
    try:
        return os.path.expandvars(os.path.expanduser(text))  # noqa: PTH111 - without pathlib's errors
    except ValueError:  # a NUL
        return text


def _unquoted(written: str) -> str:
    """Take off the quotes and backslashes that a shell would."""
    return "".join(
        m[1] or re.sub(r"\\(.)", r"\1", m[2] or "") or m[3] or m[4] or ""
        for m in _PARTS.finditer(written)
    )


def _matches(pattern: str) -> list[str]:
    if not _PATTERN.search(pattern):
        return []
    if "\0" in pattern:
        return []
    paths = (path for path in glob.iglob(pattern, recursive=True) if not os.path.isdir(path))  # noqa: PTH112, PTH207
    return sorted(islice(paths, MOST_FILES + 1))


def _files_of(path: str) -> tuple[str, ...] | None:
    """Give the files that a folder or pattern stands for; None for one file or address."""
    if is_url(path) or (os.path.lexists(path) and not os.path.isdir(path)):  # noqa: PTH112
        return None
    if os.path.isdir(path):  # noqa: PTH112
        files = tuple(os.path.join(path, name) for name in walk(path).files)  # noqa: PTH118
    else:
        files = tuple(_matches(path))
    if len(files) > MOST_FILES:
        raise refusal(path, f"it stands for more than {MOST_FILES} files", "Name a part of them.")
    if not files:
        raise refusal(path, "there are no files in it")
    return files


def _like_path(word: str) -> bool:
    return "/" in word or bool(re.search(r"\.\w{1,5}$", word))
