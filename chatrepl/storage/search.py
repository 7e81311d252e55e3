"""Full-text search over all saved conversations: in the raw bytes first, then in what they say."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from chatrepl.core.conversation import Role, TurnId
from chatrepl.core.frozen import frozen
from chatrepl.storage import codec
from chatrepl.storage.inert import dumps, loads
from chatrepl.storage.library import READ, Entry, read_entry, scan

_AROUND: Final = 40
_SPEAKING: Final = frozenset({"turn", "end", "d"})


@frozen
class Hit:
    """A place where the words stand: `before`, as `found`, `after`."""

    entry: Entry
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
    for found in scan(folder):
        data = _read(found[0])
        if not holds(data):
            continue
        entry = read_entry(found)
        for hit in dict.fromkeys(_hits(entry, data, wanted, holds)):
            hits.append(hit)
            if len(hits) >= limit:
                return tuple(hits)
    return tuple(hits)


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, READ)
    except OSError:
        return b""
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


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


def _hits(entry: Entry, data: bytes, wanted: str, holds: Callable[[bytes], bool]) -> Iterator[Hit]:
    pattern = re.compile(re.escape(wanted), re.IGNORECASE)
    ended = frozenset(_ended(data))
    for line in data.split(b"\n"):
        if not holds(line):
            continue
        for turn, role, text in _spoken(line, ended):
            if match := pattern.search(text):
                yield _hit(entry, turn, role, match)


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
    try:
        turn = codec.turn_id(record.get("id"))
        if record["t"] == "d":
            if turn not in ended:
                yield turn, "assistant", codec.text(record.get("text"))
            return
        for message in codec.messages_from(record.get("messages")):
            yield turn, message.role, "\n".join(b.to_markdown() for b in message.content)
    except ValueError:
        return


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = loads(line.strip(b"\0 \r\t"))
    except (ValueError, RecursionError):
        return {"t": "d"}
    known = isinstance(record, dict) and codec.one_of(_SPEAKING, record.get("t"))
    return record if known else {"t": "d"}


def _hit(entry: Entry, turn: TurnId, role: Role, match: re.Match[str]) -> Hit:
    text, start, end = match.string, match.start(), match.end()
    before = text[max(0, start - _AROUND) : start].replace("\n", " ")
    after = text[end : end + _AROUND].replace("\n", " ")
    if start > _AROUND:
        before = "…" + before
    if end + _AROUND < len(text):
        after += "…"
    return Hit(entry, turn, role, before, match.group().replace("\n", " "), after)
