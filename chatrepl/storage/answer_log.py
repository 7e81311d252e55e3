"""What is done of many questions, on the disk: so that the same command asks for the rest alone.

The state is an append-only file with a line a finished item, written at once and whole when the
answer is there: killing us loses nothing of it. It is synced every two seconds and at the end; what
a power cut takes is asked again. The last line for an item counts, and a torn one is none.

The output is made from the state. A run that goes on writes it from its beginning, over what stands
there as long as that is the same: from the first difference, such as half an item, it is new.
"""

import json
import os
import re
import stat
import time
from array import array
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from chatrepl.core.errors import SAFE, StorageError, UsageError
from chatrepl.core.wire import encode
from chatrepl.storage.files import APPEND, PRIVATE_FILE, lock, sync_data, words_for, write_all
from chatrepl.storage.records import dumps
from chatrepl.storage.spool import Spool

_SYNC_S: Final = 2.0
_NONE: Final = 0  # a file begins with its head, so no item stands there
_PUBLIC_FILE: Final = 0o666
_PIECE: Final = 1 << 16
_MOST_LINE: Final = 1 << 28  # bytes; no answer is as long
_MOST_IN_MEMORY: Final = 64  # results that wait to be taken
_HEAD: Final = re.compile(rb'\{"n":(\d{1,18}),"id":"([\w.-]+)"')
_FAR: Final = 1 << 20  # beyond the last item: in a damaged line, or of a run that is very wide


class Done(Protocol):
    """Holds the results of finished items until they are written, or for ever."""

    def get(self, number: int, item_id: str) -> dict[str, Any] | None:
        """Give the result of an item, if it is done."""

    def put(self, number: int, item_id: str, result: Mapping[str, Any]) -> None:
        """Keep the result of an item."""


class Passing:
    """Holds results only until somebody has taken them, in any order.

    Many that wait for one before them wait on the disk, in a file without a name.
    """

    def __init__(self) -> None:
        self._results: dict[int, dict[str, Any] | int] = {}
        self._spool: Spool | None = None

    def get(self, number: int, item_id: str) -> dict[str, Any] | None:
        """Give a result, once."""
        del item_id
        result = self._results.pop(number, None)
        if isinstance(result, int):
            result = _parsed(self._spool.read(result)) if self._spool is not None else None
        if self._spool is not None and not self._results:
            self.close()
        return result

    def put(self, number: int, item_id: str, result: Mapping[str, Any]) -> None:
        """Hold a result."""
        del item_id
        self._results[number] = dict(result)
        if len(self._results) <= _MOST_IN_MEMORY:
            return
        with suppress(StorageError):  # what the disk does not take stays in memory
            self._spool = self._spool or Spool()
            self._results[number] = self._spool.keep(dumps(result).encode())

    def close(self) -> None:
        """Let go of what waits on the disk."""
        if self._spool is not None:
            self._spool.close()
        self._spool = None


