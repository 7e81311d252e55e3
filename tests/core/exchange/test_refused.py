"""What is left out, and what stays."""

from chatrepl.core.exchange.view import Refused
from chatrepl.core.talk.blocks import TextBlock, ThinkingBlock, UnknownBlock
from chatrepl.core.talk.conversation import Conversation, Message, Turn, TurnId

ODD = UnknownBlock({"type": "hologram"})
THOUGHT = ThinkingBlock("hm", "s")
TEXT = TextBlock("yes")


def talk(*ids: str) -> Conversation:
    conversation = Conversation()
    for id_ in ids:
        reply = Message("assistant", (THOUGHT, TEXT, ODD))
        parent = conversation.head
        conversation = conversation.add(Turn(TurnId(id_), parent, (Message.user("a"), reply)))
    return conversation


def contents(conversation: Conversation) -> list[object]:
    return [turn.messages[-1].content for turn in conversation.path()]


def test_where_nothing_is_refused_all_stays_as_it_is() -> None:
    conversation = talk("a")
    assert Refused().without(conversation) is conversation


def test_only_what_is_refused_is_left_out_and_only_so_far() -> None:
    blocks = Refused().of("blocks", talk("a"))
    assert contents(blocks.without(talk("a", "b"))) == [(THOUGHT, TEXT), (THOUGHT, TEXT, ODD)]
    both = blocks.of("thinking", talk("a"))
    assert contents(both.without(talk("a", "b"))) == [(TEXT,), (THOUGHT, TEXT, ODD)]
    assert both.without(talk("a")).turns[TurnId("a")].messages[0] == Message.user("a")


def test_thinking_alone_may_be_refused() -> None:
    thinking = Refused().of("thinking", talk("a"))
    assert contents(thinking.without(talk("a"))) == [(TEXT, ODD)]
