"""The list of saved conversations: `--sessions` prints it, `/sessions` shows it."""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, overload

from chatrepl.core.outcome import PickRow, Table
from chatrepl.core.words import paid
from chatrepl.storage.library import SavedEntry, read_entry, reread

_YEAR_S: Final = 365 * 86_400
_SPANS: Final = (
    ("min", 60, 60),
    ("h", 3_600, 24),
    ("d", 86_400, 60),
    ("mo", 30 * 86_400, 24),
)


def saved_list(entries: Iterable[SavedEntry]) -> Table:
    """List conversations in the order given; one without a name is called by its title."""
    rows = tuple((e.id, e.label, str(e.turns), when(e.when)) for e in entries)
    return Table(("id", "name", "turns", "changed"), rows, right=frozenset({2}))


class Listing(Sequence[PickRow]):
    """Rows of saved conversations to choose from, each read when it is first looked at."""

    def __init__(self, files: Sequence[tuple[str, float, int]], now: float) -> None:
        self._files = files
        self._now = now
        self._entries: dict[int, SavedEntry] = {}

    def __len__(self) -> int:
        return len(self._files)

    @overload
    def __getitem__(self, place: int) -> PickRow: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[PickRow]: ...
    def __getitem__(self, place: int | slice) -> PickRow | Sequence[PickRow]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        entry = self._entries.get(place)
        if entry is None:
            entry = self._entries[place] = read_entry(self._files[place])
        changed, cost = age(self._now - entry.when), entry.cost
        if entry.damaged:
            return PickRow(entry.id, entry.label, (changed, "damaged", ""))
        turns = "1 turn" if entry.turns == 1 else f"{entry.turns} turns"
        return PickRow(
            entry.id, entry.label, (changed, turns, paid(cost) if cost is not None else "")
        )

    def entry(self, id_: str) -> SavedEntry:
        """Give the conversation of a row that was looked at, as it is now."""
        place, entry = next(item for item in self._entries.items() if item[1].id == id_)
        entry = self._entries[place] = reread(entry)
        return entry


def age(seconds: float) -> str:
    """Write how long ago something was, shortly: `3 min`, `5 h`, `12 d`, `4 mo`."""
    for unit, size, most in _SPANS:
        if seconds < size * most:
            return f"{max(1, int(seconds // size))} {unit}"
    return f"{int(seconds // _YEAR_S)} y"


def none_saved(query: str) -> str:
    """Say that a list is empty, which was asked for with `query` or without."""
    return "No saved conversation holds that." if query else "Nothing is saved yet."


def saved_facts(entry: SavedEntry) -> dict[str, Any]:
    """Give a row for programs."""
    return {
        "id": entry.id,
        "name": entry.name or None,
        "title": entry.title or None,
        "turns": entry.turns,
        "changed": datetime.fromtimestamp(entry.when).astimezone().isoformat(timespec="seconds"),
        "bytes": entry.size,
        "file": str(entry.path),
    }


def when(seconds: float) -> str:
    """Write a time of day and year as people read it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
