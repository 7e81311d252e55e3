"""What a server does not take back of earlier turns: left out of what is sent, kept in the talk.

Some of it is a fact of the server, which has names like `past.type.image` among what it does not
take; the rest is one of the conversation, and stands in its journal.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, Final, Self, TypeAlias

from chatrepl.core.catalog import OFFICIAL
from chatrepl.core.talk.blocks import THINKING, Block, TextBlock, UnknownBlock
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

BlockPlace: TypeAlias = tuple[TurnId, int, int]  # a turn, a message in it, a block in that
CITATIONS: Final = "citations"
_FACT: Final = "refused"  # by server, beside the conversation
_TYPE: Final = "past.type."
_KEY: Final = "past.key."


@frozen
class Refused:
    """The turns whose thinking is sent no more, the blocks that are not, and the whole turns.

    Of blocks of text only what is no text is left out; of all blocks the `keys` that the service
    does not take back, and all that are of one of the `types`. No code runs in `containers` again.
    """

    thinking: frozenset[TurnId] = frozenset()
    blocks: frozenset[BlockPlace] = frozenset()
    turns: frozenset[TurnId] = frozenset()
    keys: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    containers: frozenset[str] = frozenset()

    def __or__(self, other: Self) -> "Refused":
        return Refused(
            self.thinking | other.thinking,
            self.blocks | other.blocks,
            self.turns | other.turns,
            self.keys | other.keys,
            self.types | other.types,
            self.containers | other.containers,
        )

    def without(self, conversation: Conversation) -> Conversation:
        """Give the conversation without what is refused."""
        touched = self.thinking | self.turns | {turn for turn, _, _ in self.blocks}
        if self.keys or self.types:
            touched |= {turn.id for turn in conversation.path()}
        if not touched:
            return conversation
        slim = {id_: self._slim(t) for id_, t in conversation.turns.items() if id_ in touched}
        return replace(conversation, turns={**conversation.turns, **slim})

    def _slim(self, turn: Turn) -> Turn:
        if turn.id in self.turns:
            return replace(turn, messages=tuple(m for m in turn.messages if m.role == "system"))
        messages = (self._slimmed(turn.id, at, m) for at, m in enumerate(turn.messages))
        return replace(turn, messages=tuple(messages))

    def _slimmed(self, turn: TurnId, at: int, message: Message) -> Message:
        content = tuple(self._blocks(turn, at, message))
        return message if content == message.content else replace(message, content=content)

    def _blocks(self, turn: TurnId, at: int, message: Message) -> Iterator[Block]:
        for number, block in enumerate(message.content):
            is_refused = (turn, at, number) in self.blocks
            if is_refused and isinstance(block, TextBlock):
                yield TextBlock(block.text)
            elif not (
                is_refused
                or block.type in self.types
                or (turn in self.thinking and isinstance(block, THINKING))
            ):
                yield self._bare(block)

    def _bare(self, block: Block) -> Block:
        if isinstance(block, TextBlock) and CITATIONS in self.keys and block.citations:
            block = replace(block, citations=())
        if isinstance(block, UnknownBlock) or self.keys.isdisjoint(block.more):
            return block
        more = {key: value for key, value in block.more.items() if key not in self.keys}
        return replace(block, more=more)


def of_server(names: Iterable[str]) -> Refused:
    """Give what a server refuses of any past by the `names` of what it does not take."""
    past = [name for name in names if name.startswith((_TYPE, _KEY))]
    return Refused(
        keys=frozenset(n.removeprefix(_KEY) for n in past if n.startswith(_KEY)),
        types=frozenset(n.removeprefix(_TYPE) for n in past if n.startswith(_TYPE)),
    )


def names_of(types: Iterable[str] = (), keys: Iterable[str] = ()) -> tuple[str, ...]:
    """Name, as facts of a server, the types and the keys of blocks that it does not take back."""
    return (*(f"{_TYPE}{type_}" for type_ in types), *(f"{_KEY}{key}" for key in keys))


def to_facts(
    refused: Refused, turns: AbstractSet[TurnId], facts: Mapping[str, Any], origin: str
) -> dict[str, Any]:
    """Give the facts of a talk now that the server at `origin` refuses that of some `turns`.

    They are in an order that is always the same. Keys and types are facts of a server, but where
    it is the official one.
    """
    kinds = origin == OFFICIAL
    record: dict[str, Any] = {
        "thinking": sorted(refused.thinking & turns),
        "blocks": [list(place) for place in sorted(refused.blocks) if place[0] in turns],
        "turns": sorted(refused.turns & turns),
        "keys": sorted(refused.keys) if kinds else [],
        "types": sorted(refused.types) if kinds else [],
        "containers": sorted(refused.containers),
    }
    parts = {key: part for key, part in record.items() if part}
    return {_FACT: {**_by_server(facts), origin: parts}}


def from_facts(facts: Mapping[str, Any], origin: str) -> Refused:
    """Read what the server at `origin` refused of a talk; of what is damaged nothing is."""
    record = _by_server(facts).get(origin)
    wire: Wire = record if isinstance(record, Mapping) else {}
    places = wire.get("blocks")
    return Refused(
        thinking=frozenset(map(TurnId, _texts(wire.get("thinking")))),
        blocks=frozenset(_places(places if isinstance(places, list) else [])),
        turns=frozenset(map(TurnId, _texts(wire.get("turns")))),
        keys=frozenset(_texts(wire.get("keys"))),
        types=frozenset(_texts(wire.get("types"))),
        containers=frozenset(_texts(wire.get("containers"))),
    )


def _by_server(facts: Mapping[str, Any]) -> Wire:
    servers = facts.get(_FACT)
    return servers if isinstance(servers, Mapping) else {}


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _places(value: list[Any]) -> Iterator[BlockPlace]:
    for place in value:
        match place:
            case [str(turn), int(message), int(number)]:
                yield TurnId(turn), message, number
            case _:
                pass
