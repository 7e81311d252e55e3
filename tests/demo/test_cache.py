from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.demo.engine import Engine
from tests.demo.helpers import Clock, ask, assistant, body, engine, refusal, text, user

MARK = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
LONG = "word " * 600  # about 940 tokens


def _usage(on: Engine, *messages: Any, **more: Any) -> tuple[int, int, int]:
    usage = ask(on, body(*messages, **more))["usage"]
    return (
        usage["input_tokens"],
        usage["cache_creation_input_tokens"],
        usage["cache_read_input_tokens"],
    )


def test_a_conversation_reads_what_the_turn_before_wrote() -> None:
    on = engine()
    turns: list[Any] = [user(LONG)]
    plain, written, read = _usage(on, *turns, cache_control=HOUR)
    assert (plain, read) == (0, 0)
    assert written > 900
    total = written
    for number in range(5):
        turns += [assistant(f"reply {number}"), user(f"question {number} {LONG}")]
        plain, written, read = _usage(on, *turns, cache_control=HOUR)
        assert (plain, read) == (0, total)
        total += written


def test_the_sum_of_the_shares_is_the_whole_prompt() -> None:
    on, plain = engine(), engine()
    turns: list[Any] = [user(LONG), assistant("yes"), user("more")]
    _usage(on, turns[0], cache_control=MARK)
    assert sum(_usage(on, *turns, cache_control=MARK)) == _usage(plain, *turns)[0]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(["short", "word " * 200, "word " * 800]), min_size=1, max_size=6),
    st.lists(st.integers(0, 9), max_size=3, unique=True),
    st.sampled_from([None, MARK, HOUR]),
    st.floats(0, 4000),
)
def test_every_prompt_is_billed_once_and_whole(
    texts: list[str], marked: list[int], automatic: Any, gap: float
) -> None:
    clock = Clock()
    on = engine(clock=clock)
    messages: list[Any] = []
    seen = 0
    for number, words in enumerate(texts):
        mark = {"cache_control": HOUR} if number in marked else {}
        messages.append(user(text(words, **mark)))
        more = {"cache_control": automatic} if automatic and number not in marked else {}
        usage = ask(on, body(*messages, **more))["usage"]
        plain = [user(words) for words in texts[: number + 1]]
        total = ask(engine(), body(*plain))["usage"]["input_tokens"]
        written, read = usage["cache_creation_input_tokens"], usage["cache_read_input_tokens"]
        assert usage["input_tokens"] + written + read == total
        assert sum(usage["cache_creation"].values()) == written
        assert read <= seen
        seen = total
        clock.now += gap


def test_nothing_is_cached_without_a_mark_or_below_the_minimum() -> None:
    on = engine()
    for value in (body(user(LONG)), body(user("short"), cache_control=MARK)):
        for _ in range(2):
            usage = ask(on, value)["usage"]
            assert usage["cache_creation_input_tokens"] == 0
            assert usage["cache_read_input_tokens"] == 0
    usage = ask(on, body(user(LONG), model="claude-opus-4-8", cache_control=MARK))["usage"]
    assert usage["cache_creation_input_tokens"] == 0


@pytest.mark.parametrize(("mark", "seconds"), [(MARK, 300), (HOUR, 3600)])
def test_an_entry_lives_for_its_ttl_and_reading_renews_it(mark: Any, seconds: int) -> None:
    clock = Clock()
    on = engine(clock=clock)
    _usage(on, user(LONG), cache_control=mark)
    for _ in range(3):
        clock.now += seconds - 1
        assert _usage(on, user(LONG), cache_control=mark)[2] > 0
    clock.now += seconds
    assert _usage(on, user(LONG), cache_control=mark)[2] == 0


def test_an_entry_that_a_later_turn_reads_lives_on() -> None:
    clock = Clock()
    on = engine(clock=clock)
    _usage(on, user(LONG), cache_control=MARK)
    clock.now += 200
    _usage(on, user(LONG), assistant("a"), user("b"), cache_control=MARK)
    clock.now += 200
    assert _usage(on, user(LONG), assistant("z"), user("y"), cache_control=MARK)[2] > 0


