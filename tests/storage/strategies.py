"""Conversations as they may be, for property tests."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from chatrepl.core.exchange.connector import NOT_KEPT
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import (
    Conversation,
    Mark,
    Prefill,
    Receipt,
    State,
    Summary,
    Turn,
    TurnId,
)
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.core.tools import McpServer
from tests.core.making import blocks_of

texts = st.text(st.characters(codec=None), max_size=30)
counts = st.integers(0, 10**9)
numbers = st.floats(0, 1e9, allow_nan=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(texts, json_values, max_size=2)
contents = st.lists(blocks_of(texts, objects), max_size=3).map(tuple)
receipts = st.builds(
    Receipt,
    model=texts,
    stop_reason=st.none() | st.sampled_from(["end_turn", "max_tokens", "refusal"]),
    stop_details=st.none() | objects,
    usage=st.builds(Usage, counts, counts, counts, counts, counts, counts, counts),
    message_id=st.none() | texts,
    request_id=st.none() | texts,
    prefill=st.none() | st.builds(Prefill, texts, st.sampled_from(["native", "emulated"])),
    cost_usd=st.none() | numbers,
    uncached_usd=st.none() | numbers,
    uncounted=st.booleans(),
    duration_s=numbers,
    error=texts,
    container=st.none() | objects,
)
names = st.lists(texts, max_size=2).map(tuple)
servers = st.builds(
    lambda name, url, tools, deny, token: McpServer(
        name, url=url, connect="service", tools=tools, deny=deny, token_command=token
    ),
    texts.filter(bool),
    texts.filter(bool),
    names,
    names,
    st.sampled_from([(), NOT_KEPT]),
)


@st.composite
def turns(draw: Any, number: int, parent: TurnId | None) -> Turn:
    messages = [Message("user", draw(contents))]
    if draw(st.booleans()):
        messages.append(Message("system", (TextBlock(draw(texts)),)))
    messages.append(Message("assistant", draw(contents), draw(texts), draw(texts)))
    receipt = draw(st.none() | receipts)
    ours = draw(st.integers(0, len(messages[0].content)))
    id_ = TurnId(f"turn{number}")
    yours = draw(st.booleans())
    return Turn(id_, parent, tuple(messages), receipt, ours, draw(numbers), yours)


@st.composite
def changes(draw: Any, conversation: Conversation) -> Conversation:
    """One thing that may be done to a conversation."""
    state = conversation.state
    known = sorted(conversation.turns)
    anywhere = st.none() | st.sampled_from(known) if known else st.none()
    what = draw(st.integers(0, 9))
    if what <= 2 or not known:
        return conversation.add(draw(turns(len(known), state.head)))
    if what == 3:
        return conversation.undo()
    if what == 4:
        return conversation.redo()
    if what == 5:
        marks: dict[TurnId, Mark | None] = draw(
            st.dictionaries(st.sampled_from(known), st.sampled_from(["dropped", "pinned", None]))
        )
        return conversation.with_marks(marks)
    if what == 6:
        system, later = draw(texts), draw(st.none() | texts)
        return conversation.then(replace(state, system=system, next_system=later))
    if what == 7:
        given = draw(st.lists(servers, max_size=2))
        return conversation.then(replace(state, servers={one.name: one for one in given}))
    if what == 8:
        covers = frozenset(draw(st.lists(st.sampled_from(known), min_size=1)))
        return conversation.then(replace(state, summary=Summary(covers, draw(texts))))
    branches = draw(st.dictionaries(texts, anywhere, max_size=2))
    return conversation.then(replace(state, head=draw(anywhere), branches=branches))


@st.composite
def histories(draw: Any, most: int = 10) -> list[Conversation]:
    """A conversation as it stood after each of some changes."""
    start = Conversation()
    if draw(st.booleans()):
        start = Conversation(state=State(system=draw(texts)))
    steps = [start]
    for _ in range(draw(st.integers(0, most))):
        steps.append(draw(changes(steps[-1])))
    return steps
