"""Where items come from: standard input, a file, or the names of files; one after the other."""

import asyncio
import glob
import os
import shutil
import stat
import sys
from collections import deque
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
class ItemSource:
    """Items that can be read, and how: `again` where they can be read more than once.

    Where reading may take any time, because somebody else writes there, `waits` are the raw.
    """

    read: Callable[[], Iterator[Item]]
    again: bool
    waits: "RawItems | None" = None

    async def items(self) -> AsyncGenerator[Item, None]:
        """Yield the items; what waits for a writer lets the loop go on meanwhile."""
        items = self.read()
        if self.waits is None:
            for item in items:
                yield item
            return
        while (coming := await self._next(items, self.waits)) is not None:
            yield coming

    async def _next(self, items: Iterator[Item], raw: "RawItems") -> Item | None:
        if raw.ready:
            return next(items, None)
        return await asyncio.to_thread(_next, items)


def _next(items: Iterator[Item]) -> Item | None:
    return next(items, None)


def source_of(options: Options, *, named: bool, twice: bool) -> ItemSource:
    """Find the items that are asked about; `named` tells that fields of them are.

    They can be read `twice` where that is wanted: a pipe is then read to its end first. Raises
    UsageError where there are none.
    """
    if options.each_file:
        paths = _matching(options.each_file)
        return ItemSource(lambda: _files(paths), again=True)
    name = options.input_ or "-"
    if name != "-":
        file = _opened(Path(name).expanduser())
        of_file = _kind(Path(name), named=named)
        return ItemSource(lambda: _items(RawItems(file, options.null), of_file), again=True)
    if stdin.is_keyboard() or sys.stdin is None or sys.stdin.closed:
        raise UsageError(
            "--each reads its items from standard input, which is the keyboard here.",
            "cat items.txt | chatrepl --each …, or --input FILE.",
        )
    piped: IO[bytes] = sys.stdin.buffer
    is_file = stat.S_ISREG(os.fstat(piped.fileno()).st_mode)
    if twice and not is_file:
        piped, is_file = _kept_aside(piped), True
    kind: ItemKind = "objects" if named else "lines"
    if is_file:
        return ItemSource(lambda: _items(RawItems(piped, options.null), kind), again=True)
    raw = RawItems(piped, options.null)
    return ItemSource(lambda: _items(raw, kind), again=False, waits=raw)


def _kept_aside(piped: IO[bytes]) -> IO[bytes]:
    """Read a pipe to its end, into a file that has no name and is gone with us."""
    from tempfile import TemporaryFile

    file = TemporaryFile()  # noqa: SIM115 - it is read until the end
    shutil.copyfileobj(piped, file)
    file.flush()
    return file


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


class RawItems:
    """What stands between separators in a file or pipe, each as soon as it is there."""

    def __init__(self, file: IO[bytes], is_null: bool) -> None:
        self._file = file
        self._separator = b"\0" if is_null else b"\n"
        self._split: deque[bytes] = deque()

    @property
    def ready(self) -> bool:
        """Whether the next piece is here already."""
        return bool(self._split)

    def __iter__(self) -> Iterator[bytes]:
        """Read from the beginning, where that is possible."""
        if self._file.seekable():
            self._file.seek(0)
        rest = b""
        while data := os.read(self._file.fileno(), _PIECE):
            *raw, rest = (rest + data).split(self._separator)
            self._split.extend(raw)
            while self._split:
                yield self._split.popleft()
            if len(rest) > _LONGEST:
                raise UsageError(f"An item is larger than {_LONGEST // 1_000_000} MB.")
        if rest:
            yield rest


def _items(raw: RawItems, kind: ItemKind) -> Iterator[Item]:
    return read_items(kind, _texts(raw))


def _texts(raw: RawItems) -> Iterator[str]:
    for number, piece in enumerate(raw):
        text = piece.removesuffix(b"\r").decode("utf-8", "replace")
        yield text if number else text.removeprefix("\ufeff")
