"""From what happens to the records that say so: only what changed is written.

The recorder knows what the file says already, and so can also write all of it anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.usage import Cost, cost_of
from chatrepl.core.world import BESIDE
from chatrepl.storage.history_line import HistoryLine
from chatrepl.storage.records import (
    VERSION,
    line,
    message_to_record,
    paid_aside,
    paid_beside,
    piece_key,
    take_facts,
    turn_to_record,
)

TITLE_LENGTH: Final = 60
OPENING: Final = b'{"t":"conv"'


@dataclass(slots=True)
class RecordLog:
    """What the file says so far. Every method gives the bytes to append."""

    created: float
    told: HistoryLine = field(default_factory=HistoryLine)
    turns: dict[TurnId, Turn] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    _cost: Cost | None = None  # of the replies, as far as that is known
    _pieces: dict[str, int] = field(default_factory=dict)
    _open: dict[TurnId, tuple[Turn, list[tuple[str, str]]]] = field(default_factory=dict)
    _depth: dict[TurnId | None, int] = field(default_factory=lambda: {None: 0})

    @classmethod
    def after(
        cls, conversation: Conversation, facts: Mapping[str, Any], created: float
    ) -> "RecordLog":
        """Make a recorder for a file that holds `conversation` already."""
        recorder = cls(created, HistoryLine.of(conversation), facts=dict(facts))
        for turn in conversation.turns.values():
            recorder._know(turn)
        return recorder

    def opening(self) -> bytes:
        """Begin a file."""
        return line({"t": "conv", "v": VERSION, "created": self.created})

    def begin(self, turn: Turn) -> bytes:
        self._open[turn.id] = turn, []
        return line(turn_to_record(turn, is_open=True))

    def delta(self, turn_id: TurnId, kind: str, text: str) -> bytes:
        if turn_id.startswith(BESIDE):
            return self._piece(turn_id, text)
        if turn_id in self._open:
            self._open[turn_id][1].append((kind, text))
        return line({"t": "d", "id": turn_id, "kind": kind, "text": text})

    def _piece(self, place: str, text: str) -> bytes:
        """Write a piece of an answer beside the conversation, a fact of its own."""
        number = self._pieces[place] = self._pieces.get(place, 0) + 1
        return self.meta({piece_key(place, number): text})

    def grow(self, turn: Turn) -> bytes:
        """Write what an open turn holds more; it stays open, and its pieces begin anew."""
        written = self._ending(turn) | {"open": True}
        self._open[turn.id] = turn, []
        return line(written)

    def finish(self, turn: Turn) -> bytes:
        """End a turn: the messages of the open one are not written again."""
        written = self._ending(turn)
        self._know(turn)
        return line(written)

    def _ending(self, turn: Turn) -> dict[str, Any]:
        opened = self._open.get(turn.id)
        before = opened[0].messages if opened is not None else ()
        same = 0
        while same < min(len(before), len(turn.messages)) and before[same] == turn.messages[same]:
            same += 1
        return turn_to_record(turn) | {
            "t": "end",
            "from": same,
            "messages": [message_to_record(m) for m in turn.messages[same:]],
        }

    def state(self, conversation: Conversation) -> bytes:
        """Write turns the file does not hold yet, and where we stand now."""
        lines = []
        for turn in conversation.turns.values():
            written = self.turns.get(turn.id)
            if written is not turn and written != turn:
                lines.append(line(turn_to_record(turn)))
                self._know(turn)
        new = HistoryLine.of(conversation)
        change = self.told.change(new)
        if change is not None:
            self.told = new
            lines.append(line(change | self._digest()))
        return b"".join(lines)

    def meta(self, changes: Mapping[str, Any]) -> bytes:
        """Write the fields that differ from what was said before."""
        changed = {k: v for k, v in changes.items() if k not in self.facts or self.facts[k] != v}
        take_facts(self.facts, changed)
        return line({"t": "meta", "set": changed}) if changed else b""

    def everything(self) -> bytes:
        """Write a whole file that says what has been said so far."""
        lines = [self.opening()]
        if self.facts:
            lines.append(line({"t": "meta", "set": self.facts}))
        lines += [line(turn_to_record(turn)) for turn in self.turns.values()]
        change = HistoryLine().change(self.told)
        if change is not None:
            lines.append(line(change | self._digest()))
        for turn, deltas in self._open.values():
            lines.append(line(turn_to_record(turn, is_open=True)))
            for kind, text in deltas:
                lines.append(line({"t": "d", "id": turn.id, "kind": kind, "text": text}))
        return b"".join(lines)

    def _know(self, turn: Turn) -> None:
        for cost, sign in ((_paid(self.turns.get(turn.id)), -1), (_paid(turn), 1)):
            if cost is not None:
                self._cost = (self._cost or Cost()) + cost.times(sign)
        self.turns[turn.id] = turn
        self._open.pop(turn.id, None)
        self._depth[turn.id] = self._depth.get(turn.parent, 0) + 1
        if "title" not in self.facts and (title := title_of(turn)):
            self.facts["title"] = title

    def _digest(self) -> dict[str, Any]:
        """Give what a list of conversations shows, so that it need read nothing but this record."""
        digest: dict[str, Any] = {"n": self._depth.get(self.told.state.head, 0)}
        aside = paid_aside(self.facts)
        cost = sum(paid_beside(self.facts, self.turns), aside + (self._cost or Cost()))
        if cost.usd or (self._cost is not None and not cost.at_least):
            digest["usd"] = round(cost.usd, 6)
            if cost.at_least:
                digest["least"] = True
        if aside.usd:
            digest["aside"] = round(aside.usd, 6)  # of it
        for key in ("name", "title"):
            if self.facts.get(key):
                digest[key] = self.facts[key]
        return digest


def _paid(turn: Turn | None) -> Cost | None:
    receipt = turn.receipt if turn is not None else None
    return (cost_of(receipt) or Cost(at_least=True)) if receipt is not None else None


def title_of(turn: Turn) -> str:
    """Take the first words of what was asked."""
    words = " ".join(b.text for b in turn.question if isinstance(b, TextBlock))
    words = " ".join(words[: 8 * TITLE_LENGTH].split())
    if len(words) <= TITLE_LENGTH:
        return words
    return words[:TITLE_LENGTH].rsplit(" ", 1)[0] + "…"
