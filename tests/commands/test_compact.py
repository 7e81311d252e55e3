import re
from dataclasses import replace
from typing import Any

import pytest

from chatrepl.commands.compact import MOST_FAILURES, summary_words
from chatrepl.commands.context_policy import make_room, make_room_unasked, warn_when_full
from chatrepl.core.context.trim import Budget
from chatrepl.core.errors import UnsentError, UsageError
from chatrepl.core.exchange.view import is_sent
from chatrepl.core.outcome import Count, Notice
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import ImageBlock
from chatrepl.core.talk.message import Message
from chatrepl.session.cold import may_be_full
from tests.commands.trimmer import MODEL, Trimmer

LONG = "demo: say ok\n" + "otters swim " * 300
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAf"
    "FcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def chat(policy: str = "ask", budget: int = 3750, **more: Any) -> Trimmer:
    """A chat whose budget five long turns exceed."""
    settings = Settings(MODEL, context_policy=policy, context_budget_tokens=budget, **more)
    return Trimmer(settings)


def sent(made: Trimmer) -> list[int]:
    conversation = made.session.conversation
    return [n for n, turn in enumerate(conversation.path(), 1) if is_sent(turn, conversation)]


def total(made: Trimmer) -> int:
    return made.tokens()


def test_a_summary_is_asked_for_at_the_end_of_the_same_request() -> None:
    made = chat(budget=0)
    made.start_with("Be brief.")
    made.talk(LONG, LONG, "demo: think", "demo: say end")
    normal = made.session.request(made.session.compose("And?"))
    asked = made.request_aside(summary_words("the tin"))

    assert {**asked.params, "diagnostics": 0} == {**normal.params, "diagnostics": 0}
    assert asked.messages[:-1] == normal.messages[:-1]
    assert "the tin" in asked.messages[-1].text


def test_a_summary_reads_the_cache_and_stands_for_the_old_turns() -> None:
    made = chat(budget=0)
    made.talk(LONG, LONG, "demo: say two", "demo: say end")
    read = made.session.books.meter.usage.cache_read_input_tokens
    before = made.bytes()
    made.do("/compact")

    assert made.session.books.meter.usage.cache_read_input_tokens - read > 500
    assert sent(made) == [3, 4]
    assert b"<summary>" in made.bytes()
    made.say("demo: say on")
    assert set(made.statuses) == {200}
    made.do("/undo 2")
    assert made.bytes() == before


def test_a_summary_that_costs_more_than_it_may_is_asked_about() -> None:
    made = chat(budget=0)
    made.talk(*["demo: say one"] * 4)
    made.session.use(max_cost_usd=made.session.books.meter.cost.usd)
    made.agree = False
    made.do("/compact!")
    assert len(made.requests) == 4
    made.agree = True
    made.do("/compact!")
    assert len(made.requests) == 5
    assert made.session.conversation.state.summary is not None


def test_a_second_summary_covers_the_first() -> None:
    made = chat(budget=0)
    made.talk(*["demo: say one"] * 4)
    made.do("/compact!")
    made.talk(*["demo: say one"] * 2)
    made.do("/compact!")
    summary = made.session.conversation.state.summary

    assert summary is not None
    assert len(summary.covers) == 4
    assert made.bytes().count(b"Understood.") == 1


def test_there_must_be_something_to_summarise() -> None:
    made = chat()
    made.talk("demo: say one", "demo: say two")

    with pytest.raises(UsageError, match="nothing to summarise"):
        made.do("/compact")


@pytest.mark.parametrize(
    ("aside", "why"),
    [
        ("demo: error 400", "There is no summary."),
        ("demo: stop refusal", "refused"),
        ("demo: stop max_tokens; count to 30", "cut"),
        ("demo: stream torn after 2", "There is no summary."),
        ("demo: say \u200b", "wrote no summary"),
    ],
)
def test_a_summary_that_fails_changes_nothing_and_says_why(aside: str, why: str) -> None:
    made = chat(budget=0)
    made.talk(*["demo: say one"] * 3)
    before, made.aside = made.bytes(), aside
    made.do("/compact")

    if why != "wrote no summary":  # an invisible character is no blank to the engine
        assert why in made.heard
        assert "Nothing was changed" in made.heard
        assert made.bytes() == before


def test_the_model_for_summaries_may_be_another() -> None:
    made = chat(budget=0, context_summary_model="haiku-5-5", stop_sequences=("END",))
    request = made.request_aside(summary_words(""))

    assert request.model == "claude-haiku-5-5"
    assert "stop_sequences" not in request.params


