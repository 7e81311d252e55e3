from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from chatrepl.core.exchange.request import Request
from chatrepl.core.models import TABLE
from chatrepl.core.prompt_cache import (
    Footprint,
    Warmth,
    footprint,
    impact_words,
    miss_words,
    reason_words,
    too_small,
    toolbar_words,
    warmth,
)
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage

CACHE = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
REPLY = Message("assistant", (TextBlock("Hello"),))
ONE, TWO = Message.user("one"), Message.user("two")
USAGE = Usage(3, 10, 1000, 37_000)
NOW = 1_000_000.0


def ask(*messages: Message, **params: Any) -> Request:
    return Request({"model": "m", **CACHE, **params}, messages)


def left(request: Request | None = None) -> Footprint:
    found = footprint(request or ask(ONE), USAGE, NOW)
    assert found is not None
    return found


def test_what_goes_on_from_the_last_request_is_warm() -> None:
    found = warmth(left(), ask(ONE, TWO), NOW + 60)
    assert found == Warmth("warm", 38_000, NOW + 3600, messages=(ONE.digest,))
    assert found.minutes_left(NOW + 60) == 59
    assert toolbar_words(found, NOW + 60) == "cache 59m"


def test_time_makes_it_cold() -> None:
    found = warmth(left(), ask(ONE, TWO), NOW + 3600)
    assert (found.state, found.reason) == ("cold", "expired")
    assert toolbar_words(found, NOW) == "cache gone"


def test_five_minutes_are_five_minutes() -> None:
    short = ask(ONE, cache_control={"type": "ephemeral"})
    assert left(short).until == NOW + 300


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (ask(ONE, REPLY, TWO, model="other"), "model_changed"),
        (ask(ONE, tools=[{"name": "x"}]), "tools_changed"),
        (ask(ONE, system="new"), "system_changed"),
        (ask(ONE, thinking={"type": "adaptive"}), "settings_changed"),
        (ask(ONE, output_config={"effort": "low"}), "settings_changed"),
        (ask(TWO), "messages_changed"),
        (ask(), "messages_changed"),
    ],
)
def test_what_comes_before_must_be_the_same(request_: Request, reason: str) -> None:
    found = warmth(left(ask(ONE, REPLY, TWO)), request_, NOW)
    assert (found.state, found.reason) == ("cold", reason)


def test_what_was_read_last_time_is_still_there_when_the_last_turn_changes() -> None:
    last = left(ask(ONE, REPLY, TWO))
    assert warmth(last, ask(ONE, REPLY, Message.user("other")), NOW).tokens == 37_000
    assert warmth(last, ask(TWO, REPLY, TWO), NOW) == Warmth(
        "cold", until=NOW + 3600, reason="messages_changed"
    )


def test_a_prefill_becomes_part_of_the_reply() -> None:
    last = left(ask(ONE, Message("assistant", (TextBlock("He"),))))
    assert warmth(last, ask(ONE, REPLY, TWO), NOW).state == "warm"


def test_without_a_cache_there_is_no_warmth() -> None:
    assert footprint(Request({"model": "m"}, (ONE,)), USAGE, NOW) is None
    assert footprint(ask(ONE), Usage(50, 10), NOW) is None
    assert warmth(None, ask(ONE), NOW).state == "none"
    assert warmth(left(), Request({"model": "m"}, (ONE,)), NOW).state == "none"
    assert not toolbar_words(Warmth("none"), NOW)


def test_an_action_that_breaks_a_warm_cache_says_so() -> None:
    warm, cold = warmth(left(), ask(ONE), NOW), Warmth("cold", reason="system_changed")
    words = impact_words(warm, cold, cost=(0.01, 0.30))
    assert words == "Costs about $0.29 more next time: the cache is lost."
    unpriced = "The next request cannot use the cache (38k tokens)."
    assert impact_words(warm, cold, cost=(None, 0.30)) == impact_words(warm, cold) == unpriced


@for_all(st.floats(0, 2), st.floats(0, 2))
def test_a_cent_or_a_fifth_of_the_price_is_worth_a_word_and_less_is_not(
    was: float, will: float
) -> None:
    warm, cold = warmth(left(), ask(ONE), NOW), Warmth("cold", reason="model_changed")
    is_much = will - was >= 0.01 or will - was >= will / 5
    assert bool(impact_words(warm, cold, cost=(was, will))) == is_much


def test_nothing_is_said_where_nothing_is_lost() -> None:
    cold = Warmth("cold", reason="expired")
    assert not impact_words(cold, cold)
    warm = warmth(left(), ask(ONE), NOW)
    assert not impact_words(warm, warm)


def test_misses_are_explained() -> None:
    why = {"type": "system_changed", "cache_missed_input_tokens": 4200}
    words = miss_words({"cache_miss_reason": why})
    assert words == "The cache missed 4.2k tokens: the system prompt changed."
    assert miss_words({"cache_miss_reason": "model_changed"}).endswith("the model changed.")


def test_that_a_message_of_earlier_is_forgotten_is_said_only_where_the_cache_was_to_hold_it() -> (
    None
):
    gone = {"cache_miss_reason": {"type": "previous_message_not_found"}}
    changed = {"cache_miss_reason": {"type": "model_changed"}}
    assert "no longer knows" in miss_words(gone)
    assert not miss_words(gone, expected=False)
    assert miss_words(changed, expected=False) == miss_words(changed)


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        {"cache_miss_reason": None},
        {"cache_miss_reason": {}},
        {"cache_miss_reason": "unavailable"},
        {"cache_miss_reason": {"type": "model_changed", "cache_missed_input_tokens": 511}},
    ],
)
def test_no_miss_needs_no_word(given: dict[str, Any] | None) -> None:
    assert not miss_words(given)


def test_new_reasons_are_given_as_they_are() -> None:
    assert reason_words("moon_changed") == "moon changed"
    assert reason_words("") == "nobody says why"


def test_short_prompts_are_below_what_a_cache_takes() -> None:
    model = TABLE["claude-opus-5-5"]
    assert too_small(model, 511)
    assert not too_small(model, 512)
