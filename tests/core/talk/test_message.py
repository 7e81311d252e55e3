import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.talk.blocks import DocumentBlock, ImageBlock, TextBlock, UnknownBlock
from chatrepl.core.talk.message import Message, Role
from tests.core.making import TEXT, blocks


@given(st.sampled_from(["user", "assistant", "system"]), st.lists(blocks, max_size=4))
def test_a_message_comes_back_from_the_wire_as_it_was(role: Role, content: list[TextBlock]) -> None:
    message = Message(role, tuple(content))
    assert Message.from_wire(message.to_wire()) == message
    assert message.digest == Message.from_wire(message.to_wire()).digest
    assert message.has_thinking == (message.without_thinking != message)
    assert not message.without_thinking.has_thinking
    assert message.sendable.sendable is message.sendable


@given(TEXT, st.lists(blocks, max_size=2))
def test_a_users_message_is_attachments_and_then_the_text(
    text: str, attached: list[TextBlock]
) -> None:
    message = Message.user(text, *attached)
    assert message.content[: len(attached)] == tuple(attached)
    assert message.content[len(attached) :] == ((TextBlock(text),) if text else ())


def test_a_system_message_may_change_the_effort_and_no_prompt() -> None:
    for effort in ("", "low"):
        message = Message("system", (), effort=effort)
        assert Message.from_wire(message.to_wire()) == message
        assert message.prompt is None
        assert message.to_wire()["output_config"] == {"effort": effort or None}
    assert Message("system", (TextBlock("s"),), effort="low").prompt == "s"
    assert Message("user", (TextBlock("s"),)).prompt is None


def test_plain_text_on_the_wire_is_one_block() -> None:
    assert Message.from_wire({"role": "user", "content": "x"}) == Message.user("x")


def test_blank_text_is_not_sendable_whatever_else_it_carries() -> None:
    image = ImageBlock.url("u")
    odd = UnknownBlock({"type": "text", "text": None, "cache_control": {}})
    message = Message("user", (TextBlock(" \n"), image, odd, TextBlock("x")))
    assert message.sendable.content == (image, TextBlock("x"))
    assert message.text == " \nx"


def test_a_message_is_let_go_of_with_its_last_owner_whatever_was_asked_of_it() -> None:
    gc.disable()
    try:
        message = Message.user("text", DocumentBlock.plain("page"))
        names = vars(Message).keys() - {"__dict__", "__weakref__"}
        for name in names:
            getattr(message, name)
        last = weakref.ref(message)
        del message
        assert last() is None
    finally:
        gc.enable()


def test_a_message_cannot_be_changed() -> None:
    message = Message.user("Well?")

    with pytest.raises(AttributeError):
        message.role = "assistant"  # type: ignore[misc]
    assert {message: 1}[Message.user("Well?")] == 1
