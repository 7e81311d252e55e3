"""What the service refuses of earlier turns: left out of what is sent, kept in the conversation.

Whatever a refusal names there is left out, and the request is made anew: first what is named
itself, then all but the text of the message that holds it, then its turn. So no conversation is
stuck because of its past.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.blocks import (
    BLOCKS,
    THINKING,
    Block,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
    answered_id,
    call_id,
)
from chatrepl.core.talk.conversation import Conversation, Message, Turn, TurnId
from chatrepl.core.value import frozen

MOST_OMISSIONS: Final = 12  # in one turn; of one refusal there are three
_STATUSES: Final = frozenset({400, 422})
_PLACE: Final = re.compile(
    r"messages?[.\[](\d+)\]?(?:\.content[.\[](\d+)\]?(?:[.\w]*\.(?P<key>\w+))?)?"
)
_WORD: Final = re.compile(r"[\w-]+")
_THINKING: Final = re.compile(r"thinking|signature|bound to a different")
_PARAMETER: Final = re.compile(r"thinking\b[.:]")
_GONE: Final = "it is left out from now on."
_FILES: Final = (ImageBlock, DocumentBlock)
_FILE_WORDS: Final[Mapping[type[Block], frozenset[str]]] = {
    ImageBlock: frozenset({"image", "images", "picture", "photo"}),
    DocumentBlock: frozenset({"pdf", "pdfs", "document", "documents"}),
}

BlockPlace: TypeAlias = tuple[TurnId, int, int]  # a turn, a message in it, a block in that


@frozen
class Refused:
    """The turns whose thinking is sent no more, the blocks that are not, and the whole turns.

    Of blocks of text only what is no text is left out; of all blocks the `keys` that we do not
    know and the service does not take back.
    """

    thinking: frozenset[TurnId] = frozenset()
    blocks: frozenset[BlockPlace] = frozenset()
    turns: frozenset[TurnId] = frozenset()
    keys: frozenset[str] = frozenset()

    def without(self, conversation: Conversation) -> Conversation:
        """Give the conversation without what is refused."""
        touched = self.thinking | self.turns | {turn for turn, _, _ in self.blocks}
        if self.keys:
            touched |= {turn.id for turn in conversation.path()}
        if not touched:
            return conversation
        slim = {id_: self._slim(t) for id_, t in conversation.turns.items() if id_ in touched}
        return replace(conversation, turns={**conversation.turns, **slim})

    def _slim(self, turn: Turn) -> Turn:
        if turn.id in self.turns:
            return replace(turn, messages=tuple(m for m in turn.messages if m.role == "system"))
        messages = tuple(
            replace(message, content=tuple(self._blocks(turn.id, at, message)))
            for at, message in enumerate(turn.messages)
        )
        return replace(turn, messages=messages)

    def _blocks(self, turn: TurnId, at: int, message: Message) -> Iterator[Block]:
        for number, block in enumerate(message.content):
            is_refused = (turn, at, number) in self.blocks
            if is_refused and isinstance(block, TextBlock):
                yield TextBlock(block.text)
            elif not (is_refused or (turn in self.thinking and isinstance(block, THINKING))):
                yield self._bare(block)

    def _bare(self, block: Block) -> Block:
        if isinstance(block, UnknownBlock) or self.keys.isdisjoint(block.more):
            return block
        more = {key: value for key, value in block.more.items() if key not in self.keys}
        return replace(block, more=more)


@frozen
class Omission:
    """What is refused from now on; `sign` is the same for the same refusal, `words` tell it."""

    refused: Refused
    sign: str
    words: str


@frozen
class _Part:
    """A block of an earlier turn, as a request holds it."""

    message: int
    number: int
    block: Block
    place: BlockPlace


def omission(
    error: ApiError,
    request: Request,
    conversation: Conversation,
    refused: Refused,
    signs: Sequence[str],
) -> Omission | None:
    """Say what is to be left out of a refused request; None where nothing old is named.

    `conversation` is what the request was made of, `signs` the refusals that something was left
    out for already.
    """
    if error.status not in _STATUSES or len(signs) >= MOST_OMISSIONS:
        return None
    past = _parts(request, conversation)
    sign, named, around = _aim(error.message, past)
    tries = signs.count(sign)
    if tries == 0 and _is_about_thinking(error.message, past, named):
        turns = frozenset(turn.id for turn in conversation.path())
        without = replace(refused, thinking=refused.thinking | turns)
        return Omission(without, sign, f"The service does not take the thinking so far; {_GONE}")
    beside = [part for part in around if not isinstance(part.block, TextBlock)]
    key = _key(error.message, named)
    if tries == 0 and key:
        without = replace(refused, keys=refused.keys | {key})
        return Omission(without, sign, f"The service does not take back {key} of a reply; {_GONE}")
    for parts in (_alike(past, named), beside)[tries:]:
        if parts:
            places = {part.place for part in parts}
            what = f"a part of {_numbers(conversation, parts)} ({_types(parts)})"
            without = replace(refused, blocks=refused.blocks | places)
            return Omission(without, sign, f"The service does not take back {what}; {_GONE}")
    if tries > 2 or not around:
        return None
    what = _numbers(conversation, around)
    without = replace(refused, turns=refused.turns | {part.place[0] for part in around})
    return Omission(without, sign, f"The service does not take back {what}; {_GONE}")


def refused_files(
    error: ApiError, request: Request, conversation: Conversation
) -> tuple[Block, ...]:
    """Give the images and documents of the new message that a refusal names, if only by kind."""
    place = _PLACE.search(error.message)
    if error.status not in _STATUSES:
        return ()
    if place is None:
        words = set(_WORD.findall(error.message.casefold()))
        kinds = tuple(cls for cls, names in _FILE_WORDS.items() if names & words)
        sent = {id(part.block) for part in _parts(request, conversation)}
        blocks = (block for message in request.messages for block in message.content)
        return tuple(b for b in blocks if isinstance(b, kinds) and id(b) not in sent)
    at, number = int(place[1]), place[2]
    old = {part.number for part in _parts(request, conversation) if part.message == at}
    return tuple(
        block
        for message in request.messages[at : at + 1]
        for n, block in enumerate(message.content)
        if n not in old and isinstance(block, _FILES) and number in {None, str(n)}
    )


def _parts(request: Request, conversation: Conversation) -> list[_Part]:
    """Find the blocks of a request that earlier turns brought: they are the very same values."""
    places: dict[int, BlockPlace] = {}
    for turn in conversation.path():
        for at, message in enumerate(turn.messages):
            if message.role != "system":
                for number, block in enumerate(message.content):
                    places[id(block)] = places[_core(block)] = (turn.id, at, number)
    return [
        _Part(at, number, block, place)
        for at, message in enumerate(request.messages)
        for number, block in enumerate(message.content)
        if (place := places.get(id(block)) or places.get(_core(block))) is not None
    ]


def _core(block: Block) -> int:
    """Name what is the very same of a block also where some of its keys were left out."""
    match block:
        case TextBlock(text=value) | ToolUseBlock(id=value) | ToolResultBlock(tool_use_id=value):
            return id(value)
        case _:
            return id(block)


def _aim(words: str, past: Sequence[_Part]) -> tuple[str, list[_Part], list[_Part]]:
    """Find what a refusal names: how it says that, the parts themselves, all of their messages."""
    said = set(_WORD.findall(words))
    place = _PLACE.search(words)
    around = [part for part in past if place is None or part.message == int(place[1])]
    named = [part for part in around if _id(part.block) in said]
    if place is not None:
        exact = [part for part in around if str(part.number) == place[2]]
        return place[0], exact or named, around
    named = named or [part for part in past if part.block.type in said - BLOCKS.keys()]
    held = {part.message for part in named}
    sign = " ".join(sorted({_id(part.block) or part.block.type for part in named}))
    return sign, named, [part for part in past if part.message in held]


def _key(words: str, named: Sequence[_Part]) -> str:
    """Name the key of a block that is refused alone, if we do not know what it is for."""
    place = _PLACE.search(words)
    key = place["key"] if place is not None else None
    extra = [b for part in named if not isinstance(b := part.block, UnknownBlock)]
    return key if key is not None and any(key in block.more for block in extra) else ""


def _alike(past: Sequence[_Part], named: Sequence[_Part]) -> list[_Part]:
    """Give what is named, and of blocks that we do not know all that are of their types."""
    types = {part.block.type for part in named if isinstance(part.block, UnknownBlock)}
    return [
        part
        for part in past
        if (part in named and not _is_bare(part.block)) or part.block.type in types
    ]


def _is_bare(block: Block) -> bool:
    """Tell whether a block is text and nothing else: that is left out only with its turn."""
    return isinstance(block, TextBlock) and not (block.citations or block.more)


def _is_about_thinking(words: str, past: Sequence[_Part], named: Sequence[_Part]) -> bool:
    """Tell whether thinking of earlier turns is refused, not a setting for it nor another block."""
    told = words.casefold()
    others = {part.block.type for part in named if not isinstance(part.block, THINKING)}
    if others & set(_WORD.findall(told)):  # what is said may list all types that there are
        return False
    return (
        any(isinstance(part.block, THINKING) for part in past)
        and _THINKING.search(told) is not None
        and _PARAMETER.match(told) is None
        and ("block" in told or "signature" in told or _PLACE.search(told) is not None)
    )


def _id(block: Block) -> str | None:
    return call_id(block) or answered_id(block)


def _numbers(conversation: Conversation, parts: Iterable[_Part]) -> str:
    """Name the turns of some parts by their numbers."""
    turns = {part.place[0] for part in parts}
    numbers = [str(n) for n, turn in enumerate(conversation.path(), 1) if turn.id in turns]
    return f"turn{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"


def _types(parts: Iterable[_Part]) -> str:
    return ", ".join(dict.fromkeys(part.block.type.replace("_", " ") for part in parts))
