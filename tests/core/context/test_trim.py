import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.context.trim import (
    Amount,
    Budget,
    TrimPlan,
    Weighed,
    parse_amount,
    parse_range,
    plan,
    plan_amount,
    plan_drop,
    weigh,
)
from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.request import Ask, build_request
from chatrepl.core.models import TABLE, find
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import DocumentBlock, ImageBlock, TextBlock, ToolUseBlock
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.message import Message
from tests.core.histories import MODEL, MUTANTS, find_fault, our_plan, our_send, random_history


@given(st.integers(0, 2**32))
def test_no_cut_breaks_a_rule(seed: int) -> None:
    assert find_fault(random_history(random.Random(seed))) is None


def test_no_cut_of_many_breaks_a_rule() -> None:
    rng = random.Random(7)
    assert not [f for _ in range(700) if (f := find_fault(random_history(rng)))]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_cuts_as_they_are_often_made_are_caught(mutant: str) -> None:
    rng = random.Random(3)
    planner, sender = MUTANTS[mutant]
    caught = [find_fault(random_history(rng), planner, sender) for _ in range(60)]
    assert sum(fault is not None for fault in caught) > 6


def test_thinking_is_kept_where_nothing_is_cut() -> None:
    rng = random.Random(5)
    histories = [random_history(rng) for _ in range(50)]
    none = TrimPlan((), (), 0, 0, fits=True)
    sent = [message for h in histories for message in our_send(h.conversation, none)]
    assert sum(message.has_thinking for message in sent) > 50


def test_undo_restores_the_very_bytes_of_the_request() -> None:
    rng = random.Random(9)
    for _ in range(50):
        history = random_history(rng)
        talk = history.conversation
        made = our_plan(talk, history.weighed(), history.budget)
        before = build_request(talk, Settings(), MODEL, Message.user("x"), Ask()).encode()
        cut = talk.with_marks(dict.fromkeys(made.dropped, "dropped"))
        system = build_request(cut, Settings(), MODEL, Message.user("x"), Ask()).params
        assert system.get("system") == "Be brief."
        if made.dropped:
            undone = build_request(cut.undo(), Settings(), MODEL, Message.user("x"), Ask())
            assert undone.encode() == before


def turns(*tokens: int) -> tuple[Weighed, ...]:
    return tuple(Weighed(TurnId(str(i + 1)), n) for i, n in enumerate(tokens))


def test_nothing_is_cut_up_to_the_limit() -> None:
    assert not plan(turns(50, 50), Budget(100, 60)).dropped


def test_the_oldest_go_until_the_target_is_met() -> None:
    made = plan(turns(50, 50, 50), Budget(100, 60))
    assert made == TrimPlan(("1", "2"), ("3",), 150, 50, fits=True)  # type: ignore[arg-type]
    assert made.changes


def test_what_is_sent_besides_the_turns_counts() -> None:
    assert plan(turns(50, 50), Budget(100, 60), base=10).before == 110


def test_a_plan_that_does_not_fit_says_so() -> None:
    made = plan(turns(50, 500), Budget(100, 60), pins={TurnId("1")})
    assert not made.fits
    assert made.after == 550


def test_nothing_is_cut_while_a_tool_call_waits() -> None:
    waiting = (*turns(500, 50), Weighed(TurnId("9"), 10, open=True))
    assert not plan(waiting, Budget(100, 60)).dropped
    assert not plan_drop(waiting, [TurnId("1")]).dropped


def test_a_cut_goes_so_deep_that_the_next_ones_are_rare() -> None:
    held: list[Weighed] = []
    cuts = 0
    for i in range(400):
        held.append(Weighed(TurnId(str(i)), 770))
        made = plan(held, Budget(30_000, 18_000))
        cuts += made.changes
        held = [turn for turn in held if turn.id in made.kept]
    assert cuts <= 30


