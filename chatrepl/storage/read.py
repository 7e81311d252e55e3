"""Read a journal, whatever has become of it: what is damaged is skipped and counted.

A turn without its end is a reply that was cut: it comes back with the text that had come. The
pieces of a reply that stands whole in its end are not even looked at, and so not counted.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Final

from chatrepl.core.errors import StorageError
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Receipt, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen
from chatrepl.storage import records
from chatrepl.storage.files import words_for
from chatrepl.storage.history_line import HistoryLine
from chatrepl.storage.records import VERSION, DamagedError, loads

MOST_BYTES: Final = 512 * 1024 * 1024
MOST_LINE_BYTES: Final = 64 << 20  # twice what a request may have
_DAMAGED_LINE: Final = b"{"  # stands for one that is too long to be ours
_PIECE: Final = 1 << 20
_MOST_EFFORT: Final = 6_000_000  # of lines; half a minute would be ten times that
_READING: Final = 20  # lines that are passed over in the time that one takes to be read
_BETWEEN_NULS: Final = re.compile(rb"[^\x00]+")
_DELTA: Final = b'{"t":"d","id":"'


@frozen
class ReadBack:
    """A conversation as it came back.

    `skipped` counts damaged records, `newer` those of a later version; `recovered` tells that the
    last turn was never put away properly. `recorded` is what the file says by itself. It is `torn`
    where there were more lines than any conversation has: the rest was not looked at.
    """

    conversation: Conversation
    recorded: Conversation
    meta: Mapping[str, Any] = field(default_factory=dict)
    skipped: int = 0
    newer: int = 0
    recovered: bool = False
    torn: bool = False


def load(path: Path) -> ReadBack:
    """Read the journal at `path`. Raises StorageError where it cannot be read whole."""
    return load_whole(path, read_journal(path))


def load_whole(path: Path, data: bytes) -> ReadBack:
    """Read the journal of `path` from `data`. Raises StorageError where it has too many lines."""
    loaded = load_bytes(data)
    if loaded.torn:
        raise _too_much(path, "it has more lines than a conversation can have")
    return loaded


def read_journal(path: Path) -> bytes:
    """Read the bytes at `path`. Raises StorageError, also for more than a conversation can be."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size <= MOST_BYTES:
                return b"".join(map(_without_hole, iter(lambda: file.read(_PIECE), b"")))
        raise _too_much(path, "it is larger than 512 MB")
    except OSError as error:
        why = words_for(error)
        raise StorageError(f"The conversation {path.stem} cannot be read: {why}.") from error
    except ValueError as error:
        raise StorageError("There is no conversation of that name.") from error


def _too_much(path: Path, why: str) -> StorageError:
    message = f"The conversation {path.stem} cannot be read: {why}."
    return StorageError(message, "It was left as it is; /sessions lists the others.")


def load_bytes(data: bytes) -> ReadBack:
    """Read a journal from `data`; never raises, whatever they are."""
    reader = _JournalReader()
    for piece in _pieces(data):
        if reader.effort > _MOST_EFFORT:
            return replace(reader.result(), torn=True)
        reader.effort += 1
        if stripped := piece.strip(b" \r\t"):
            reader.take(stripped)
    return reader.result()


def _without_hole(piece: bytes) -> bytes:
    """Take what nobody wrote to for one zero: a file may have gigabytes of it."""
    return piece if piece.count(0) < len(piece) else b"\0"


def _pieces(data: bytes) -> Iterator[bytes]:
    """Give the lines, in pieces where a power cut left zeroed blocks behind."""
    for line in lines_of(data):
        if b"\0" in line:
            yield from (piece[0] for piece in _BETWEEN_NULS.finditer(line))
        else:
            yield line


