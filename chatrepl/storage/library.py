"""The saved conversations: list, find and delete them.

The folder alone decides which there are. A conversation's last records say what a list shows of
it, so that listing reads a few kilobytes a file.
"""

import contextlib
import os
import re
import stat
from collections.abc import Callable
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from chatrepl.core.errors import StorageError
from chatrepl.core.talk.usage import Cost
from chatrepl.core.value import frozen
from chatrepl.storage import records
from chatrepl.storage.files import words_for
from chatrepl.storage.journal_file import DAMAGED, SUFFIX, LogFile
from chatrepl.storage.read import load_bytes
from chatrepl.storage.record_log import title_of
from chatrepl.storage.records import loads

READ: Final = os.O_RDONLY | os.O_CLOEXEC
_TAILS: Final = (4_096, 131_072, 4 << 20, 64 << 20)
_BEGINNING: Final = 1 << 20
_STATE: Final = b'\n{"t":"state"'
_META: Final = b'\n{"t":"meta"'
_NAMED: Final = 5
_SHOWN: Final = 80


@frozen
class SavedEntry:
    """A saved conversation in a list. `when` is the time of its last change, in seconds.

    `cost` is where its file says so; of a `damaged` one nothing can be read.
    """

    id: str
    file: str
    name: str
    title: str
    turns: int
    when: float
    size: int
    cost: Cost | None = None
    damaged: bool = False

    @property
    def path(self) -> Path:
        return Path(self.file)

    @property
    def names(self) -> tuple[str, str, str]:
        return self.name, self.title, self.id

    @property
    def label(self) -> str:
        return next(filter(None, self.names))


def list_entries(folder: Path | None, limit: int | None = None) -> tuple[SavedEntry, ...]:
    """List the conversations in `folder`, the newest first."""
    return tuple(map(read_entry, scan(folder)[:limit]))


def scan(folder: Path | None) -> list[tuple[str, float, int]]:
    """Give path, time of change and size of every conversation, the newest first."""
    if folder is None:
        return []
    files = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX) and not entry.name.startswith("."):
                with contextlib.suppress(OSError):
                    status = entry.stat()
                    if not stat.S_ISREG(status.st_mode):
                        continue
                    files.append((entry.path, status.st_mtime, status.st_size))
    files.sort(key=lambda item: (item[1], item[0]), reverse=True)
    return files


