from dataclasses import replace

import pytest

from chatrepl.core.talk.blocks import DocumentBlock, TextBlock, ThinkingBlock, UnknownBlock
from chatrepl.core.talk.conversation import Receipt, Turn, TurnId
from chatrepl.core.talk.markdown import Passage
from chatrepl.core.talk.message import Message, Role
from chatrepl.core.talk.sheet import Sheet, messages_of, not_whole, parts_of, receipt_line, who
from chatrepl.core.talk.sources import Sources
from chatrepl.core.talk.usage import Usage

FILE = DocumentBlock.plain("x", "x.txt")


def test_what_a_user_sent_stays_and_what_else_came_is_told() -> None:
    question = Message("user", (FILE, TextBlock("a"), ThinkingBlock("hm", "s")))
    assert list(parts_of(question, question.content, Sources(), cite=True)) == [
        FILE, TextBlock("a"), Passage("thinking", "hm"),
    ]  # fmt: skip
    reply = Message("assistant", (TextBlock("a"), TextBlock("b")))
    (text,) = parts_of(reply, reply.content, Sources(), cite=True)
    assert text == Passage("text", "ab")


def test_messages_without_content_and_instructions_of_ours_are_left_out() -> None:
    user = Message("user", (TextBlock("why?"), TextBlock("Begin so")))
    turn = Turn(TurnId("t"), None, (user, Message("assistant", ())), ours=1)
    assert list(messages_of(turn)) == [(user, (TextBlock("why?"),))]


def test_of_what_changes_in_mid_talk_only_the_system_prompt_is_exported() -> None:
    gone = UnknownBlock({"type": "tool_removal", "tool": {"name": "x"}})
    user, effort = Message("user", (TextBlock("why?"),)), Message("system", (gone,), effort="low")
    change = Message("system", (TextBlock("Be brief."), gone), effort="max")
    turn = Turn(TurnId("t"), None, (user, effort, change))
    assert list(messages_of(turn)) == [
        (user, user.content), (change, (TextBlock("Be brief."),)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("messages", "reason", "words"),
    [
        (("user", "assistant"), "end_turn", ""),
        (("user", "assistant"), "max_tokens", "the reply was cut here"),
        (("user", "assistant"), None, "the reply was cut here"),
        (("user",), None, "no reply came"),
    ],
)
def test_a_reply_that_was_cut_differs_from_one_that_never_came(
    messages: tuple[Role, ...], reason: str | None, words: str
) -> None:
    said = tuple(Message(role, (TextBlock("a"),)) for role in messages)
    receipt = Receipt("m", reason)
    assert not_whole(Turn(TurnId("t"), None, said, receipt=receipt)) == words


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (Message("user", ()), "You"),
        (Message("assistant", (), "a\nb"), "a b"),
        (Message("assistant", ()), "Assistant"),
        (Message("system", ()), "System"),
    ],
)
def test_who_wrote_is_named_in_a_line(message: Message, name: str) -> None:
    assert who(message, Turn(TurnId("t"), None, (message,))) == name


def test_a_reply_of_the_users_is_named_as_such() -> None:
    written = Message("assistant", (), "m")
    turn = Turn(TurnId("t"), None, (Message("user", ()), written), by_hand=True)
    assert who(written, turn) == "m (written by you)"
    assert who(turn.messages[0], turn) == "You"
    assert who(written, replace(turn, receipt=Receipt("m"))) == "m (begun by you)"


def test_a_receipt_that_tells_nothing_has_no_line() -> None:
    assert receipt_line(None) == receipt_line(Receipt("m", "end_turn")) == ""
    told = Receipt("m", "end_turn", usage=Usage(10, 3), cost_usd=0.5, duration_s=2)
    assert receipt_line(told) == "10 in · 3 out · $0.50 · 2.0 s"
    assert Sheet((), "a\n b").heading == "a b"