def lines_of(data: bytes) -> Iterator[bytes]:
    """Give the lines of a journal one by one; what is too long to be one of ours is damaged."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        yield data[at:end] if end - at <= MOST_LINE_BYTES else _DAMAGED_LINE
        at = end + 1


def _text_of(piece: bytes) -> str:
    """Read the text of a piece of a reply. Raises DamagedError and what JSON does."""
    record = loads(piece)
    if record.get("kind") == "thinking":
        return ""
    return records.text(record.get("text"))


def _answered(turn: Turn) -> Turn:
    from chatrepl.core.talk.answers import with_answers  # most turns call nothing

    return replace(turn, messages=with_answers(turn.messages))


class _JournalReader:
    def __init__(self) -> None:
        self.effort = 0
        self._line = HistoryLine()
        self._turns: dict[TurnId, Turn] = {}
        # What has come of replies whose end we have not seen; most need never be read.
        self._open: dict[TurnId, list[bytes]] = {}
        self._grown: set[TurnId] = set()  # turns that called tools
        self._trailing: dict[TurnId, None] = {}  # in their order; not yet part of any state
        self._last: TurnId | None = None
        self._meta: dict[str, Any] = {}
        self._skipped = 0
        self._newer = 0
        self._takers: Mapping[str, Callable[[dict[str, Any]], None]] = {
            "conv": self._take_conv,
            "turn": self._take_turn,
            "d": self._take_delta,
            "end": self._take_end,
            "state": self._take_state,
            "meta": self._take_meta,
        }

    def take(self, piece: bytes) -> None:
        if piece.startswith(_DELTA):
            id_ = piece[len(_DELTA) : piece.find(b'"', len(_DELTA))].decode("ascii", "replace")
            if id_ in self._open:
                self._open[TurnId(id_)].append(piece)
                return
        self.effort += _READING
        try:
            record = loads(piece)
            kind = record.get("t") if isinstance(record, dict) else None
            if not isinstance(kind, str):
                raise DamagedError("no record")
            taker = self._takers.get(kind)
            if taker is None or records.whole(record.get("v", VERSION)) > VERSION:
                self._newer += 1
                return
            taker(record)
            if kind == "d":
                self._open.get(record["id"], []).append(piece)
        except (ValueError, RecursionError):
            self._skipped += 1

    def result(self) -> ReadBack:
        recorded = self._line.conversation(
            {id_: turn for id_, turn in self._turns.items() if id_ not in self._open}
        )
        self._close_open()
        conversation = self._line.conversation(self._turns)
        trailing = [turn for turn in self._trailing if turn in self._turns]
        conversation = conversation.grown(self._turns[id_] for id_ in trailing)
        recovered = bool(trailing)
        return ReadBack(
            conversation, recorded, self._meta, self._skipped, self._newer, recovered=recovered
        )

    def _take_conv(self, record: dict[str, Any]) -> None:
        self._meta |= {k: v for k, v in record.items() if k not in {"t", "v"}}

    def _take_meta(self, record: dict[str, Any]) -> None:
        fields = record.get("set")
        if not isinstance(fields, dict):
            raise DamagedError("no fields")
        records.take_facts(self._meta, fields)

    def _take_turn(self, record: dict[str, Any]) -> None:
        turn = records.turn_from_record(record)
        self._put(turn)
        self._open.pop(turn.id, None)
        if record.get("open") is True:
            self._open[turn.id] = []

    def _take_delta(self, record: dict[str, Any]) -> None:
        id_ = records.turn_id(record.get("id"))
        records.text(record.get("text"))
        if id_ not in self._turns:  # the question is lost, the answer need not be
            self._put(Turn(id_, self._line.last_head(self._turns), ()))
            self._open[id_] = []

    def _take_end(self, record: dict[str, Any]) -> None:
        end = records.turn_from_record(record)
        begun = self._turns.get(end.id)
        before = begun.messages if begun is not None else ()
        same = before[: records.whole(record.get("from", 0))]
        self._put(replace(end, messages=(*same, *end.messages)))
        self._open.pop(end.id, None)
        if record.get("open") is True:
            self._open[end.id] = []
            self._grown.add(end.id)

    def _take_state(self, record: dict[str, Any]) -> None:
        self._line.apply(record)
        self._trailing = {turn: None for turn in self._trailing if turn in self._open}

    def _put(self, turn: Turn) -> None:
        """Take a turn in, under a parent that is there and came before it: there are no circles."""
        earlier = self._turns.get(turn.id)
        if earlier is not None:
            turn = replace(turn, parent=earlier.parent)
        elif turn.parent is not None and turn.parent not in self._turns:
            turn = replace(turn, parent=self._line.last_head(self._turns))
        self._turns[turn.id] = turn
        self._last = turn.id
        self._trailing.setdefault(turn.id)

    def _joined(self, pieces: list[bytes]) -> str:
        texts = []
        for piece in pieces:
            try:
                texts.append(_text_of(piece))
            except (ValueError, RecursionError):
                self._skipped += 1
        return "".join(texts)

    def _close_open(self) -> None:
        """Make turns of the replies that have no end.

        A question nobody waited for, with another one after it, was asked again: it goes.
        """
        heads = {state.head for state in self._line.states}
        parents = {turn.parent for turn in self._turns.values()}
        for id_, pieces in self._open.items():
            turn = self._turns[id_]
            if id_ in self._grown:
                turn = _answered(turn)
            text = self._joined(pieces)
            if text:
                model = self._meta.get("model")
                name = model if isinstance(model, str) else ""
                reply = Message("assistant", (TextBlock(text),), name)
                self._turns[id_] = replace(
                    turn, messages=(*turn.messages, reply), receipt=Receipt(reply.model)
                )
            elif id_ == self._last or id_ in heads or id_ in parents or id_ in self._grown:
                self._turns[id_] = replace(turn, receipt=Receipt())
            else:
                del self._turns[id_]
            if id_ != self._last:
                self._trailing.pop(id_, None)
