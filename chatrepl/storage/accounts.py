"""The ledger on the disk: what was spent by all chatrepls, a line a request, a file a month.

A line is one write to the end of a file: several processes never mix theirs, and one that is killed
tears no more than its own. It begins on a new line, wherever the one before ended. Damaged lines
are passed over. A record of an id replaces an open one of that id; nothing else is ever changed.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from chatrepl.core.spending import PriceOf, Spending
from chatrepl.core.value import frozen
from chatrepl.storage.files import APPEND, PRIVATE_FILE, lock
from chatrepl.storage.paths import make_folder
from chatrepl.storage.records import dumps, loads

FOLDER: Final = "ledger"
_DAY_S: Final = 86_400
_PATIENCE_S: Final = 5.0
_PAUSE_S: Final = 0.002
_MOST_LINE_BYTES: Final = 65_536


@frozen
class Accounts:
    """The ledger in a state folder, which need not be there yet."""

    folder: Path

    @classmethod
    def of(cls, state: Path) -> "Accounts":
        return cls(state / FOLDER)

    def enter(self, spending: Spending) -> bool:
        """Write a spending down; tell whether it is kept."""
        data = f"\n{dumps(spending.to_wire())}\n".encode()
        path = f"{self.folder}/{_month(spending.when)}.jsonl"
        try:
            return _append(path, data) == len(data)
        except FileNotFoundError:
            pass
        except OSError:
            return False
        try:
            make_folder(self.folder)
            return _append(path, data) == len(data)
        except OSError:
            return False

    def files(self, since: float = 0.0) -> list[Path]:
        """Give the files that may hold what was spent since then, the oldest first."""
        first = _month(max(0.0, since - _DAY_S))
        try:
            return sorted(p for p in self.folder.glob("????-??.jsonl") if p.stem >= first)
        except OSError:
            return []

    def read(self, since: float = 0.0) -> Iterator[Spending]:
        """Read what was spent since then; what is still open comes last, as it stands."""
        pool = Pool()
        for path in self.files(since):
            for spending in pool.settled(_records(path, 0)):
                if spending.when >= since:
                    yield spending
        yield from (one for one in pool.open.values() if one.when >= since)

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Keep all others from reserving meanwhile; tells whether they are kept from it."""
        try:
            make_folder(self.folder)
            descriptor = os.open(
                self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE
            )
        except OSError:
            yield False
            return
        try:
            yield _wait_for(descriptor)
        finally:
            os.close(descriptor)


class Pool:
    """What is still open while lines are read, and the ids of batches that were seen.

    The results of a batch may be entered by several who fetch them. That nothing is held any more
    may stand before what was held: a clock that is set back writes into an older file.
    """

    def __init__(self) -> None:
        self.open: dict[str, Spending] = {}
        self.let_go: set[str] = set()
        self.batched: set[str] = set()

    def settled(self, spendings: Iterator[Spending]) -> Iterator[Spending]:
        """Give what is final, as it comes."""
        for spending in spendings:
            if spending.open:
                if spending.id not in self.let_go:
                    self.open[spending.id] = spending
                continue
            if self.open.pop(spending.id, None) is None and not spending.took_anything:
                self.let_go.add(spending.id)
            if spending.batch:
                if spending.id in self.batched:
                    continue
                self.batched.add(spending.id)
            yield spending


class Running:
    """What counts against budgets, day by day: read once, then only what is new."""

    def __init__(self, accounts: Accounts, price: PriceOf) -> None:
        self.accounts, self.price, self.pool = accounts, price, Pool()
        self.days: dict[date, float] = {}
        self.read_to: dict[Path, int] = {}

    def since(self, first: date) -> float:
        """Give what was spent or is held since that day began."""
        start = datetime(first.year, first.month, first.day).astimezone().timestamp()
        for path in self.accounts.files(start):
            for spending in self.pool.settled(_records(path, self.read_to.get(path, 0), self)):
                self.days[spending.day] = self.days.get(spending.day, 0.0) + self._usd(spending)
        held = sum(self._usd(one) for one in self.pool.open.values() if one.day >= first)
        return held + sum(usd for day, usd in self.days.items() if day >= first)

    def _usd(self, spending: Spending) -> float:
        cost = spending.priced(self.price) if spending.took_anything else None
        return max(spending.held_usd, cost.usd if cost is not None else 0.0)


def _records(path: Path, start: int, running: Running | None = None) -> Iterator[Spending]:
    """Read the whole lines of a file from `start` on; `running` is told how far."""
    is_rest = False  # of a line that is too long to be one of ours
    try:
        with path.open("rb") as file:
            file.seek(start)
            while data := file.readline(_MOST_LINE_BYTES):
                is_whole = data.endswith(b"\n")
                if not is_whole and len(data) < _MOST_LINE_BYTES:
                    return  # somebody may still be writing it
                if running is not None and is_whole:
                    running.read_to[path] = file.tell()
                if not is_rest and (spending := _read(data)) is not None:
                    yield spending
                is_rest = not is_whole
    except OSError:
        return


def _read(data: bytes) -> Spending | None:
    if not data.startswith(b"{") or not data.endswith(b"}\n"):
        return None
    try:
        return Spending.from_wire(loads(data))
    except (ValueError, RecursionError):
        return None


def _append(path: str, data: bytes) -> int:
    descriptor = os.open(path, APPEND | os.O_CREAT, PRIVATE_FILE)
    try:
        return os.write(descriptor, data)
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int) -> bool:
    patient_until = time.monotonic() + _PATIENCE_S
    while not lock(descriptor):
        if time.monotonic() > patient_until:
            return False
        time.sleep(_PAUSE_S)
    return True


def _month(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m")
