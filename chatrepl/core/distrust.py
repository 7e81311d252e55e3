"""What the service refuses of earlier turns: left out of what is sent, kept in the conversation."""

from dataclasses import replace
from typing import Literal, Self, TypeAlias

from chatrepl.core.blocks import UnknownBlock
from chatrepl.core.conversation import Conversation, Message, Turn, TurnId
from chatrepl.core.frozen import frozen

Part: TypeAlias = Literal["thinking", "blocks"]


@frozen
class Distrust:
    """The turns whose thinking, and those whose unknown blocks, are sent no more."""

    thinking: frozenset[TurnId] = frozenset()
    blocks: frozenset[TurnId] = frozenset()

    def of(self, part: Part, conversation: Conversation) -> Self:
        """Distrust that part of all turns up to here."""
        turns = frozenset(turn.id for turn in conversation.path())
        if part == "thinking":
            return replace(self, thinking=self.thinking | turns)
        return replace(self, blocks=self.blocks | turns)

    def without(self, conversation: Conversation) -> Conversation:
        """Give the conversation without what is distrusted."""
        touched = self.thinking | self.blocks
        if not touched:
            return conversation
        slim = {id_: self._slim(t) for id_, t in conversation.turns.items() if id_ in touched}
        return replace(conversation, turns={**conversation.turns, **slim})

    def _slim(self, turn: Turn) -> Turn:
        messages = turn.messages
        if turn.id in self.thinking:
            messages = tuple(message.without_thinking for message in messages)
        if turn.id in self.blocks:
            messages = tuple(map(_without_unknown, messages))
        return replace(turn, messages=messages)


def _without_unknown(message: Message) -> Message:
    kept = tuple(block for block in message.content if not isinstance(block, UnknownBlock))
    return message if len(kept) == len(message.content) else replace(message, content=kept)
