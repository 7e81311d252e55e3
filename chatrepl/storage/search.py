"""Full-text search over all saved conversations: in the raw bytes first, then in what they say."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from chatrepl.core.errors import StorageError
from chatrepl.core.talk.conversation import TurnId
from chatrepl.core.talk.message import Role
from chatrepl.core.value import frozen
from chatrepl.storage import records
from chatrepl.storage.library import SavedEntry, list_entries, read_entry, scan
from chatrepl.storage.read import lines_of, read_journal
from chatrepl.storage.records import dumps, loads

_AROUND: Final = 40
_MOST_HITS: Final = 1_000
_MOST_LINES: Final = 300_000  # that hold what is looked for, in one file
_SPEAKING: Final = frozenset({"turn", "end", "d", "meta"})


@frozen
class Hit:
    """A place where the words stand: `before`, as `found`, `after`."""

    entry: SavedEntry
    turn: TurnId
    role: Role
    before: str
    found: str
    after: str


def search(folder: Path | None, words: str, limit: int = 50) -> tuple[Hit, ...]:
    """Find `words` in any conversation, case set aside; the newest first, one hit a message."""
    wanted = words.strip()
    if not wanted:
        return ()
    holds, hits = _sieve(wanted), []
    for file in scan(folder):
        data = _read(Path(file[0]))
        if not holds(data):
            continue
        entry = read_entry(file)
        for hit in dict.fromkeys(_hits(entry, data, wanted, holds)):
            hits.append(hit)
            if len(hits) >= limit:
                return tuple(hits)
    return tuple(hits)


def look_up(folder: Path | None, query: str) -> tuple[SavedEntry, ...]:
    """List the conversations that are called `query` or hold it; without a query, all."""
    entries = list_entries(folder)
    wanted = query.casefold().strip()
    if not wanted:
        return entries
    holding = {hit.entry.id for hit in search(folder, query, _MOST_HITS)}
    return tuple(
        entry
        for entry in entries
        if entry.id in holding or any(wanted in name.casefold() for name in entry.names)
    )


def _read(path: Path) -> bytes:
    try:
        return read_journal(path)
    except StorageError:
        return b""


def _sieve(wanted: str) -> Callable[[bytes], bool]:
    """Make a quick test that lets everything pass that may hold `wanted`, and little else."""
    raw = dumps(wanted)[1:-1]
    if raw.isascii():
        needle = raw.lower().encode()
        return lambda data: needle in data.lower()
    if all(len(_variants(char)) == 1 for char in wanted):
        needle = raw.encode()
        return lambda data: needle in data
    plain = max(re.split(r"[^\x20-\x7e]+", wanted), key=len)
    if len(plain) > 2 and plain.isalnum():
        needle = plain.lower().encode()
        return lambda data: needle in data.lower()
    pattern = re.compile(b"".join(_either(char) for char in wanted))
    return lambda data: pattern.search(data) is not None


def _variants(char: str) -> frozenset[str]:
    return frozenset({char, char.lower(), char.upper(), char.title(), char.casefold()})


def _either(char: str) -> bytes:
    variants = (re.escape(dumps(variant)[1:-1].encode()) for variant in _variants(char))
    return b"(?:" + b"|".join(sorted(variants)) + b")"


def _hits(
    entry: SavedEntry, data: bytes, wanted: str, holds: Callable[[bytes], bool]
) -> Iterator[Hit]:
    pattern = pattern_of(wanted)
    ended = frozenset(_ended(data))
    for line in islice(filter(holds, lines_of(data)), _MOST_LINES):
        for turn, role, text in _spoken(line, ended):
            if match := pattern.search(text):
                yield Hit(entry, turn, role, *excerpt(match))


def _ended(data: bytes) -> Iterator[str]:
    """Give the turns whose reply stands whole in the file, so that its pieces do not count."""
    start = b'\n{"t":"end","id":"'
    at = data.find(start)
    while at >= 0:
        at += len(start)
        yield data[at : data.find(b'"', at)].decode("utf-8", "replace")
        at = data.find(start, at)


def _spoken(line: bytes, ended: frozenset[str]) -> Iterator[tuple[TurnId, Role, str]]:
    """Give what a record says in words."""
    record = _record(line)
    if record["t"] == "meta":  # at the turn that it was asked after
        for asked in records.turns_beside(record.get("set")):
            yield from ((asked.parent or asked.id, m.role, m.markdown) for m in asked.messages)
        return
    try:
        turn = records.turn_id(record.get("id"))
        if record["t"] == "d":
            if turn not in ended:
                yield turn, "assistant", records.text(record.get("text"))
            return
        for message in records.messages_from(record.get("messages")):
            yield turn, message.role, message.markdown
    except ValueError:
        return


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = loads(line.strip(b"\0 \r\t"))
    except (ValueError, RecursionError):
        return {"t": "d"}
    speaks = isinstance(record, dict) and records.one_of(_SPEAKING, record.get("t"))
    return record if speaks else {"t": "d"}


def excerpt(match: re.Match[str]) -> tuple[str, str, str]:
    """Give what stands around a place in a line: before it, the place itself, after it."""
    text, start, end = match.string, match.start(), match.end()
    before = text[max(0, start - _AROUND) : start].replace("\n", " ")
    after = text[end : end + _AROUND].replace("\n", " ")
    if start > _AROUND:
        before = "…" + before
    if end + _AROUND < len(text):
        after += "…"
    return before, match.group().replace("\n", " "), after


def pattern_of(words: str) -> re.Pattern[str]:
    """Make what finds words in a text, case set aside."""
    return re.compile(re.escape(words.strip()), re.IGNORECASE)
