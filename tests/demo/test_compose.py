import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.demo.helpers import NEW, OLD, ask, body, engine, said, user

WHOLE = said(ask(engine(), body(user("demo: long 900"))))


@given(st.integers(1, 400))
def test_a_cut_reply_is_the_beginning_of_the_whole_one(limit: int) -> None:
    message = ask(engine(), body(user("demo: long 900"), max_tokens=limit))
    assert WHOLE.startswith(said(message))
    assert message["usage"]["output_tokens"] <= limit
    cut = said(message) != WHOLE
    assert message["stop_reason"] == ("max_tokens" if cut else "end_turn")


@given(st.lists(st.sampled_from(["list", "item", "\n\n", "Section 2", "zzz"]), min_size=1))
def test_the_first_stop_sequence_in_the_text_ends_it(stops: list[str]) -> None:
    usable = [stop for stop in stops if stop.strip()] or ["item"]
    message = ask(engine(), body(user("demo: long 900"), stop_sequences=usable))
    places = [WHOLE.find(stop) for stop in usable if stop in WHOLE]
    assert said(message) == (WHOLE[: min(places)] if places else WHOLE)
    assert (message["stop_reason"] == "stop_sequence") is bool(places)


def test_thinking_is_billed_and_told_apart() -> None:
    details = ask(engine(), body(user("hello")))["usage"]
    assert 0 < details["output_tokens_details"]["thinking_tokens"] < details["output_tokens"]
    small = ask(engine(), body(user("hello"), max_tokens=20))
    assert [block["type"] for block in small["content"]] == ["text"]
    manual = {"type": "enabled", "budget_tokens": 1024}
    shown = ask(engine(), body(user("hello"), model=OLD, thinking=manual))["content"][0]
    assert shown["thinking"]


@pytest.mark.parametrize("category", ["cyber", "bio", "odd"])
def test_a_refusal_has_its_category(category: str) -> None:
    message = ask(engine(), body(user(f"demo: stop refusal {category}"), model=NEW))
    known = category if category != "odd" else None
    assert message["stop_details"]["category"] == known
    assert bool(said(message)) is (category != "cyber")
