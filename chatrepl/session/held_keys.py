"""What is about to be sent and was not meant for anybody: keys, in texts and files."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile

from chatrepl.core.secrets import keys_in
from chatrepl.core.talk.blocks import DocumentBlock, TextBlock
from chatrepl.core.talk.conversation import Message
from chatrepl.session.session import Session


def held_keys(messages: Iterable[Message], own: Iterable[str] = ()) -> dict[str, str]:
    """Give what seems to be a key, and what kind of key each is; `own` are keys of our own."""
    mine = tuple(own)
    texts = (text for message in messages for text in _texts(message))
    return {key: kind for text in texts for key, kind in keys_in(text, mine).items()}


def unsent(session: Session) -> Iterator[Message]:
    """Give what goes with the next message, as messages: system prompt, prefill, turns of no reply.

    Turns without a receipt were put there by hand or come from a file.
    """
    yield Message.user(session.system)
    yield Message.user(session.next.begins_with)
    for turn in takewhile(lambda turn: turn.receipt is None, reversed(session.conversation.path())):
        yield from turn.messages


def in_words(held: Mapping[str, str], what: str = "This") -> str:
    """Say what a message seems to hold, without a letter of it."""
    kinds = list(dict.fromkeys(held.values()))
    listed = ", ".join(kinds[:-1]) + (" and " if kinds[1:] else "") + kinds[-1]
    return f"{what} seems to hold {listed}."


def _texts(message: Message) -> Iterator[str]:
    for block in message.content:
        match block:
            case TextBlock(text=text) | DocumentBlock(source={"type": "text", "data": str(text)}):
                yield text
            case _:
                pass