@pytest.mark.parametrize("policy", ["drop", "relevant", "summary", "ask"])
def test_a_policy_makes_room_below_the_target_and_says_so(policy: str) -> None:
    made = chat(policy)
    made.talk(LONG, LONG, LONG)
    assert sent(made) == [1, 2, 3]
    budget = Budget.of(made.session.model, made.session.settings)
    said = len(made.said)
    for _ in range(3):
        made.send(LONG)

    assert made.session.conversation.path()[0].id not in {
        t.id for t in made.session.conversation.path() if is_sent(t, made.session.conversation)
    }
    assert total(made) <= budget.limit
    assert any("over its budget" in text for text in made.said[said:])
    assert set(made.statuses) == {200}


@pytest.mark.parametrize(
    ("policy", "budget", "said", "is_cut"),
    [
        ("drop", 3000, r"was over its budget \(.*\)\. \d turns? no longer sent \(1", True),
        ("relevant", 3000, r"was over its budget \(.*\)\. \d turns? no longer sent", True),
        ("ask", 3000, r"is over its budget \(.*\); all of it is sent\.$", False),
        ("summary", 3000, r"is over its budget \(.*\); all of it is sent\.$", False),
        ("ask", 6000, r"is near its budget: .*k/6k \d\d%\.$", False),
        ("drop", 6000, r"is near its budget", False),
        ("drop", 60_000, r"^$", False),
    ],
)
def test_a_pipe_does_what_the_policy_says_without_a_question(
    policy: str, budget: int, said: str, *, is_cut: bool
) -> None:
    made = chat("off")
    made.talk(*[LONG] * 5)
    made.session.use(context_policy=policy, context_budget_tokens=budget)
    message = made.session.compose("demo: say six")

    assert re.search(said, make_room_unasked(made.session, message))
    assert (sent(made) != [1, 2, 3, 4, 5]) == is_cut
    assert made.asked == []


@pytest.mark.parametrize(
    ("policy", "budget", "words", "expected"),
    [
        ("ask", 100_000, "", False),
        ("ask", 6_000, "", True),
        ("off", 6_000, "", False),
        ("drop", 100_000, "x" * 200_000, True),
    ],
)
def test_a_pipe_looks_for_room_only_where_it_may_be_scarce(
    policy: str, budget: int, words: str, *, expected: bool
) -> None:
    made = chat("off")
    made.talk(*[LONG] * 5)
    made.session.interactive = False
    made.session.use(context_policy=policy, context_budget_tokens=budget)

    assert may_be_full(made.session, Message.user(words or "hi")) is expected
    picture = ImageBlock({"type": "base64", "media_type": "image/png", "data": "A" * 200_000})
    assert may_be_full(made.session, Message("user", (picture,))) is (expected and not words)


def test_what_bears_on_the_question_gives_way_where_that_alone_is_not_enough() -> None:
    made = chat("relevant", 3000)
    made.talk(LONG, "demo: say tins", LONG)
    made.session.use(context_budget_tokens=1700)
    made.send("demo: say tins")

    assert total(made) <= 1700


def test_room_is_made_only_after_a_yes_where_the_policy_asks() -> None:
    made = chat("ask")
    made.agree = False
    made.talk(*[LONG] * 6)

    assert sent(made) == [1, 2, 3, 4, 5, 6]
    assert "over its budget" in made.said[-2]
    assert "Y: leave out turns 1-" in made.asked[-1]
    made.way = "n"
    with pytest.raises(UnsentError, match="your message is in the prompt"):
        made.send(LONG)


def test_the_policy_off_neither_cuts_nor_warns() -> None:
    made = chat("off")
    made.talk(*[LONG] * 6)

    assert sent(made) == [1, 2, 3, 4, 5, 6]
    assert not made.said
    assert warn_when_full(made.session, 0) is None


def test_automatic_summaries_stop_after_three_failures_and_say_so() -> None:
    made = chat("summary")
    made.agree = False
    made.aside = "demo: stop refusal"
    made.talk(*[LONG] * 4)
    for failures in range(1, MOST_FAILURES + 1):
        made.session.books = replace(made.session.books, summary_failures=failures - 1)
        made.send(LONG)
        assert ("none is tried again" in "\n".join(made.said[-3:])) == (failures == MOST_FAILURES)
    asked = len(made.requests)
    made.send(LONG)

    assert len(made.requests) == asked + 1
    assert sent(made)[:1] == [1]


