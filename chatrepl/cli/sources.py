"""Where items come from: standard input, a file, or the names of files; one after the other."""

import asyncio
import codecs
import glob
import os
import shutil
import stat
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TextIO

from chatrepl.cli import stdin
from chatrepl.cli.options import Options
from chatrepl.core.errors import SAFE, UsageError
from chatrepl.core.items import Item, ItemKind, read_items
from chatrepl.core.value import frozen, replace
from chatrepl.shells.mutter import mutter

_PIECE: Final = 1 << 16
_LONGEST: Final = 32_000_000  # bytes; a request holds no more
_TOO_LARGE: Final = f"is larger than {_LONGEST // 1_000_000} MB."
_BEGINNING: Final = 200  # bytes of what is larger, to be named by
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
    written = _written(options)
    if options.each_file:
        paths = _matching(options.each_file, written)
        return ItemSource(lambda: _files(paths), again=True)
    letters = Letters(None if options.quiet else sys.stderr)
    name = options.input_ or "-"
    if name != "-":
        file = _opened(Path(name).expanduser())
        if _identity(os.fstat(file.fileno())) in written:
            file.close()
            raise UsageError(f"{name} holds the items, so nothing is written there.", SAFE)
        of_file = _kind(Path(name), named=named)
        return ItemSource(
            lambda: _items(RawItems(file, options.null), of_file, letters), again=True
        )
    if stdin.is_keyboard() or sys.stdin is None or sys.stdin.closed:
        what = "the keyboard here" if stdin.is_keyboard() else "closed"
        raise UsageError(
            f"--each reads its items from standard input, which is {what}.",
            "cat items.txt | chatrepl --each …, or --input FILE.",
        )
    piped: IO[bytes] = sys.stdin.buffer
    is_file = stat.S_ISREG(os.fstat(piped.fileno()).st_mode)
    if twice and not is_file:
        piped, is_file = _kept_aside(piped), True
    kind: ItemKind = "objects" if named else "lines"
    if is_file:
        return ItemSource(lambda: _items(RawItems(piped, options.null), kind, letters), again=True)
    raw = RawItems(piped, options.null)
    return ItemSource(lambda: _items(raw, kind, letters), again=False, waits=raw)


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


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _written(options: Options) -> set[tuple[int, int]]:
    """Give the regular files that this command writes, by what they are."""
    given = [name for name in (options.out, options.state) if name]
    files = [Path(name).expanduser() for name in (*given, *(f"{name}.state" for name in given))]
    written: set[tuple[int, int]] = set()
    for path in files:
        with suppress(OSError, ValueError):  # what cannot be named so is said where it is opened
            status = path.stat()
            written |= {_identity(status)} if stat.S_ISREG(status.st_mode) else set()
    return written


def _matching(patterns: Iterable[str], written: Container[tuple[int, int]]) -> list[str]:
    """Give the files that `patterns` match, but what this command has `written`."""
    paths: dict[str, None] = {}
    for pattern in patterns:
        matched = sorted(glob.glob(os.path.expanduser(pattern), recursive=True))  # noqa: PTH111, PTH207
        files = [path for path in matched if not os.path.isdir(path)]  # noqa: PTH112
        files = [path for path in files if _identity(os.lstat(path)) not in written]
        if not files:
            raise UsageError(f"--each-file {pattern} names no file.", SAFE)
        paths.update(dict.fromkeys(files))
    return list(paths)


def _files(paths: Iterable[str]) -> Iterator[Item]:
    return (Item(number, path, path) for number, path in enumerate(paths))


def _opened(path: Path) -> IO[bytes]:
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name cannot be used"
        raise UsageError(f"--input {path} cannot be read: {reason}.", SAFE) from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UsageError(f"--input {path} is no regular file.", f"{SAFE} - is standard input.")
    return file


