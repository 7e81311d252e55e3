"""Where items come from: standard input, a file, or the names of files; one after the other."""

import asyncio
import glob
import os
import stat
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Final

from chatrepl.cli import stdin
from chatrepl.cli.options import Options
from chatrepl.core.errors import UsageError
from chatrepl.core.items import Item, ItemKind, read_items
from chatrepl.core.value import frozen

_PIECE: Final = 1 << 16
_LONGEST: Final = 32_000_000  # bytes; a request holds no more
_SAFE: Final = "Nothing was sent."
_TABLES: Final = frozenset({".csv", ".tsv"})
_OBJECTS: Final = frozenset({".jsonl", ".ndjson"})


@frozen
class Source:
    """Items that can be read, and how: `again` where they can be read more than once.

    `waits` tells that reading may take any time: somebody else writes there.
    """

    read: Callable[[], Iterator[Item]]
    again: bool
    waits: bool = False

    async def items(self) -> AsyncGenerator[Item, None]:
        """Yield the items; what waits lets the loop go on meanwhile."""
        items = self.read()
        if not self.waits:
            for item in items:
                yield item
            return
        while (coming := await asyncio.to_thread(_next, items)) is not None:
            yield coming


def _next(items: Iterator[Item]) -> Item | None:
    return next(items, None)


def source_of(options: Options, *, named: bool) -> Source:
    """Find the items that are asked about; `named` tells that fields of them are.

    Raises UsageError where there are none.
    """
    if options.each_file:
        paths = _matching(options.each_file)
        return Source(lambda: _files(paths), again=True)
    name = options.input_ or "-"
    if name != "-":
        file = _opened(Path(name).expanduser())
        return Source(lambda: _items(file, _kind(Path(name), named=named), options), again=True)
    if stdin.is_keyboard() or sys.stdin is None or sys.stdin.closed:
        raise UsageError(
            "--each reads its items from standard input, which is the keyboard here.",
            "cat items.txt | chatrepl --each …, or --input FILE.",
        )
    piped = sys.stdin.buffer
    is_file = stat.S_ISREG(os.fstat(piped.fileno()).st_mode)
    kind: ItemKind = "objects" if named else "lines"
    return Source(lambda: _items(piped, kind, options), again=is_file, waits=not is_file)


def _kind(path: Path, *, named: bool) -> ItemKind:
    suffix = path.suffix.casefold()
    if suffix in _TABLES:
        return "table"
    return "objects" if suffix in _OBJECTS or named else "lines"


def _matching(patterns: Iterable[str]) -> list[str]:
    paths: dict[str, None] = {}
    for pattern in patterns:
        matched = sorted(glob.glob(os.path.expanduser(pattern), recursive=True))  # noqa: PTH111, PTH207
        files = [path for path in matched if not os.path.isdir(path)]  # noqa: PTH112
        if not files:
            raise UsageError(f"--each-file {pattern} names no file.", _SAFE)
        paths.update(dict.fromkeys(files))
    return list(paths)


def _files(paths: Iterable[str]) -> Iterator[Item]:
    return (Item(number, path, path) for number, path in enumerate(paths))


def _opened(path: Path) -> IO[bytes]:
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name cannot be used"
        raise UsageError(f"--input {path} cannot be read: {reason}.", _SAFE) from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UsageError(f"--input {path} is no regular file.", f"{_SAFE} - is standard input.")
    return file


def _items(file: IO[bytes], kind: ItemKind, options: Options) -> Iterator[Item]:
    if file.seekable():
        file.seek(0)
    separator = b"\0" if options.null else b"\n"
    return read_items(kind, _texts(file, separator))


def _texts(file: IO[bytes], separator: bytes) -> Iterator[str]:
    """Yield what stands between separators, each as soon as it is there."""
    is_first = True
    for piece in _pieces(file.fileno(), separator):
        text = piece.removesuffix(b"\r").decode("utf-8", "replace")
        yield text.removeprefix("\ufeff") if is_first else text
        is_first = False


def _pieces(descriptor: int, separator: bytes) -> Iterator[bytes]:
    rest = b""
    while data := os.read(descriptor, _PIECE):
        *pieces, rest = (rest + data).split(separator)
        yield from pieces
        if len(rest) > _LONGEST:
            raise UsageError(f"An item is larger than {_LONGEST // 1_000_000} MB.")
    if rest:
        yield rest
