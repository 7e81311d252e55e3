"""What the service refuses of earlier turns: left out of what is sent, kept in the conversation.

Whatever a refusal names there is left out, and the request is made anew: first what is named
itself, then all but the text of the message that holds it, then its turn. So no conversation is
stuck because of its past. What a server takes of no past is left out of all of them.
"""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.refused import CITATIONS, BlockPlace, Refused
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
from chatrepl.core.talk.conversation import Conversation
from chatrepl.core.value import frozen

MOST_OMISSIONS: Final = 12  # in one turn; of one refusal there are three
_REFUSALS: Final = frozenset({ApiErrorKind.INVALID, ApiErrorKind.TOO_LARGE})
_PLACE: Final = re.compile(
    r"messages?[.\[/](\d{1,9})\]?"
    r"(?:[./]content[.\[/](?:[^\s.]{0,99}\[\S{0,99}\][./])?(\d{1,9})\]?(?:[.\w/]{0,400}[./](?P<key>\w+))?)?"
)
_WORD: Final = re.compile(r"[\w-]+")
_THINKING: Final = re.compile(r"thinking|\breasoning|signature|bound to a different")
_PARAMETER: Final = re.compile(r"thinking\b[.:]")
_BLOCKS: Final = r"block|content|signature|bound|histor|earlier|previous|\btypes?\b|\bparts?\b"
# What is said of a kind of block, whatever stands in it, and what of one that has no partner.
_OF_A_KIND: Final = (
    r"(\bnot|n't|\bno|never|\bun)[ -]?(\w{1,40} ){0,2}?"
    r"(support|permit|allow|accept|recogni|implement|know|handle|available"
    r"|valid (input )?(content|block|type|part))|unexpected|input tag|extra\w{0,40} |\bonly\b"
    r"|(does|did) not match|invalid[\w ']{0,200} (type|value|block|part|variant)|should be|must be"
    r"|expected one of|additional propert"
)
_OF_A_PAIR: Final = r"without|correspond|tool_use_id|was found|were found|\bids?\b"
_GONE: Final = "it is left out from now on."
_FILES: Final = (ImageBlock, DocumentBlock)
# Servers that translate to another protocol name what they made of our blocks.
_SPELLINGS: Final = {
    "document": r"document|pdf|input[ _-]?file|file[ _-](content|part|input|block|data)",
    "image": r"(input[ _-]?)?image([ _-]?url)?",
}


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
    *,
    lasting: bool = False,
) -> Omission | None:
    """Say what is to be left out of a refused request; None where nothing old is named.

    `conversation` is what the request was made of, `signs` the refusals that something was left
    out for already. Where that is `lasting`, the server takes a kind of block of no past.
    """
    if error.kind not in _REFUSALS or len(signs) >= MOST_OMISSIONS:
        return None
    said, past = _said(error), _parts(request, conversation)
    sign, named, around = _aim(said, past, _new_types(request, past))
    tries = signs.count(sign)
    key = _key(said, past, named)
    if tries == 0 and key:
        without = replace(refused, keys=refused.keys | {key})
        return Omission(without, sign, f"The service does not take back {key} of a reply; {_GONE}")
    if tries == 0 and lasting and (less := _of_a_kind(said, request, past, named)):
        return Omission(replace(refused, types=refused.types | less), sign, _untaken(less))
    if tries == 0 and _is_about_thinking(said, past, named):
        turns = frozenset(turn.id for turn in conversation.path())
        without = replace(refused, thinking=refused.thinking | turns)
        return Omission(without, sign, f"The service does not take the thinking so far; {_GONE}")
    beside = [part for part in around if not isinstance(part.block, TextBlock)]
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


def _said(error: ApiError) -> str:
    return error.answer or error.message


def _untaken(types: Iterable[str]) -> str:
    named = ", ".join(sorted(one.replace("_", " ") for one in types))
    return f"Not taken of earlier turns: {named}; {_GONE}"


def refused_files(
    error: ApiError, request: Request, conversation: Conversation
) -> tuple[Block, ...]:
    """Give the images and documents of the new message that a refusal names."""
    if error.kind not in _REFUSALS:
        return ()
    said, place = _said(error), _PLACE.search(_said(error))
    old = {(part.message, part.number) for part in _parts(request, conversation)}
    files = [
        (at, number, block)
        for at, message in enumerate(request.messages)
        for number, block in enumerate(message.content)
        if (at, number) not in old and isinstance(block, _FILES)
    ]
    if place is None:
        named = (block for _, _, block in files if _place_of(block.type, said) is not None)
        blind = re.search(r"\bmulti-?modal", said.casefold()) is not None
        return tuple(named) or tuple(block for _, _, block in files if blind)
    return tuple(
        block
        for at, number, block in files
        if at == int(place[1]) and place[2] in {None, str(number)}
    )