def test_amounts_keep_the_newest_turns() -> None:
    four = turns(10, 20, 30, 40)
    assert plan_amount(four, Amount(turns=2), window=1000).kept == ("3", "4")
    assert plan_amount(four, Amount(tokens=75), window=1000).kept == ("3", "4")
    assert plan_amount(four, Amount(share=0.05), window=1000).kept == ("4",)
    assert plan_amount(four, Amount(turns=2), window=9, pins={TurnId("1")}).kept == ("1", "3", "4")
    assert plan_amount(four, Amount(turns=9), window=9).kept == ("1", "2", "3", "4")


def test_the_budget_is_the_setting_or_the_model_s_own() -> None:
    haiku, small = TABLE["claude-haiku-5-5"], find("claude-haiku-4-5")
    assert Budget.of(haiku, Settings()) == Budget(95_000, 57_000, 600)
    assert Budget.of(small, Settings()).images == 100
    assert Budget.of(small, Settings(context_budget_tokens=1000)).limit == 1000
    assert Budget.of(haiku, Settings()).warns(76_000, Settings())
    assert not Budget.of(haiku, Settings()).warns(75_999, Settings())


def test_only_what_is_sent_is_weighed() -> None:
    pdf, picture = DocumentBlock.base64_pdf("AAAA"), ImageBlock.url("https://example.org/a.png")
    call = Message("assistant", (ToolUseBlock("tool_use", "i", "look", {}),))
    asked = Message("user", (pdf, picture, TextBlock("see")))
    talk = Conversation().add(Turn(TurnId("1"), None, (asked,)))
    talk = talk.add(Turn(TurnId("2"), TurnId("1"), (asked, call)))
    found = weigh(talk.with_marks({TurnId("1"): "dropped"}), lambda _: 7)
    assert found == (Weighed(TurnId("2"), 7, 2, open=True),)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("20", Amount(turns=20)),
        ("20 turns", Amount(turns=20)),
        ("1 turn", Amount(turns=1)),
        ("30k", Amount(tokens=30_000)),
        ("1.5K", Amount(tokens=1500)),
        ("1,5k", Amount(tokens=1500)),
        ("1m", Amount(tokens=1_000_000)),
        ("30k tokens", Amount(tokens=30_000)),
        ("900 tokens", Amount(tokens=900)),
        (" 40% ", Amount(share=0.4)),
        ("12.5%", Amount(share=0.125)),
    ],
)
def test_amounts_are_read(text: str, amount: Amount) -> None:
    assert parse_amount(text) == amount


@pytest.mark.parametrize(
    "text", ["", "0", "-3", "1.5", "0%", "101%", "40% turns", "3k turns", "x", "0k", "k"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_amount(text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("3", (3,)),
        ("2-4", (2, 3, 4)),
        ("2 - 4", (2, 3, 4)),
        ("2..4", (2, 3, 4)),
        ("-3", (1, 2, 3)),
        ("6-", (6, 7)),
        ("last", (7,)),
        ("last 2", (6, 7)),
        ("last 20", (1, 2, 3, 4, 5, 6, 7)),
        ("first 2", (1, 2)),
        ("1,3 5-6", (1, 3, 5, 6)),
        ("1, last 2", (1, 6, 7)),
        ("all", (1, 2, 3, 4, 5, 6, 7)),
    ],
)
def test_ranges_are_read(text: str, numbers: tuple[int, ...]) -> None:
    assert parse_range(text, 7) == numbers


@pytest.mark.parametrize("text", ["", "0", "8", "4-2", "x", "-", "5-9", "2--3", "9" * 5_000])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_range(text, 7)


@given(st.text(max_size=12), st.integers(0, 30))
def test_ranges_stay_within_the_conversation(text: str, count: int) -> None:
    try:
        found = parse_range(text, count)
    except UsageError:
        return
    assert found == tuple(sorted(set(found)))
    assert 1 <= found[0] <= found[-1] <= count
