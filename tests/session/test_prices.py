"""What a reply costs: by the models that made it, at the speed that they had."""

import pytest

from chatrepl.api.prices import price
from chatrepl.commands.cost import next_price
from chatrepl.core.exchange.reply import MessageDelta, MessageStart, Reply
from chatrepl.core.exchange.request import Request
from chatrepl.core.settings import Settings
from chatrepl.core.talk.usage import Usage
from chatrepl.core.wire import Wire
from chatrepl.session.session import Session
from tests.commands.trimmer import WHEN, Trimmer

ASKED, OTHER = "claude-opus-5-5", "claude-haiku-4-5"
STEP = {"input_tokens": 1000, "output_tokens": 100}


def usd(model: str, *usages: Usage) -> float:
    costs = [price(model, usage, WHEN) for usage in usages]
    return sum(cost.usd for cost in costs if cost is not None)


def paid(
    session: Session, *parts: Wire, model: str = ASKED, speed: str | None = None
) -> float | None:
    """Price a reply that took a request for each of the usage objects."""
    reply = Reply()
    for at, part in enumerate(parts, 1):
        reason = "end_turn" if at == len(parts) else "pause_turn"
        reply = reply.apply(MessageStart(model, usage=part)).apply(MessageDelta(reason, usage=part))
    params = {"model": model} | ({"speed": speed} if speed else {})
    cost = session.pay(Request(params, ()), reply)
    return None if cost is None else cost.usd


def test_a_reply_of_several_models_costs_what_each_step_does() -> None:
    session = Trimmer().session
    refused = {"type": "message", "model": ASKED, "input_tokens": 1000, "output_tokens": 0}
    answered = {"type": "fallback_message", "model": OTHER, **STEP}
    searches = {"server_tool_use": {"web_search_requests": 2}}
    whole = {**STEP, **searches, "iterations": [refused, answered]}
    expected = usd(ASKED, Usage(1000), Usage(web_search_requests=2)) + usd(OTHER, Usage(1000, 100))

    assert paid(session, whole) == pytest.approx(expected)
    assert paid(session, STEP, whole) == pytest.approx(expected + usd(ASKED, Usage(1000, 100)))
    unknown = {**STEP, "iterations": [refused, {**answered, "model": "claude-nobody-1"}]}
    assert paid(session, unknown) is None


def test_what_a_batch_answered_costs_half() -> None:
    session = Trimmer().session
    plain, batch = paid(session, STEP), paid(session, {**STEP, "service_tier": "batch"})
    assert plain is not None
    assert batch == pytest.approx(plain / 2)


@pytest.mark.parametrize(
    ("model", "asked", "got", "factor"),
    [
        (ASKED, "fast", "fast", 2),
        (ASKED, "fast", None, 2),
        (ASKED, "fast", "standard", 1),
        (ASKED, None, None, 1),
        (OTHER, "fast", "fast", 1),  # it has no such mode
        ("claude-opus-9", "fast", "fast", None),
    ],
)
def test_tokens_at_more_speed_cost_twice_and_searches_do_not(
    model: str, asked: str | None, got: str | None, factor: int | None
) -> None:
    session = Trimmer().session
    whole = {**STEP, "server_tool_use": {"web_search_requests": 1}} | (
        {"speed": got} if got else {}
    )
    tokens, searches = usd(model, Usage(1000, 100)), usd(model, Usage(web_search_requests=1))
    expected = None if factor is None else pytest.approx(factor * tokens + searches)

    assert paid(session, whole, model=model, speed=asked) == expected


def test_what_comes_is_priced_at_the_speed_that_is_set() -> None:
    session = Trimmer().session

    def comes(model: str, speed: str) -> float | None:
        session.use(model=model, speed=speed)
        return next_price(session, session.conversation)

    slow = comes(ASKED, "")
    assert slow is not None
    assert comes(ASKED, "fast") == pytest.approx(2 * slow)
    assert comes(OTHER, "fast") == comes(OTHER, "") is not None
    assert comes("claude-opus-9", "fast") is None


def test_tools_of_the_user_s_own_are_counted_before_anything_was_sent_and_after() -> None:
    tool = {
        "name": "look",
        "description": "Look around. " * 400,
        "input_schema": {"type": "object"},
    }
    bare, armed = Trimmer(), Trimmer(Settings(model=ASKED, extra_body={"tools": [tool]}))
    counted = []
    for chat in (bare, armed):
        first = chat.session.context()
        chat.talk("demo: say hello")
        second = chat.session.context()
        assert first is not None
        assert second is not None
        counted.append((first.tokens, second.tokens))
    for without, with_tools in zip(*counted, strict=True):
        assert with_tools - without > 800
    armed.session.use(extra_body={})
    after = armed.session.context()
    assert after is not None
    assert after.tokens < counted[1][1] - 800


def test_what_another_model_counted_teaches_nothing_about_the_one_that_was_asked() -> None:
    chat = Trimmer()
    before = chat.session.ledger.tally
    chat.talk("demo: show fallback")
    assert chat.session.ledger.tally is before
    assert chat.session.books.meter.cost.usd > 0