def names_text_file(told: str, request: Request) -> bool:
    """Tell whether a refusal is of the text files of a new message, as documents.

    What is `told` is in small letters.
    """
    place, files = _PLACE.search(told), _text_files(request)
    if not files or re.search(_OF_A_KIND, told) is None or "pdf" in told:
        return False
    if place is None:
        return _place_of(DocumentBlock.type, told) is not None
    return any(at == int(place[1]) and place[2] in {None, str(n)} for at, n in files)


def _text_files(request: Request) -> list[tuple[int, int]]:
    """Find the text files of the last message of the user."""
    users = (at for at, message in enumerate(request.messages) if message.role == "user")
    last = max(users, default=0)
    return [
        (last, number)
        for message in request.messages[last : last + 1]
        for number, block in enumerate(message.content)
        if isinstance(block, DocumentBlock) and block.text
    ]


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


def _aim(
    words: str, past: Sequence[_Part], new: AbstractSet[str]
) -> tuple[str, list[_Part], list[_Part]]:
    """Find what a refusal names: how it says that, the parts themselves, all of their messages.

    Files that are named by their type alone are those of the past, where there is no `new` one.
    """
    said = set(_WORD.findall(words))
    place = _PLACE.search(words)
    around = [part for part in past if place is None or part.message == int(place[1])]
    named = [part for part in around if _id(part.block) in said]
    if place is not None:
        exact = [part for part in around if str(part.number) == place[2]]
        return place[0], exact or named, around
    named = named or [part for part in past if part.block.type in said - BLOCKS.keys()]
    named = named or [
        part
        for part in past
        if isinstance(part.block, _FILES) and part.block.type not in new
        if _place_of(part.block.type, words) is not None
    ]
    held = {part.message for part in named}
    sign = " ".join(sorted({_id(part.block) or part.block.type for part in named}))
    return sign, named, [part for part in past if part.message in held]


def _key(words: str, past: Sequence[_Part], named: Sequence[_Part]) -> str:
    """Name the key of a block that is refused alone, if we do not know what it is for."""
    place = _PLACE.search(words)
    keys = dict.fromkeys(key for part in (past if place is None else named) for key in _extra(part))
    if place is not None and place["key"] in keys:
        return place["key"]
    if re.search(_OF_A_KIND, words.casefold()) is None:
        return ""
    return next((key for key in keys if re.search(rf"\b{re.escape(key)}\b", words)), "")


def _extra(part: _Part) -> Iterable[str]:
    """Name the keys of a block that it can do without."""
    block = part.block
    if isinstance(block, UnknownBlock):
        return ()
    cited = isinstance(block, TextBlock) and block.citations
    return (*block.more, *((CITATIONS,) if cited else ()))


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


def _of_a_kind(
    said: str, request: Request, past: Sequence[_Part], named: Sequence[_Part]
) -> frozenset[str]:
    """Name the types of blocks that a server takes of no past, if that is what is refused."""
    told, place = said.casefold(), _PLACE.search(said)
    if _is_about_thinking(said, past, named):
        return frozenset(cls.type for cls in THINKING)
    if re.search(_OF_A_KIND, told) is None or re.search(_OF_A_PAIR, told) is not None:
        return frozenset()
    old = [part for part in past if part.block.type != TextBlock.type]
    if place is not None:
        key = place["key"]
        old = [
            part
            for part in old
            if part.message == int(place[1]) and place[2] in {None, str(part.number)}
            if key in {None, "type", part.block.type}
        ]
    elif re.search(r"\btools?\b|tool_choice", told) and "tools" in request.params:
        return frozenset(part.block.type for part in old if call_id(part.block) is not None)
    else:
        new = _new_types(request, past)
        old = [part for part in old if part.block.type not in new]
    places = {part.block.type: _place_of(part.block.type, told) for part in old}
    first = min((at for at in places.values() if at is not None), default=None)
    if first is None and (place is not None or re.search(r"\btext|multi-?modal", told)):
        return frozenset(places)
    return frozenset(type_ for type_, at in places.items() if at is not None and at == first)


def _place_of(type_: str, told: str) -> int | None:
    """Find where a type of block is named, in whatever spelling."""
    words = _SPELLINGS.get(type_, type_.replace("_", "[ _-]?"))
    match = re.search(rf"\b({words})s?\b", told.casefold())
    return None if match is None else match.start()


def _new_types(request: Request, past: Sequence[_Part]) -> frozenset[str]:
    old = {(part.message, part.number) for part in past}
    return frozenset(
        block.type
        for at, message in enumerate(request.messages)
        for number, block in enumerate(message.content)
        if (at, number) not in old
    )


def _is_about_thinking(said: str, past: Sequence[_Part], named: Sequence[_Part]) -> bool:
    """Tell whether thinking of earlier turns is refused, not a setting for it nor another block."""
    told = said.casefold()
    others = {part.block.type for part in named if not isinstance(part.block, THINKING)}
    if others & set(_WORD.findall(told)):  # what is said may list all types that there are
        return False
    return (
        any(isinstance(part.block, THINKING) for part in past)
        and _THINKING.search(told) is not None
        and _PARAMETER.match(told) is None
        and (re.search(_BLOCKS, told) is not None or _PLACE.search(told) is not None)
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
