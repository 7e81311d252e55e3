"""What is exported of a conversation for people: its turns, what stands above them, their parts.

The same for Markdown and for a page; how it looks is for those who write it.
"""

from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from chatrepl.core.talk.blocks import Block, DocumentBlock, ImageBlock, TextBlock
from chatrepl.core.talk.conversation import Receipt, Turn
from chatrepl.core.talk.markdown import Passage, passages
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.rewriting import author
from chatrepl.core.talk.sources import Sources
from chatrepl.core.value import frozen
from chatrepl.core.words import meta_line

BESIDE: Final = "Beside the conversation"


@frozen
class Sheet:
    """What is exported: the turns as they stand, and what goes above them.

    `about` is a line that tells when and where in the tree; `cite` says whether sources stand in
    the texts. What was asked `beside` the conversation comes last, each with where that was.
    """

    turns: Sequence[Turn]
    title: str = ""
    system: str = ""
    cite: bool = True
    about: str = ""
    beside: Sequence[tuple[str, Turn]] = ()

    @property
    def heading(self) -> str:
        """The title in a line."""
        return flat(self.title)


def messages_of(turn: Turn) -> Iterator[tuple[Message, tuple[Block, ...]]]:
    """Give the messages of a turn, without instructions of ours and changes of effort or tools."""
    first = turn.user
    for message in turn.messages:
        content = turn.question if message is first else message.content
        if message.role == "system":
            content = tuple(block for block in content if isinstance(block, TextBlock))
        if content:
            yield message, content


def parts_of(
    message: Message, content: Sequence[Block], sources: Sources, *, cite: bool
) -> Iterator[Passage | Block]:
    """Give what a message is made of; what a user wrote and attached stays as it is."""
    if message.role == "assistant":
        yield from passages(content, sources, cite=cite)
        return
    for block in content:
        if isinstance(block, TextBlock | ImageBlock | DocumentBlock):
            yield block
        else:
            yield from passages((block,), sources, cite=cite)


def who(message: Message, turn: Turn, place: str = "") -> str:
    """Name who wrote a message, and where, if that is to be told."""
    match message.role:
        case "user" if message.answers_calls and message is not turn.user:
            return "Tools"
        case "user":
            return f"You, {place}" if place else "You"
        case "assistant":
            name, yours = flat(message.model) or "Assistant", author(turn, message)
            return f"{name} ({yours})" if yours else name
        case "system":
            return "System"
        case _:
            assert_never(message.role)


def not_whole(turn: Turn) -> str:
    """Say what became of a reply that is not whole; empty where it is."""
    if not turn.was_cut:
        return ""
    return "no reply came" if turn.assistant is None else "the reply was cut here"


def receipt_line(receipt: Receipt | None) -> str:
    """Say what a reply took and cost; nothing where the service reported nothing."""
    if receipt is None or not (receipt.usage.total_input_tokens or receipt.usage.output_tokens):
        return ""
    return flat(meta_line(receipt))


def flat(text: str) -> str:
    """Write a text in a line."""
    return " ".join(text.split())