class AnswerLog:
    """The state file of one command; it is ours alone while it is open.

    `notes` are what else was remembered, such as the ids of batches.
    """

    lasts = True

    def __init__(self, path: Path, made_of: Mapping[str, str]) -> None:
        """Open the state or begin it. `made_of` names what its questions are made of.

        Raises UsageError where another command began it or has it open, or it cannot be opened.
        """
        self.path = path
        self.notes: list[dict[str, Any]] = []
        self._places = array("Q")
        self._far: dict[int, int] = {}
        self._moved: dict[str, list[int]] | None = None  # where results stand that have no item yet
        self._synced_at = time.monotonic()
        try:
            self._file = os.open(path, APPEND | os.O_CREAT, PRIVATE_FILE)
        except OSError as error:
            raise _unopened(path, error) from error
        if not lock(self._file):
            raise UsageError(f"{path} is in use by another chatrepl.", SAFE)
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            raise self._foreign()
        self._read(made_of)

    def _read(self, made_of: Mapping[str, str]) -> None:
        """Learn where each item's result stands; cut off a torn end."""
        at = 0
        with open(self._file, "rb", closefd=False) as file:
            while line := file.readline(_MOST_LINE):
                if not line.endswith(b"\n"):
                    break
                self._take(line, at, made_of)
                at += len(line)
        head = {"chatrepl": 1, "made_of": dict(made_of)}
        if not (at or _line(head).startswith(os.pread(self._file, _PIECE, 0))):
            raise self._foreign()
        os.ftruncate(self._file, at)
        if not at:
            self._append(head)

    def _take(self, line: bytes, at: int, made_of: Mapping[str, str]) -> None:
        if at == 0:
            self._check(line, made_of)
        elif line.startswith(b'{"n":'):  # all that is needed now; the rest is read when it is used
            digits = line[5:25].split(b",", 1)[0]
            if digits.isdigit():
                self._place(int(digits), at)
        else:
            record = _parsed(line)
            if isinstance(note := record.get("note"), dict):
                self.notes.append(note)

    def _check(self, line: bytes, made_of: Mapping[str, str]) -> None:
        began = _parsed(line).get("made_of")
        if not isinstance(began, dict):
            raise self._foreign()
        other = [name for name in made_of if began.get(name) != made_of[name]]
        if other:
            what = " and ".join(other)
            raise UsageError(
                f"{self.path} belongs to a command with another {what}.",
                "Nothing was sent. Take another --out or --state, or remove that file.",
            )

    def _foreign(self) -> UsageError:
        return UsageError(f"{self.path} is no state of chatrepl.", SAFE)

    def _place(self, number: int, at: int) -> None:
        if number > len(self._places) + _FAR:
            self._far[number] = at
            return
        if number >= len(self._places):
            self._places.extend([_NONE] * (number + 1 - len(self._places)))
        self._places[number] = at

    def get(self, number: int, item_id: str) -> dict[str, Any] | None:
        """Give the result of an item, which may have stood elsewhere; None where it is damaged.

        Items are asked about in their order: from the first on that has moved, all are sought.
        """
        at = self._place_of(number)
        record = self._record(at)
        if record.get("id") != item_id:
            if self._moved is None and "id" in record:
                self._moved = self._unused(number)
                del self._places[number:]
                self._far.clear()
            if not (self._moved and (places := self._moved.get(item_id))):
                return None
            at = places.pop(0)
            self._place(number, at)
            record = self._record(at)
        result = record.get("result")
        return result if _is_whole(result) else None

    def _place_of(self, number: int) -> int:
        at = self._places[number] if number < len(self._places) else _NONE
        return at or self._far.get(number, _NONE)

    def _unused(self, number: int) -> dict[str, list[int]]:
        """Tell where the results stand that no item before `number` has, by the items' ids."""
        used = {self._place_of(before) for before in range(number)}
        last: dict[tuple[int, str], int] = {}
        at = 0
        with open(self._file, "rb", closefd=False) as file:
            file.seek(0)
            while line := file.readline(_MOST_LINE):
                if match := _HEAD.match(line):
                    last[int(match[1]), match[2].decode()] = at
                at += len(line)
        unused: dict[str, list[int]] = {}
        for (_, item_id), place in last.items():
            if place not in used:
                unused.setdefault(item_id, []).append(place)
        return unused

    def _record(self, at: int) -> dict[str, Any]:
        return _parsed(self._line_at(at)) if at != _NONE else {}

    def _line_at(self, at: int) -> bytes:
        pieces: list[bytes] = []
        while not pieces or b"\n" not in pieces[-1]:
            piece = os.pread(self._file, _PIECE, at)
            if not piece:
                break
            pieces.append(piece)
            at += len(piece)
        return b"".join(pieces).partition(b"\n")[0]

    def put(self, number: int, item_id: str, result: Mapping[str, Any]) -> None:
        """Keep a result. Raises StorageError."""
        at = self._end()
        self._append({"n": number, "id": item_id, "result": dict(result)})
        self._place(number, at)

    def note(self, **what: Any) -> None:
        """Remember something that is no result. Raises StorageError."""
        self.notes.append(what)
        self._append({"note": what})

    def _end(self) -> int:
        return os.lseek(self._file, 0, os.SEEK_END)

    def _append(self, record: Mapping[str, Any]) -> None:
        data = _line(record)
        try:
            write_all(self._file, data)
            if time.monotonic() - self._synced_at > _SYNC_S:
                self.sync()
        except OSError as error:
            raise StorageError(
                f"{self.path} cannot be written: {words_for(error)}.",
                "What was answered before is kept.",
            ) from error

    def sync(self) -> None:
        """Wait until the disk has it. Raises OSError."""
        sync_data(self._file)
        self._synced_at = time.monotonic()

    def close(self) -> None:
        """Let go of the file."""
        try:
            sync_data(self._file)
        except OSError:  # where the disk cannot, what was written stands all the same
            pass
        finally:
            os.close(self._file)


def _unopened(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be opened: {words_for(error)}.", SAFE)


def _is_whole(result: Any) -> bool:
    match result:
        case {"ok": True, "text": str()} | {
            "ok": False,
            "text": str(),
            "error": {"message": str()},
        }:
            return True
        case _:
            return False


def _line(record: Mapping[str, Any]) -> bytes:
    return f"{encode(record)}\n".encode("utf-8", "replace")


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


class OutFile:
    """The file that answers are written to. Raises StorageError where it cannot be."""

    def __init__(self, path: Path, *, goes_on: bool) -> None:
        """Open it. What stands there is kept only where a state tells that it `goes_on`.

        Raises UsageError for a file that is somebody else's, or cannot be opened.
        """
        self.path = path
        self._at = 0
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._file = os.open(path, flags, _PUBLIC_FILE)
            status = os.fstat(self._file)
        except OSError as error:
            raise _unopened(path, error) from error
        self._is_regular = stat.S_ISREG(status.st_mode)
        self._left = status.st_size if self._is_regular else 0
        if self._left and not goes_on:
            os.close(self._file)
            raise UsageError(
                f"{path} is there already, and was not begun by this command.",
                "Nothing was sent. Take another --out, or remove that file.",
            )

    def write(self, data: bytes) -> None:
        """Write what comes next, unless just that stands there."""
        try:
            if self._left:
                if os.pread(self._file, len(data), self._at) == data:
                    self._at += len(data)
                    return
                os.ftruncate(self._file, self._at)
                self._left = 0
            if self._is_regular:
                os.lseek(self._file, self._at, os.SEEK_SET)
            write_all(self._file, data)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be written: {words_for(error)}.") from error
        self._at += len(data)

    def end(self) -> None:
        """Cut off what an earlier run wrote beyond this, now that all is there."""
        if self._left:
            os.ftruncate(self._file, self._at)
            self._left = 0

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)