def holds(folder: Path, least: int) -> bool:
    """Tell whether there are at `least` so many conversations, without looking at more of them."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        names = (entry.name for entry in entries if entry.name.endswith(SUFFIX))
        return len(list(islice(names, least))) == least
    return False


def read_entry(file: tuple[str, float, int]) -> SavedEntry:
    """Read what a list shows of one conversation; a damaged one is listed all the same."""
    path, when, size = file
    facts: dict[str, Any] = {}
    try:
        descriptor = os.open(path, READ)
        try:
            facts = _facts(descriptor, size)
        finally:
            os.close(descriptor)
    except OSError:
        facts = {"damaged": True}
    turns, usd = facts.get("n"), facts.get("usd")
    return SavedEntry(
        id=path[path.rfind(os.sep) + 1 : -len(SUFFIX)],
        file=path,
        name=_text(facts.get("name")),
        title=_text(facts.get("title")),
        turns=turns if isinstance(turns, int) else 0,
        when=when,
        size=size,
        cost=Cost(usd, 0, facts.get("least") is True) if isinstance(usd, int | float) else None,
        damaged=bool(facts.get("damaged")),
    )


def reread(entry: SavedEntry) -> SavedEntry:
    """Read a conversation of a list anew: it may have grown since; it keeps its age there."""
    with contextlib.suppress(OSError):
        return read_entry((entry.file, entry.when, entry.path.stat().st_size))
    return entry


def find(folder: Path | None, wanted: str) -> SavedEntry:
    """Find a conversation by its id, its name, or the unique beginning of either.

    Raises StorageError where there is none, or more than one.
    """
    entries = list_entries(folder)
    low = wanted.casefold().strip()
    tests: tuple[Callable[[SavedEntry], bool], ...] = (
        lambda e: e.id == wanted,
        lambda e: e.name.casefold() == low,
        lambda e: e.name.casefold().startswith(low),
        lambda e: e.id.startswith(low) or e.id.rpartition("-")[2].startswith(low),
    )
    for test in tests if low else ():
        hits = [entry for entry in entries if test(entry)]
        if len(hits) == 1:
            return hits[0]
        if hits:
            called = [entry.name for entry in hits]
            names = ", ".join(
                entry.name if called.count(entry.name) == 1 and entry.name else entry.id
                for entry in hits[:_NAMED]
            )
            raise StorageError(
                f"{wanted} could be any of {len(hits)} saved conversations.",
                f"Say which one: {names}",
                exit_code=2,
            )
    raise StorageError(
        f"There is no saved conversation {wanted[:_SHOWN]}{'…' if wanted[_SHOWN:] else ''}.",
        "/sessions lists those there are.",
        exit_code=2,
    )


def free_name(folder: Path, name: str) -> str:
    """Give a copy's name that is not taken, also where `name` is a copy's itself."""
    stem = re.sub(r" \(copy(?: \d+)?\)$", "", name)
    taken = taken_names(folder)
    tried = (f"{stem} (copy{f' {n}' if n > 1 else ''})" for n in count(1))
    return next(name for name in tried if name.casefold() not in taken)


def taken_names(folder: Path) -> set[str]:
    """Give the names of the conversations in `folder`, case set aside."""
    return {entry.name.casefold() for entry in list_entries(folder)}


def delete(entry: SavedEntry) -> None:
    """Delete one conversation for good. Raises StorageError where that cannot be."""
    try:
        log = LogFile.open(entry.path)
        if log is None:
            raise StorageError(
                f"{entry.label} is open in another chatrepl.", "Leave that one first."
            )
        log.close()
        entry.path.unlink()
    except FileNotFoundError:
        raise StorageError(f"{entry.label} is gone already.") from None
    except OSError as error:
        raise StorageError(f"{entry.label} was not deleted: {words_for(error)}.") from error
    with contextlib.suppress(OSError):
        entry.path.with_suffix(DAMAGED).unlink()


def _facts(descriptor: int, size: int) -> dict[str, Any]:
    """Look for the last state from the file's end backwards, then at how it begins."""
    for length in _TAILS:
        start = max(0, size - length)
        if start:
            os.lseek(descriptor, start, os.SEEK_SET)
        data = b"\n" * (start == 0) + os.read(descriptor, length)
        if (facts := _from_tail(data)) is not None:
            return facts
        if start == 0:
            break
    os.lseek(descriptor, 0, os.SEEK_SET)
    return _from_beginning(os.read(descriptor, _BEGINNING))


def _from_tail(data: bytes) -> dict[str, Any] | None:
    at = data.rfind(_STATE)
    if at < 0:
        return None
    facts = _parsed(data, at)
    if "n" not in facts:
        return None
    while (at := data.find(_META, at + 1)) >= 0:
        changed = _parsed(data, at).get("set")
        if isinstance(changed, dict):
            facts |= {key: changed[key] for key in ("name", "title") if key in changed}
            facts |= records.paid_since(facts, changed)
    return facts


def _parsed(data: bytes, at: int) -> dict[str, Any]:
    end = data.find(b"\n", at + 1)
    try:
        record = loads(data[at + 1 : end if end >= 0 else len(data)])
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _from_beginning(data: bytes) -> dict[str, Any]:
    loaded = load_bytes(data)
    turns = loaded.conversation.path()
    title = next((words for turn in turns if (words := title_of(turn))), "")
    is_damaged = loaded.skipped > 0 and not loaded.conversation.turns
    return {"title": title, **loaded.meta, "n": len(turns), "damaged": is_damaged}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
