"""What a message seems to hold that was not meant for anybody: keys, in its text and its files."""

from collections.abc import Iterable, Iterator, Mapping

from chatrepl.core.secrets import keys_in
from chatrepl.core.talk.blocks import DocumentBlock, TextBlock
from chatrepl.core.talk.conversation import Message


def held_keys(message: Message, own: Iterable[str] = ()) -> dict[str, str]:
    """Give what seems to be a key, and what kind of key each is; `own` are keys of our own."""
    mine = tuple(own)
    return {key: kind for text in _texts(message) for key, kind in keys_in(text, mine).items()}


def in_words(held: Mapping[str, str]) -> str:
    """Say what a message seems to hold, without a letter of it."""
    kinds = list(dict.fromkeys(held.values()))
    listed = ", ".join(kinds[:-1]) + (" and " if kinds[1:] else "") + kinds[-1]
    return f"This seems to hold {listed}."


def _texts(message: Message) -> Iterator[str]:
    for block in message.content:
        match block:
            case TextBlock(text=text) | DocumentBlock(source={"type": "text", "data": str(text)}):
                yield text
            case _:
                pass