def test_usage_tells_five_minute_and_one_hour_writes_apart() -> None:
    value = body(user(LONG), system=[text(LONG, cache_control=HOUR)], cache_control=MARK)
    split = ask(engine(), value)["usage"]["cache_creation"]
    assert split["ephemeral_1h_input_tokens"] > 900
    assert split["ephemeral_5m_input_tokens"] > 900


def test_a_changed_system_prompt_misses_everything_behind_it() -> None:
    on = engine()
    tools = [{"name": "t", "description": LONG, "input_schema": {"type": "object"}}]
    tools[0]["cache_control"] = MARK
    first = _usage(on, user(LONG), system="a", tools=tools, cache_control=MARK)
    second = _usage(on, user(LONG), system="b", tools=tools, cache_control=MARK)
    assert first[2] == 0
    assert 900 < second[2] < first[1] - 900


@pytest.mark.parametrize(
    "change",
    [{"model": "claude-sonnet-5-5"}, {"output_config": {"effort": "low"}}, {"system": "other"}],
)
def test_what_shapes_the_prompt_misses_when_it_changes(change: dict[str, Any]) -> None:
    on = engine()
    assert _usage(on, user(LONG), cache_control=MARK)[1] > 0
    assert _usage(on, user(LONG), cache_control=MARK, **change)[2] == 0


def test_a_mark_looks_back_twenty_blocks_and_no_further() -> None:
    for more, hit in ((18, True), (19, True), (20, False), (30, False)):
        on = engine()
        first = user(text(LONG))
        _usage(on, first, cache_control=MARK)
        later = user(text(LONG), *[text(f"block {n}") for n in range(more)])
        assert (_usage(on, later, cache_control=MARK)[2] > 0) is hit, more


def test_where_the_mark_stands_is_no_part_of_the_prefix() -> None:
    on = engine()
    _usage(on, user(text(LONG, cache_control=MARK)))
    assert _usage(on, user(LONG), assistant("a"), user("b"), cache_control=MARK)[2] > 0


def test_more_than_four_marks_are_refused_and_the_automatic_one_counts() -> None:
    blocks = [text(f"b{n}", cache_control=MARK) for n in range(5)]
    assert "Found 5" in refusal(engine(), body(user(*blocks)))[1]
    value = body(user(*blocks[:4], text("last")), cache_control=MARK)
    assert "Found 5" in refusal(engine(), value)[1]
    ask(engine(), body(user(*blocks[:4]), cache_control=MARK))


def test_an_hour_may_not_come_after_five_minutes() -> None:
    value = body(user("x"), system=[text("s", cache_control=MARK)], cache_control=HOUR)
    assert "must not come after" in refusal(engine(), value)[1]
    value = body(user(text("x", cache_control=HOUR)), cache_control=MARK)
    assert "another ttl" in refusal(engine(), value)[1]


def _reason(on: Engine, previous: str | None, *messages: Any, **more: Any) -> Any:
    asked = {"previous_message_id": previous}
    return ask(on, body(*messages, diagnostics=asked, **more))["diagnostics"]


def test_diagnostics_name_what_changed() -> None:
    on = engine()
    tool = {"name": "t", "input_schema": {"type": "object"}}
    first = ask(on, body(user("a"), system="s", tools=[tool]))["id"]
    same: dict[str, Any] = {"system": "s", "tools": [tool]}
    grown = (user("a"), assistant("b"), user("c"))
    assert _reason(on, None, *grown, **same) is None
    assert _reason(on, first, *grown, **same) is None
    table: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
        ("model_changed", {**same, "model": "claude-sonnet-5-5"}, grown),
        ("system_changed", {**same, "system": "other"}, grown),
        ("tools_changed", {"system": "s"}, grown),
        ("messages_changed", same, (user("z"), assistant("b"), user("c"))),
        ("unavailable", {**same, "output_config": {"effort": "low"}}, grown),
    ]
    for kind, more, messages in table:
        reason = _reason(on, first, *messages, **more)["cache_miss_reason"]
        assert reason["type"] == kind
        assert reason.get("cache_missed_input_tokens", 1) > 0
    missing = _reason(on, "msg_none", *grown, **same)["cache_miss_reason"]
    assert missing == {"type": "previous_message_not_found"}


def test_a_refused_request_writes_nothing() -> None:
    on = engine()
    on.script("error 529")
    refusal(on, body(user(LONG), cache_control=MARK))
    assert _usage(on, user(LONG), cache_control=MARK)[2] == 0
