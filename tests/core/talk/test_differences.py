from dataclasses import replace

from chatrepl.core.talk.conversation import Conversation, Summary, Turn, TurnId
from chatrepl.core.talk.differences import changed_words
from chatrepl.core.talk.message import Message

A, B, C = TurnId("a"), TurnId("b"), TurnId("c")


def chat(*ids: TurnId) -> Conversation:
    conversation = Conversation()
    for id_ in ids:
        conversation = conversation.add(Turn(id_, conversation.head, (Message.user(id_),)))
    return conversation


def undone(conversation: Conversation) -> str:
    return changed_words(conversation, conversation.undo())


def redone(conversation: Conversation) -> str:
    return changed_words(conversation.undo(), conversation)


def test_turns_are_taken_back_and_come_back() -> None:
    two = chat(A, B)
    assert undone(two) == "Turn 2 is taken back. The conversation has 1 turn now."
    assert redone(two) == "Turn 2 is back. The conversation has 2 turns now."
    assert changed_words(two, two.undo().undo()).startswith("Turns 1-2 are taken back.")


def test_another_branch_is_told_from_where_it_forks() -> None:
    two = chat(A, B)
    forked = two.then(replace(two.state, head=A)).add(Turn(C, A, (Message.user("c"),)))
    assert changed_words(forked, two).startswith("From turn 2 on it is the other branch again.")


def test_the_system_prompt_is_told_though_no_turn_has_changed() -> None:
    old = chat(A)
    old = old.then(replace(old.state, system="Be brief."))
    cleared = old.then(replace(old.state, next_system=""))
    other = old.then(replace(old.state, next_system="Be long."))
    assert undone(cleared) == "The system prompt is back."
    assert redone(cleared) == "There is no system prompt any more."
    assert undone(other) == "The other system prompt is back."
    assert other.system == "Be long."


def test_marks_and_summaries_are_told_by_the_numbers_of_the_turns() -> None:
    three = chat(A, B, C)
    dropped = three.with_marks({A: "dropped", B: "dropped"})
    pinned = three.with_marks({C: "pinned"})
    apart = three.with_marks({A: "dropped", C: "dropped"})
    assert undone(dropped) == "Turns 1-2 are sent again."
    assert redone(dropped) == "Turns 1-2 are dropped again."
    assert undone(pinned) == "Turn 3 is no longer pinned."
    assert undone(apart) == "Turns 1, 3 are sent again."
    summed = three.then(replace(three.state, summary=Summary(frozenset({A}), "So.")))
    assert undone(summed) == "Turn 1 is sent again."
    assert redone(summed) == "Turn 1 is summarised again."
    further = summed.then(replace(summed.state, summary=Summary(frozenset({A, B}), "So.")))
    assert undone(further) == "Turn 2 is sent again."
    gone = summed.with_marks({A: "dropped"})
    assert undone(gone) == "Turn 1 is summarised again."


def test_branches_are_told_by_name() -> None:
    two = chat(A, B)
    named = two.then(replace(two.state, branches={"x": B}))
    moved = named.then(replace(named.state, branches={"x": A}))
    assert undone(named) == "The branch x is gone."
    assert redone(named) == "The branch x is back."
    assert undone(moved) == "The branch x is moved back."
    both = named.then(replace(named.state, branches={"x": B, "y": A}))
    assert undone(both) == "The branch y is gone."


def test_nothing_is_said_where_nothing_has_changed() -> None:
    assert changed_words(chat(A), chat(A)) == ""