class RawItems:
    """What stands between separators in a file or pipe, each as soon as it is there.

    Of what is larger than any request only the beginning is given, and `is_cut` set then.
    """

    def __init__(self, file: IO[bytes], is_null: bool) -> None:
        self._file = file
        self._separator = b"\0" if is_null else b"\n"
        self._split: deque[bytes] = deque()
        self._pieces: list[bytes] = []  # of what has no end yet
        self._size = 0
        self.around = b""  # what was split last
        self.is_cut = False

    @property
    def ready(self) -> bool:
        """Whether the next piece is here already."""
        return bool(self._split)

    def __iter__(self) -> Iterator[bytes]:
        """Read from the beginning, where that is possible."""
        if self._file.seekable():
            self._file.seek(0)
        self._begin(b"")
        for data in self._chunks():
            first, *others = data.split(self._separator)
            self._hold(first)
            if not others:
                continue
            item = self._held()
            self.around = item + data[len(first) :]
            self._begin(others.pop())
            self._split.extend(others)
            yield item
            self.is_cut = False
            while self._split:
                yield self._split.popleft()
        if self._size:
            item = self._held()
            self.around = self.around if self.around.endswith(item) else item
            yield item

    def _begin(self, data: bytes) -> None:
        self._pieces, self._size = [data], len(data)

    def _hold(self, data: bytes) -> None:
        if self._size > _LONGEST:  # nothing more is kept of it
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size > _LONGEST:
            self._pieces = [b"".join(self._pieces)[:_BEGINNING]]

    def _held(self) -> bytes:
        """Give what was held, or its first characters."""
        self.is_cut = self._size > _LONGEST
        item = b"".join(self._pieces)
        return item[:_BEGINNING].decode("utf-8", "ignore").encode() if self.is_cut else item

    def _chunks(self) -> Iterator[bytes]:
        """Yield what comes, in UTF-8 where it is any Unicode. Raises UsageError for no text."""
        from chatrepl.attachments.decoding import wider_unicode
        from chatrepl.attachments.sniff import FileKind, looks_binary, sniff

        data = os.read(self._file.fileno(), _PIECE)
        head = data.replace(b"\0", b"\n") if self._separator == b"\0" else data
        kind = sniff(head)
        if kind.kind in {FileKind.IMAGE, FileKind.PDF} or looks_binary(head):
            words = f"Items are read from a text, and this is {kind.name}."
            raise UsageError(words, f"{SAFE} --each-file asks about pictures and PDFs.")
        wide = wider_unicode(head)
        decoder = codecs.getincrementaldecoder(wide)("replace") if wide else None
        while data:
            yield data if decoder is None else decoder.decode(data).encode()
            data = os.read(self._file.fileno(), _PIECE)


@dataclass(slots=True)
class Letters:
    """Turns bytes into text. What is no UTF-8 is read in one encoding, which is said once."""

    err: TextIO | None
    encoding: str = ""

    def text(self, data: bytes, around: bytes) -> str:
        """Decode `data`; by what stands `around` it the encoding is told."""
        with suppress(UnicodeDecodeError):
            return data.decode()
        if not self.encoding:
            from chatrepl.attachments.decoding import legacy_encoding

            self.encoding, note = legacy_encoding(around)
            mutter(self.err, f"chatrepl: the items are {note}.")
        return data.decode(self.encoding, "replace")


def _items(raw: RawItems, kind: ItemKind, letters: Letters) -> Iterator[Item]:
    for item in read_items(kind, _texts(raw, letters, kind)):
        fault = f"Item {item.number + 1} {_TOO_LARGE}"
        yield replace(item, fault=fault) if raw.is_cut else item


def _texts(raw: RawItems, letters: Letters, kind: ItemKind) -> Iterator[str]:
    for number, piece in enumerate(raw):
        if raw.is_cut and kind == "table":
            raise UsageError(f"A row of the table {_TOO_LARGE}", SAFE)
        text = letters.text(piece.removesuffix(b"\r"), raw.around)
        yield text if number else text.removeprefix("\ufeff")
