"""What is about to be sent and was not meant for anybody: keys, in texts and files."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Final

from chatrepl.core.secrets import keys_in
from chatrepl.core.talk.message import Message
from chatrepl.session.session import Session

# What nobody wrote and only looks like letters: pictures, PDFs, what the service has sealed.
_NO_WORDS: Final = frozenset("signature encrypted_content encrypted_index encrypted_stdout".split())
_NO_WORDS_OF: Final = frozenset({"base64", "redacted_thinking"})


def held_keys(messages: Iterable[Message], own: Iterable[str] = ()) -> dict[str, str]:
    """Give what seems to be a key, and what kind of key each is; `own` are keys of our own."""
    mine = tuple(own)
    texts = (text for message in messages for text in _texts(message))
    return {key: kind for text in texts for key, kind in keys_in(text, mine).items()}


def unsent(session: Session) -> Iterator[Message]:
    """Give what goes with the next message, as messages: system prompt, prefill, form, and turns
    of no reply.

    Turns without a receipt were put there by hand or come from a file.
    """
    yield Message.user(session.system)
    yield Message.user(session.next.begins_with)
    if (form := session.next.form) is not None:
        yield Message.user(form.instruction)
    for turn in takewhile(lambda turn: turn.receipt is None, reversed(session.conversation.path())):
        yield from turn.messages


def in_words(held: Mapping[str, str], what: str = "This") -> str:
    """Say what a message seems to hold, without a letter of it."""
    kinds = list(dict.fromkeys(held.values()))
    listed = ", ".join(kinds[:-1]) + (" and " if kinds[1:] else "") + kinds[-1]
    return f"{what} seems to hold {listed}."


def _texts(message: Message) -> Iterator[str]:
    for block in message.content:
        yield from _words(block.to_wire())


def _words(value: object) -> Iterator[str]:
    """Give all text within a block as it is sent."""
    match value:
        case str():
            yield value
        case Mapping() if value.get("type") not in _NO_WORDS_OF:
            for name, part in value.items():
                if name not in _NO_WORDS:
                    yield from _words(part)
        case list() | tuple():
            for part in value:
                yield from _words(part)
        case _:
            pass
