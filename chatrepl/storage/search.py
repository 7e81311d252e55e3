"""Full-text search over all saved conversations: in the raw bytes first, then in what they say."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, TypeAlias

from chatrepl.core.errors import StorageError
from chatrepl.core.talk.conversation import TurnId
from chatrepl.core.talk.message import Role
from chatrepl.core.value import frozen
from chatrepl.core.world import BESIDE
from chatrepl.storage import records
from chatrepl.storage.library import SavedEntry, list_entries, read_entry, scan
from chatrepl.storage.read import lines_of, load_bytes, read_journal
from chatrepl.storage.records import dumps, loads

Spoken: TypeAlias = tuple[TurnId, Role, str]
_AROUND: Final = 40
_MOST_HITS: Final = 1_000
_MOST_LINES: Final = 300_000  # that hold what is looked for, in one file
_SPEAKING: Final = frozenset({"turn", "end", "meta"})
_TURN: Final = b'\n{"t":"turn","id":"'
_END: Final = b'\n{"t":"end","id":"'
_PIECE: Final = b'\n{"t":"d","id":"'
_OPEN: Final = b'"open":true'
_HEAD: Final = 200  # bytes of a record, before what it says
_BESIDE: Final = re.compile(b'"(%b[^"/]+)/1":' % BESIDE.encode())


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
    holds, pattern, hits = _sieve(wanted), pattern_of(wanted), []
    for file in scan(folder):
        data = _read(Path(file[0]))
        in_pieces = [said for said in _in_pieces(data) if pattern.search(said[2])]
        if not (in_pieces or holds(data)):
            continue
        entry = read_entry(file)
        for hit in dict.fromkeys(_hits(entry, data, pattern, holds, in_pieces)):
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
    entry: SavedEntry,
    data: bytes,
    pattern: re.Pattern[str],
    holds: Callable[[bytes], bool],
    in_pieces: Iterable[Spoken],
) -> Iterator[Hit]:
    lines = islice(filter(holds, lines_of(data)), _MOST_LINES)
    said = chain(chain.from_iterable(map(_spoken, lines)), in_pieces)
    for turn, role, text in dict.fromkeys(said):  # what is asked beside stands there twice
        if match := pattern.search(text):
            yield Hit(entry, turn, role, *excerpt(match))


def _in_pieces(data: bytes) -> Iterator[Spoken]:
    """Give the replies that stand in the file in pieces alone: those that were killed."""
    loose = {*_loose(data), *_loose_beside(data)}
    if not loose:
        return
    loaded = load_bytes(data)
    beside = records.turns_beside(loaded.meta)
    places = [(turn.id, turn) for turn in loaded.conversation.turns.values()]
    places += [(turn.parent or turn.id, turn) for turn in beside]
    for place, turn in places:
        if turn.id in loose and turn.assistant is not None:
            yield place, "assistant", turn.assistant.markdown


def _loose(data: bytes) -> Iterator[str]:
    """Name the turns whose reply has no end in the file."""
    newest: dict[str, tuple[int, bool]] = {}
    for start in (_TURN, _END):
        at = data.find(start)
        while at >= 0:
            end = data.find(b"\n", at + 1)
            line = data[at : end if end >= 0 else len(data)]
            is_open = _OPEN in line[:_HEAD] or line.endswith(_OPEN + b"}")
            id_ = _id_at(data, at + len(start))
            newest[id_] = max(newest.get(id_, (0, False)), (at, is_open))
            at = data.find(start, at + 1)
    yield from (id_ for id_, (_, is_open) in newest.items() if is_open)
    last = data.rfind(_PIECE)  # the record of its turn may be damaged
    if last >= 0 and (id_ := _id_at(data, last + len(_PIECE))) not in newest:
        yield id_


def _loose_beside(data: bytes) -> Iterator[str]:
    """Name the questions beside the conversation whose answer is not there whole."""
    for match in _BESIDE.finditer(data):
        whole = data.rfind(b'"%b":' % match[1])
        if whole < match.start():
            yield match[1].removeprefix(BESIDE.encode()).decode("utf-8", "replace")


def _id_at(data: bytes, at: int) -> str:
    return data[at : data.find(b'"', at)].decode("utf-8", "replace")


def _spoken(line: bytes) -> Iterator[Spoken]:
    """Give what a record says in words."""
    record = _record(line)
    if record.get("t") == "meta":  # at the turn that it was asked after
        for asked in records.turns_beside(record.get("set")):
            yield from ((asked.parent or asked.id, m.role, m.markdown) for m in asked.messages)
        return
    try:
        turn = records.turn_id(record.get("id"))
        for message in records.messages_from(record.get("messages")):
            yield turn, message.role, message.markdown
    except ValueError:
        return


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = loads(line.strip(b"\0 \r\t"))
    except (ValueError, RecursionError):
        return {}
    speaks = isinstance(record, dict) and records.one_of(_SPEAKING, record.get("t"))
    return record if speaks else {}


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
