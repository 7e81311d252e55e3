"""`--sessions [QUERY]`: the saved conversations, the newest first."""

import os
import time
from datetime import datetime
from typing import TextIO

from chatrepl.cli.options import Options
from chatrepl.shells.oneshot import mutter
from chatrepl.storage.library import SavedEntry, list_entries, search
from chatrepl.storage.paths import find_folders
from chatrepl.terminal.columns import columns
from chatrepl.terminal.views.json_lines import write_json


def show_sessions(options: Options, out: TextIO, err: TextIO | None) -> int:
    """Print the saved conversations; with words, those that are called so or contain them."""
    folder = find_folders(os.environ).conversations
    entries = list_entries(folder)
    query = " ".join(options.prompt).strip()
    if query:
        inside = {hit.entry.id for hit in search(folder, query, 1_000)}
        entries = tuple(e for e in entries if e.id in inside or _is_called(e, query))
    if options.manner != "text":
        write_json(out, {"sessions": [_facts(entry) for entry in entries]})
        return 0
    if not entries:
        mutter(err, "chatrepl: No saved conversation holds that." if query else
               "chatrepl: there are no saved conversations.")  # fmt: skip
    rows = [(e.id, e.name, e.title, str(e.turns), _when(e.when)) for e in entries]
    out.write(columns(("id", "name", "title", "turns", "changed"), rows, right=frozenset({3})))
    return 0


def _is_called(entry: SavedEntry, query: str) -> bool:
    return any(query.casefold() in text.casefold() for text in (entry.id, entry.name, entry.title))


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _facts(entry: SavedEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "name": entry.name or None,
        "title": entry.title or None,
        "turns": entry.turns,
        "changed": datetime.fromtimestamp(entry.when).astimezone().isoformat(timespec="seconds"),
        "bytes": entry.size,
        "file": str(entry.path),
    }
