"""The list of saved conversations: `--sessions` prints it, `/sessions` shows it."""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chatrepl.core.outcome import Table
from chatrepl.storage.library import SavedEntry


def saved_list(entries: Iterable[SavedEntry]) -> Table:
    """List conversations in the order given; one without a name is called by its title."""
    rows = tuple((e.id, e.label, str(e.turns), when(e.when)) for e in entries)
    return Table(("id", "name", "turns", "changed"), rows, right=frozenset({2}))


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
