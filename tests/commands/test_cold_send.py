"""What is asked before a message pays for a past that has gone cold."""

import re
from dataclasses import replace
from typing import Any

import pytest

from chatrepl.api.prices import price, rates
from chatrepl.core.errors import UnsentError
from chatrepl.core.settings import Settings
from chatrepl.core.talk.usage import Usage
from chatrepl.demo.engine import Engine
from chatrepl.session.beside import turns_beside
from chatrepl.session.cold import cold_line
from tests.commands.playing import Player

LONG = " ".join(f"word{n % 97} and more of it" for n in range(4_000))
SHORT = "And what of it?"
HOUR_S = 3_600.0
HAIKU = "claude-haiku-5-5"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        self.now += 0.01
        return self.now


def player(turns: int = 3, **settings: Any) -> tuple[Player, Clock]:
    """A chat of long turns, and its clock."""
    clock = Clock()
    given = Settings(**{"model": "claude-opus-5-5", **settings})
    one = Player(given, Engine(clock=clock))
    one.session.equip(
        clock=clock,
        price=price,
        rates=lambda model, tokens: rates(model, clock.now, prompt_tokens=tokens),
    )
    for number in range(turns):
        one.say(f"{number} {LONG}")
    return one, clock


def typed(one: Player, text: str = SHORT) -> None:
    """Type a message, as at the prompt."""
    one.repl().send(text)


def prices(question: str) -> dict[str, float]:
    return {key: float(usd) for key, usd in re.findall(r"(\w): [a-z][^$·]*\$([\d.]+)", question)}


def billed(one: Player) -> float:
    """Price the input of the last request as the engine counted it."""
    receipt = one.session.conversation.path()[-1].receipt
    assert receipt is not None
    cost = price(receipt.model, replace(receipt.usage, output_tokens=0), 1_800_000_000.0)
    assert cost is not None
    return cost.usd


def test_a_warm_past_is_not_asked_about() -> None:
    one, clock = player()
    clock.now += HOUR_S - 60
    typed(one)
    assert one.asked == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("claude-haiku-5-5", "claude-opus-5-5"),
        ("claude-opus-5-5", "claude-sonnet-5-5"),
        ("claude-sonnet-4-5", "claude-opus-4-5"),
    ],
)
def test_what_a_switch_of_models_costs_is_told_in_the_prices_of_the_new_one(
    before: str, after: str
) -> None:
    one, _ = player(model=before)
    one.do(f"/model {after}")
    (told,) = (float(usd) for usd in re.findall(r"about \$([\d.]+) more", " ".join(one.said)))
    typed(one)
    there = billed(one)
    typed(one)
    one.do(f"/model {before}")
    typed(one)
    assert told == pytest.approx(there - billed(one), rel=0.02)


def test_where_the_new_model_is_cheaper_cold_than_the_old_one_warm_there_is_nothing_to_tell() -> (
    None
):
    one, _ = player(model="claude-opus-5-5")
    one.do("/model claude-haiku-5-5")
    assert "the cache is lost" not in " ".join(one.said)
    typed(one)
    one.do("/model claude-opus-5-5")  # where it is warm still
    assert "the cache is lost" not in " ".join(one.said)


@pytest.mark.parametrize("way", ["c", "t"])
def test_what_is_told_is_what_is_billed(way: str) -> None:
    one, clock = player()
    clock.now += HOUR_S
    one.way = way
    typed(one)
    (question,) = one.asked
    told = prices(question)
    assert set(told) == {"c", "t", "s"}
    assert told["t"] < told["c"] < told["s"]
    assert billed(one) == pytest.approx(told[way], rel=0.02)


def test_a_summary_stands_for_the_past_and_the_message_goes_out() -> None:
    one, clock = player()
    clock.now += HOUR_S
    one.way, before = "s", one.session.books.meter.cost.usd
    typed(one)
    told = prices(one.asked[0])["s"]
    paid = one.session.books.meter.cost.usd - before
    assert one.session.conversation.state.summary is not None
    assert one.text
    assert paid == pytest.approx(told, rel=0.05)  # nobody knows how long a summary gets


def test_without_a_summary_nothing_is_sent() -> None:
    one, clock = player()
    clock.now += HOUR_S
    one.way, one.aside = "s", "demo: stop refusal"
    with pytest.raises(UnsentError):
        typed(one)
    assert one.session.conversation.state.summary is None


def test_a_no_brings_the_message_back() -> None:
    one, clock = player()
    clock.now += HOUR_S
    one.way = "N"
    sent = len(one.requests)
    with pytest.raises(UnsentError):
        typed(one)
    assert len(one.requests) == sent


def test_little_is_not_asked_about_and_0_asks_never() -> None:
    for bound in (0.0, 5.0):
        one, clock = player(cache_ask_usd=bound)
        clock.now += HOUR_S
        typed(one)
        assert one.asked == []


