from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chatrepl.core.talk.blocks import TextBlock, ThinkingBlock
from chatrepl.core.talk.conversation import (
    Conversation,
    Receipt,
    State,
    Summary,
    Turn,
    TurnId,
)
from chatrepl.core.talk.message import Message
from tests.core.making import TEXT

_PICK = st.integers(0, 9)


class Walk(RuleBasedStateMachine):
    """Do anything to a conversation, and keep a plain list of states beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.conversation = Conversation()
        self.states = [State()]
        self.at = 0
        self.added: list[TurnId] = []

    def _changed(self, new: Conversation) -> None:
        if new.state != self.states[self.at]:
            assert new.undo().state == self.conversation.state
            assert new.undo().redo() == new
            self.states = [*self.states[: self.at + 1], new.state]
            self.at += 1
        self.conversation = new

    @rule()
    def add(self) -> None:
        id_ = TurnId(f"t{len(self.added)}")
        turn = Turn(id_, self.conversation.head, (Message.user(id_),))
        self._changed(self.conversation.add(turn))
        assert self.conversation.head == id_
        assert self.conversation.path()[-1] == turn
        self.added.append(id_)

    @rule(pick=_PICK)
    def go(self, pick: int) -> None:
        head = ([*self.added, None])[pick % (len(self.added) + 1)]
        self._changed(self.conversation.then(replace(self.conversation.state, head=head)))

    @rule(pick=_PICK, mark=st.sampled_from(["dropped", "pinned", None]))
    def mark(self, pick: int, mark: str | None) -> None:
        if self.added:
            id_ = self.added[pick % len(self.added)]
            self._changed(self.conversation.with_marks({id_: mark}))  # type: ignore[dict-item]
            assert self.conversation.state.marks.get(id_) == mark

    @rule(text=TEXT)
    def summarise(self, text: str) -> None:
        state = replace(self.conversation.state, summary=Summary(frozenset(self.added), text))
        self._changed(self.conversation.then(state))

    @rule()
    def undo(self) -> None:
        self.at = max(0, self.at - 1)
        self.conversation = self.conversation.undo()

    @rule()
    def redo(self) -> None:
        self.at = min(len(self.states) - 1, self.at + 1)
        self.conversation = self.conversation.redo()

    @invariant()
    def the_state_is_the_one_on_the_list(self) -> None:
        assert self.conversation.state == self.states[self.at]
        assert len(self.conversation.past) == self.at
        assert len(self.conversation.future) == len(self.states) - 1 - self.at

    @invariant()
    def no_turn_is_ever_out_of_reach(self) -> None:
        assert list(self.conversation.turns) == self.added
        roots = list(self.conversation.children(None))
        reached = []
        while roots:
            turn = roots.pop()
            reached.append(turn.id)
            roots += self.conversation.children(turn.id)
            assert turn in self.conversation.children(turn.parent)
            path = self.conversation.path(turn.id)
            assert [t.parent for t in path] == [None, *(t.id for t in path[:-1])]
        assert sorted(reached) == sorted(self.added)


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)


def test_a_turn_knows_its_question_and_its_reply() -> None:
    asked = Message("user", (TextBlock("q"), TextBlock("begin with P")))
    system = Message("system", (TextBlock("s"),))
    replies = [Message("assistant", (TextBlock(t),)) for t in "ab"]
    turn = Turn(TurnId("t"), None, (asked, system, *replies), ours=1)
    assert turn.question == (TextBlock("q"),)
    assert turn.assistant == replies[1]
    alone = Turn(TurnId("t"), None, (Message("assistant", (ThinkingBlock("t", "s"),)),))
    assert (alone.user, alone.question) == (None, ())
    assert Turn(TurnId("t"), None, (asked,)).assistant is None


def test_a_reply_was_cut_if_it_can_be_gone_on_with() -> None:
    def cut(receipt: Receipt | None) -> bool:
        return Turn(TurnId("t"), None, (), receipt).was_cut

    assert not cut(None)
    assert cut(Receipt())
    assert cut(Receipt(stop_reason="max_tokens"))
    assert not cut(Receipt(stop_reason="end_turn"))


def test_before_a_turn_the_system_prompt_that_came_with_it_waits_again() -> None:
    told = Message("system", (TextBlock("be brief"),))
    plain = Turn(TurnId("a"), None, (Message.user("one"), Message("assistant", ())))
    changed = Turn(TurnId("b"), plain.id, (Message.user("two"), told, Message("assistant", ())))
    chat = Conversation().add(plain).add(changed)
    assert chat == Conversation().grown((plain, changed))
    assert chat.before(plain).state.next_system is None
    assert chat.before(changed).state.next_system == "be brief"
    assert chat.before(changed).head == plain.id
    newer = chat.then(replace(chat.state, next_system="be kind"))
    assert newer.before(changed).state.next_system == "be kind"


@pytest.mark.parametrize("text", ["", "usual", "changed", "other"])
@pytest.mark.parametrize("waiting", [None, "", "waiting"])
def test_with_a_system_prompt_the_next_message_has_it_and_nothing_is_to_undo(
    text: str, waiting: str | None
) -> None:
    told = Message("system", (TextBlock("changed"),))
    empty = Conversation(state=State(system="usual", next_system=waiting))
    for chat in (
        empty,
        empty.add(Turn(TurnId("a"), None, (Message.user("one"),))),
        empty.add(Turn(TurnId("a"), None, (Message.user("one"), told))),
    ):
        after = chat.with_system(text)
        assert after.system == text
        assert (after.past, after.path()) == (chat.past, chat.path())
        assert after.state.next_system in {None, text}
        assert chat.path() or after.state == State(system=text)
