import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.exchange.request import (
    LOOKBACK,
    Ask,
    Request,
    build_request,
    is_large,
    marked_messages,
)
from chatrepl.core.models import TABLE, Model
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, State, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.demo.cache import Cache, Share, lay_out
from chatrepl.demo.models import find as find_demo
from chatrepl.demo.request import WireMessage as DemoMessage
from chatrepl.demo.request import WireRequest as DemoRequest
from chatrepl.demo.tokens import count_text

NEW, OLD = TABLE["claude-opus-5-5"], TABLE["claude-sonnet-4-5"]
LONG = "Every word of this counts for the cache. " * 400


def said(role: str, blocks: int, text: str = "word") -> Message:
    return Message("user" if role == "user" else "assistant", (TextBlock(text),) * blocks)


def build(
    model: Model,
    conversation: Conversation,
    user: Message,
    settings: Settings | None = None,
    **ask: str,
) -> Request:
    return build_request(conversation, settings or Settings(), model, user, Ask(**ask))  # type: ignore[arg-type]


def bill(cache: Cache, request: Request) -> Share:
    """Let the strict engine's cache take a request as it goes over the wire."""
    body = json.loads(request.encode())
    model = find_demo(request.model)
    assert model is not None
    system = body.get("system") or ()
    blocks = ({"type": "text", "text": system},) if isinstance(system, str) else tuple(system)
    messages = tuple(
        DemoMessage(m["role"], tuple(m["content"]), at) for at, m in enumerate(body["messages"])
    )
    return cache.bill(lay_out(DemoRequest(body, model, blocks, messages), count_text))


def add(conversation: Conversation, *messages: Message) -> Conversation:
    id_ = TurnId(str(len(conversation.turns)))
    return conversation.add(Turn(id_, conversation.head, messages))


def test_a_large_system_prompt_is_read_also_by_a_conversation_that_begins_anew() -> None:
    cache = Cache(lambda: 0.0)
    for system, read in ((LONG, True), ("Be brief.", False)):
        talk = Conversation(state=State(system=system))
        first = bill(cache, build(NEW, talk, Message.user(f"one {LONG}")))
        again = bill(cache, build(NEW, talk, Message.user("two")))

        assert first.read == 0
        assert (again.read > 0) == read


def test_a_turn_of_many_blocks_loses_nothing_of_the_cache() -> None:
    for blocks in (1, LOOKBACK, LOOKBACK + 1, 60):
        cache = Cache(lambda: 0.0)
        talk, user = Conversation(), Message.user(LONG)
        first = bill(cache, build(NEW, talk, user))
        talk = add(talk, user, said("assistant", blocks))
        second = bill(cache, build(NEW, talk, said("user", blocks)))

        assert second.read == first.written_5m > 0


def test_a_prefill_keeps_the_cache_for_the_turns_that_follow() -> None:
    cache = Cache(lambda: 0.0)
    talk, user = Conversation(), Message.user(LONG)
    bill(cache, build(OLD, talk, user, prefill="Well"))
    talk = add(talk, user, said("assistant", 1, "Well, yes."))
    second = bill(cache, build(OLD, talk, Message.user("And?"), prefill="Well"))

    assert second.read > 1024


@given(
    st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.integers(1, 25)), max_size=8),
    st.booleans(),
)
def test_marks_stand_on_few_messages_that_are_there(
    shape: list[tuple[str, int]], prefilled: bool
) -> None:
    messages = [said(role, blocks) for role, blocks in shape]
    found = marked_messages(messages, prefilled=prefilled and bool(messages))

    assert len(found) <= 1 + prefilled
    assert all(0 <= at < len(messages) for at in found)


@given(
    st.booleans(), st.integers(1, 40), st.sampled_from(["", "Well"]), st.sampled_from(["", LONG])
)
def test_a_request_has_at_most_four_marks_and_both_forms_are_the_same(
    cached: bool, blocks: int, prefill: str, system: str
) -> None:
    talk = add(
        Conversation(state=State(system=system)), Message.user("a"), said("assistant", blocks)
    )
    settings = Settings(cache_enabled=cached)
    request = build(OLD, talk, said("user", blocks), settings, prefill=prefill)
    wire = request.encode()

    assert wire.count(b'"cache_control"') <= (4 if cached else 0)
    assert json.loads(wire) == request.body()


def test_a_text_is_large_by_its_bytes() -> None:
    assert is_large("x" * 2000, 512)
    assert not is_large("x" * 500, 512)
    assert is_large("汉" * 1000, 512)


@pytest.mark.parametrize(
    ("shape", "places"),
    [
        ([("user", 1), ("assistant", LOOKBACK), ("user", 1)], {0}),
        ([("user", 1), ("assistant", LOOKBACK - 1), ("user", 1)], set()),
        ([("assistant", 1), ("user", LOOKBACK + 1)], set()),
        ([("user", 1), ("user", LOOKBACK + 1)], set()),
        ([("user", 1), ("user", 1), ("assistant", 1), ("assistant", 9), ("user", 9)], {1}),
    ],
)
def test_the_last_question_before_a_long_turn_is_marked(
    shape: list[tuple[str, int]], places: set[int]
) -> None:
    messages = [said(role, blocks) for role, blocks in shape]

    assert marked_messages(messages, prefilled=False) == places