@pytest.mark.parametrize("line", ["/retry", "/continue"])
def test_a_retry_and_a_rest_are_asked_about_too(line: str) -> None:
    one, clock = player()
    clock.now += HOUR_S
    one.way = "c"
    one.do(line)
    (question,) = one.asked
    assert set(prices(question)) == {"c"}
    clock.now += HOUR_S
    one.way = "N"
    with pytest.raises(UnsentError, match=r"^Not sent\.$"):
        one.do(line)


def test_a_conversation_that_is_taken_up_is_known_to_be_cold_by_its_receipts() -> None:
    one, clock = player()
    one.session.begin_with(one.session.conversation, one.session.recorder)
    assert cold_line(one.session) == ""
    clock.now += HOUR_S
    one.way = "N"
    assert re.search(r"cold since \d\d:\d\d: the past costs about \$0\.\d+", cold_line(one.session))
    with pytest.raises(UnsentError):
        typed(one)
    clock.now += 2 * 86_400
    assert re.search(r"cold since \d{4}-\d\d-\d\d ", cold_line(one.session))


def test_a_pipe_is_told_that_the_past_is_in_another_models_cache_while_it_is() -> None:
    one, clock = player(model=HAIKU)
    one.session.begin_with(one.session.conversation, one.session.recorder)
    one.session.interactive = False
    for id_ in (HAIKU, f"{HAIKU}-20261001"):
        one.session.use(model=id_)
        assert cold_line(one.session) == ""
    one.session.use(model="claude-opus-5-5")
    said = r"claude-opus-5-5 reads the past anew, for about \$0\.\d+: it is in claude-haiku-5-5's"
    assert re.match(said, cold_line(one.session))
    one.session.use(cache_enabled=False)
    assert cold_line(one.session) == ""
    one.session.use(cache_enabled=True)
    one.session.equip(rates=lambda _model, _tokens: None)
    assert cold_line(one.session) == ""
    clock.now += HOUR_S
    assert "is in" not in cold_line(one.session)

    short, _ = player(turns=0)
    short.say(SHORT)
    short.session.use(model=HAIKU)
    assert cold_line(short.session) == ""


def test_going_back_to_a_model_that_still_has_the_past_is_no_loss() -> None:
    one, _ = player()
    one.session.use(model=HAIKU)
    one.say(SHORT)
    one.session.begin_with(one.session.conversation, one.session.recorder)
    one.session.use(model="claude-opus-5-5")
    assert cold_line(one.session) == ""
    one.session.use(model="claude-sonnet-5-5")
    assert f"{HAIKU}'s cache" in cold_line(one.session)


def test_without_a_price_nobody_is_asked() -> None:
    one, clock = player()
    one.session.equip(rates=lambda _model, _tokens: None)
    clock.now += HOUR_S
    typed(one)
    assert one.asked == []


def test_what_cannot_be_left_out_is_offered_as_it_is() -> None:
    one, clock = player(turns=1, cache_ask_usd=0.01)
    clock.now += HOUR_S
    one.way = "c"
    typed(one)
    assert set(prices(one.asked[0])) == {"c"}


def test_a_summary_of_unknown_price_is_said_to_be_of_unknown_price() -> None:
    one, clock = player(context_summary_model="claude-haiku-5-5")
    ours = one.session.edges.rates
    one.session.equip(rates=lambda model, n: None if "haiku" in model else ours(model, n))
    clock.now += HOUR_S
    one.way = "c"
    typed(one)
    assert "s: summarised price unknown" in one.asked[0]


def test_a_past_is_asked_about_also_while_nothing_can_be_counted_yet() -> None:
    one, clock = player()
    one.session.begin_with(one.session.conversation, one.session.recorder)
    one.session.equip(can_count=lambda: False)
    clock.now += HOUR_S
    one.way = "c"
    typed(one)
    assert len(one.asked) == 1


@pytest.mark.parametrize("way", ["c", "N"])
def test_a_side_question_of_a_cold_past_is_priced_and_asked_about_too(way: str) -> None:
    one, clock = player()
    clock.now += HOUR_S + 60
    one.way, sent = way, len(one.requests)
    if way == "N":
        with pytest.raises(UnsentError):
            one.do(f"/btw {SHORT}")
        assert len(one.requests) == sent
    else:
        paid = one.session.books.meter.cost.usd
        one.do(f"/btw {SHORT}")
        (turn,) = turns_beside(one.session.recorder.facts)
        assert turn.receipt is not None
        out = price(turn.receipt.model, Usage(output_tokens=turn.receipt.usage.output_tokens), 0)
        assert out is not None
        cost = one.session.books.meter.cost.usd - paid - out.usd
        assert prices(one.asked[-1])["c"] == pytest.approx(cost, rel=0.02)
    assert one.asked[-1].endswith("N: send nothing")


def test_a_side_question_to_another_model_is_told_to_read_anew_instead() -> None:
    one, clock = player()
    clock.now += HOUR_S + 60
    one.do(f"/btw -m haiku-5-5 {SHORT}")
    assert one.asked == []
    assert any("reads the whole conversation anew" in words for words in one.said)