def test_a_failed_automatic_summary_offers_to_leave_turns_out() -> None:
    made = chat("summary")
    made.aside = "demo: error 500"
    made.talk(*[LONG] * 6)

    assert 1 not in sent(made)
    assert made.session.conversation.state.summary is None


@pytest.mark.parametrize("policy", ["drop", "relevant"])
def test_where_only_pinned_turns_are_left_the_budget_is_exceeded_with_a_word(policy: str) -> None:
    made = chat(policy, 3000)
    made.talk(*[LONG] * 3)
    made.do("/pin all")
    made.talk(*[LONG] * 3)
    made.do("/pin all")
    made.send(LONG)

    assert "takes pins off" in made.heard


def test_images_count_against_their_own_limit() -> None:
    made = chat("drop", budget=0)
    made.session.use(model="claude-haiku-4-5")
    image = ImageBlock.base64("image/png", PIXEL)
    made.talk("demo: say one", "demo: say two")
    made.session.add_turn(made.session.conversation.head, Message.user("all", *[image] * 60))
    made.session.add_turn(made.session.conversation.head, Message.user("more", *[image] * 30))
    staged = Message.user("demo: say on", *[image] * 30)
    made.act(make_room(made.session, staged))

    assert "120 images of 100" in made.heard
    assert sent(made) == [4]


def test_the_service_is_asked_only_where_the_estimate_is_too_near_to_tell() -> None:
    made = chat("drop", budget=100_000)
    made.talk("demo: say one", LONG)
    assert made.counts == 0

    for cannot, counts in ((False, 1), (True, 2), (True, 2)):
        made.cannot_count = cannot
        text = f"demo: say {counts} {cannot}\n" + "otters " * 280
        draft, session = made.session.compose(text), made.session
        total = session.ledger.next_total(session.conversation, session.model, draft).tokens
        session.use(context_budget_tokens=total + 50)
        made.send(text)
        assert made.counts == counts


def test_a_summary_that_is_not_enough_is_followed_by_the_offer_to_leave_turns_out() -> None:
    made = chat("summary")
    made.talk(*[LONG] * 3)
    made.session.use(context_budget_tokens=1900)
    made.send("demo: say on")

    assert made.session.conversation.state.summary is not None
    assert sent(made) == [3, 4]
    assert sum("over its budget" in text for text in made.said) == 3


def test_what_fails_aside_without_a_usage_costs_nothing() -> None:
    made = chat(budget=0)
    made.talk(*["demo: say one"] * 3)
    spent, made.aside = made.session.books.meter, "demo: error 400"
    made.do("/compact")

    assert made.session.books.meter == spent


def test_nothing_is_summarised_by_itself_where_there_is_nothing_old() -> None:
    made = chat("summary")
    made.talk(LONG, LONG)
    made.session.use(context_budget_tokens=1900)
    made.send("demo: say on")

    assert made.session.conversation.state.summary is None
    assert sent(made) == [2, 3]


def test_nothing_is_counted_while_that_would_make_the_user_wait() -> None:
    made = chat("drop", budget=100)
    made.session.equip(can_count=lambda: False)
    made.talk(LONG, LONG)

    assert sent(made) == [1, 2]
    assert warn_when_full(made.session, 0) is None


def test_a_question_that_is_edited_still_follows_what_it_followed() -> None:
    made = chat("drop")
    made.talk(LONG, LONG)
    made.do("/edit 2")
    base = made.session.conversation.undo()
    made.session.prepare(base=base)
    made.session.use(context_budget_tokens=500)
    made.act(make_room(made.session, made.session.compose(LONG)))

    assert made.session.next.base is base
    assert not made.said


def test_a_warning_comes_once_when_the_line_is_crossed() -> None:
    made = chat("ask", budget=2700)
    made.talk(LONG, LONG)
    now = made.tokens()
    assert now >= 2700 * 0.8

    said = warn_when_full(made.session, 100)
    assert isinstance(said, Notice)
    assert "near its budget" in said.text
    assert warn_when_full(made.session, now) is None
    made.session.use(context_budget_tokens=100_000)
    assert warn_when_full(made.session, 100) is None


def test_what_just_fits_the_budget_is_sent_without_a_word() -> None:
    made = chat(budget=0)
    made.talk("demo: say one")
    message = made.session.compose("demo: say two")
    limit = made.session.ledger.request(made.session.request(message), made.session.model).tokens
    made.session.use(context_budget_tokens=limit)
    asked = make_room(made.session, message)

    assert isinstance(asked, Count)
    assert asked.then(limit) is None
    assert asked.then(limit + 1) is not None
