"""Calls of tools and their results, which the service takes only in pairs.

They belong together by id, whatever their types are called and whatever stands between them:

- The service's own calls are answered in the same turn of the assistant; neighbouring messages of
  one role are one turn.
- Ours (`tool_use`) are answered by the results that the very next turn of the user begins with.
  Nothing but these stands there while a call of the service waits: its answer then comes in the
  next turn of the assistant, as do those of the calls that a running program makes of our tools.
- A call that comes from code (`caller.tool_id`) stands between that code's call and its result.
- An open call of the service stands at the very end, where nothing but the work of tools follows.

What breaks these rules is refused as a whole; so whatever has no partner is left out, and with it
what it encloses (platform.claude.com/docs/en/agents-and-tools/tool-use).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, takewhile
from typing import Final, TypeAlias

from chatrepl.core.talk.blocks import (
    THINKING,
    Block,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
    answered_id,
    call_id,
    enclosing_id,
)
from chatrepl.core.talk.message import Message

_OURS: Final = "tool_use"
_ANSWER: Final = "tool_result"
_MAY_CALL: Final = (ToolUseBlock, ToolResultBlock, UnknownBlock)
_Spot: TypeAlias = tuple[int, int]  # of a message, and of a block in it
_PlacedBlock: TypeAlias = tuple[_Spot, Block]


def paired(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Leave out calls and results that have no partner, and what may not stand without them."""
    kept = tuple(_tidy(messages))
    if not any(isinstance(block, _MAY_CALL) for m in kept for block in m.content):
        return kept
    while lonely := _lonely(kept):
        kept = tuple(_tidy(_without(kept, lonely)))
    return kept


def called(messages: Iterable[Message]) -> frozenset[str]:
    """Name the service's own tools that are called in messages."""
    calls = (b for m in messages for b in m.content if call_id(b) is not None and b.type != _OURS)
    return frozenset(str(call.to_wire().get("name", "")) for call in calls)


def _tidy(messages: Iterable[Message]) -> Iterator[Message]:
    """Leave out blank text, thinking that nothing follows, and messages that are empty then.

    What the user's message answers stands first in it; else 400 "Did not find 1 tool_result
    block(s) at the beginning of this message".
    """
    for message in messages:
        if message.role == "system":
            yield message
            continue
        content = message.sendable.content
        while content and isinstance(content[-1], THINKING):
            content = content[:-1]
        if message.role == "user" and len(content) > 1:
            content = tuple(sorted(content, key=lambda block: answered_id(block) is None))
        if content:
            yield message if content == message.content else replace(message, content=content)


def _without(messages: Sequence[Message], places: set[_Spot]) -> Iterator[Message]:
    touched = {at for at, _ in places}
    for at, message in enumerate(messages):
        if at not in touched:
            yield message
            continue
        content = tuple(b for n, b in enumerate(message.content) if (at, n) not in places)
        yield replace(message, content=content)


def _lonely(messages: Sequence[Message]) -> set[_Spot]:
    """Name the places of the blocks that have no partner."""
    turns = list(_turns(messages))
    lonely: set[_Spot] = set()
    reply = _Calls()
    for number, (role, turn) in enumerate(turns):
        if role == "user":
            lonely |= reply.judge_answers(turn)
            continue
        following = turns[number + 1][1] if number + 1 < len(turns) else None
        reply = _Calls(dict(reply.waiting))
        lonely |= reply.read(turn)
        lonely |= reply.leave(turn, following)
    return lonely


def _turns(messages: Sequence[Message]) -> Iterator[tuple[str, list[_PlacedBlock]]]:
    """Give the turns with their blocks; system messages stand in none."""
    talk = [(at, message) for at, message in enumerate(messages) if message.role != "system"]
    for role, group in groupby(talk, key=lambda pair: pair[1].role):
        yield role, [((at, n), b) for at, m in group for n, b in enumerate(m.content)]


@dataclass(slots=True)
class _Calls:
    """The calls of one turn of the assistant, `waiting` for their results by id."""

    waiting: dict[str, _PlacedBlock] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()

    def read(self, turn: Sequence[_PlacedBlock]) -> set[_Spot]:
        """Take a turn's calls and results; give the places of those that cannot stand there."""
        lonely: set[_Spot] = set()
        ids = set(self.waiting)
        for place, block in turn:
            call, answered, outer = call_id(block), answered_id(block), enclosing_id(block)
            if call is not None:
                if call in ids or (outer is not None and outer not in self.waiting):
                    lonely.add(place)
                    continue
                ids.add(call)
                self.waiting[call] = (place, block)
            elif answered is not None:
                asked = self.waiting.get(answered)
                if asked is None or asked[1].type == _OURS or block.type == _ANSWER:
                    lonely.add(place)
                    continue
                del self.waiting[answered]
                lonely |= {p for p, b in self.waiting.values() if enclosing_id(b) == answered}
        return lonely

    def leave(
        self, turn: Sequence[_PlacedBlock], following: Sequence[_PlacedBlock] | None
    ) -> set[_Spot]:
        """End the turn; give the places of the calls that are not answered where they must be."""
        ours = {id_ for id_, (_, block) in self.waiting.items() if block.type == _OURS}
        given = _first_answers(following or ())
        lonely = {self.waiting.pop(id_)[0] for id_ in ours - given}
        for id_ in ours & given:
            del self.waiting[id_]
        self.ours = frozenset(ours & given)
        is_answered = bool(self.ours) and len(given) == len(following or ())
        work = len(turn) - sum(1 for _ in takewhile(_is_work, reversed(turn)))
        at_the_end = {place for place, _ in turn[work:]}
        for place, _ in tuple(self.waiting.values()):
            if not (is_answered or (following is None and place in at_the_end)):
                lonely.add(place)
        if not is_answered:
            self.waiting.clear()
        return lonely

    def judge_answers(self, turn: Sequence[_PlacedBlock]) -> set[_Spot]:
        """Give the places of the blocks in the user's turn that answer nothing."""
        lonely: set[_Spot] = set()
        asked = set(self.ours) & _first_answers(turn)
        for place, block in turn:
            answered = answered_id(block)
            if answered is None and call_id(block) is None:
                continue
            if answered in asked and block.type == _ANSWER:
                asked.remove(answered)
            else:
                lonely.add(place)
        return lonely


def _first_answers(turn: Sequence[_PlacedBlock]) -> set[str]:
    """Name what the results answer that a turn begins with."""
    first = takewhile(lambda item: item[1].type == _ANSWER, turn)
    return {id_ for _, block in first if (id_ := answered_id(block)) is not None}


def _is_work(item: _PlacedBlock) -> bool:
    return call_id(item[1]) is not None or answered_id(item[1]) is not None
