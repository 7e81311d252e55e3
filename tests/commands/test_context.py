import re
from dataclasses import replace

import pytest

from chatrepl.commands.context import BAR, MOST_ROWS
from chatrepl.core.context.trim import Budget
from chatrepl.core.outcome import Notice, Several, Table
from chatrepl.core.talk.message import Message
from chatrepl.terminal.columns import lay_out
from tests.commands.trimmer import Trimmer

LONG = "demo: say ok\n" + "otters swim " * 400


def shown(chat: Trimmer) -> Table:
    outcome = chat.do("/context")
    assert isinstance(outcome, Several)
    assert isinstance(outcome.outcomes[0], Table)
    return outcome.outcomes[0]


def states(chat: Trimmer) -> list[str]:
    return [row[3] for row in shown(chat).rows]


def test_an_empty_conversation_has_sums_and_no_table() -> None:
    chat = Trimmer()

    assert isinstance(chat.do("/context"), Notice)
    assert "nothing spent yet" in chat.heard
    assert "cache: none yet; it takes prompts from 512 tokens on" in chat.heard


def test_what_is_cached_is_told_of_the_request_that_the_next_one_goes_on_from() -> None:
    chat = Trimmer()
    chat.talk(LONG, "demo: say two", "demo: say three")
    chat.do("/drop! 1")
    chat.talk("demo: say four")
    chat.do("/undo 2")

    assert states(chat) == ["cached"] * 3
    chat.do("/redo")
    assert "cached" not in states(chat)


def test_each_turn_tells_whether_it_is_sent_dropped_pinned_cut_refused_or_cached() -> None:
    chat = Trimmer()
    chat.talk(LONG, "demo: say two", "demo: stop refusal", "demo: stop max_tokens; count to 30")
    assert states(chat) == ["cached", "cached", "refused", "cut"]

    chat.do("/pin 2")
    chat.do("/drop! 1")
    assert states(chat) == ["dropped", "pinned", "refused", "cut"]
    chat.do("/restore!")
    chat.talk("demo: say five")
    chat.do("/compact!")
    assert "summarised" in states(chat)
    assert "a summary stands for older turns" in chat.heard


def test_the_totals_tell_budget_window_price_and_savings() -> None:
    chat = Trimmer()
    chat.talk(LONG, "demo: say two", "demo: say three")
    chat.do("/context")
    total = chat.tokens()
    limit = Budget.of(chat.session.model, chat.session.settings).limit

    assert re.search(r"context ~?[\d.]+k/150k \d+% of the budget · window 1M", chat.heard)
    assert total < limit
    assert re.search(r"cache: [\d.]+k tokens kept, \d+ minutes left", chat.heard)
    assert re.search(r"next turn ~\$\S+ for its input while warm, ~\$\S+ cold", chat.heard)
    assert "saved by the cache" in chat.heard
    assert "3 replies" in chat.heard


def test_a_cold_cache_says_why_and_a_miss_is_told() -> None:
    chat = Trimmer()
    chat.talk(LONG)
    chat.do("/model haiku-5-5")
    chat.do("/context")
    assert "cache: none, the model changed" in chat.heard

    chat.talk("demo: say two")
    chat.do("/context")
    assert "The cache missed " in chat.heard


def test_a_cache_that_is_off_says_so() -> None:
    chat = Trimmer()
    chat.talk(LONG)
    chat.session.use(cache_enabled=False)
    chat.session.books = replace(chat.session.books, footprint=None)
    chat.do("/context")

    assert "cache.enabled is false" in chat.heard


def test_a_cache_that_is_merely_empty_gives_no_reason() -> None:
    chat = Trimmer()
    chat.talk(LONG)
    chat.session.books = replace(chat.session.books, footprint=None)
    chat.do("/context")

    assert "cache: none yet\n" in chat.heard


def test_no_price_of_the_demo_stands_without_its_name() -> None:
    chat = Trimmer()
    chat.session.edges = replace(chat.session.edges, guide="the demo's words")
    for _ in range(2):
        chat.talk(LONG)
        chat.do("/context")
    lines = [line for line in chat.heard.splitlines() if "$" in line]
    assert all(line.endswith(" (demo)") for line in lines)


def test_what_is_unknown_of_a_model_is_said_to_be_unknown() -> None:
    chat = Trimmer()
    chat.session.use(model="claude-next-9")
    chat.do("/context")

    assert "window unknown" in chat.heard
    assert "price of the next turn unknown" in chat.heard


def test_the_exact_count_is_the_services_and_is_believed_from_then_on() -> None:
    chat = Trimmer()
    chat.session.edges = replace(chat.session.edges, count=len)  # far too much
    chat.do("/user What is this?")
    chat.do("/context exact")

    assert chat.counts == 1
    assert re.match(r"\d+ tokens with a message of one letter, \d+/150k 0% of", chat.heard)
    counted = int(chat.heard.split()[0])
    message = Message.user("?")
    total = chat.session.ledger.next_total(chat.session.conversation, chat.session.model, message)
    assert total.tokens == counted


def test_only_the_newest_turns_are_listed_and_the_rest_is_counted() -> None:
    chat = Trimmer()
    for number in range(MOST_ROWS + 5):
        chat.session.add_turn(chat.session.conversation.head, Message.user(f"q{number}"))
    table = shown(chat)

    assert len(table.rows) == MOST_ROWS
    assert table.title == f"the newest {MOST_ROWS} of {MOST_ROWS + 5} turns"


@pytest.mark.parametrize("width", [40, 60, 120])
def test_the_picture_fits_narrow_terminals(width: int) -> None:
    chat = Trimmer()
    chat.talk(LONG, "demo: say two")
    chat.do("/drop! 1")
    table = shown(chat)
    lines = lay_out([list(row) for row in (table.headings, *table.rows)], width, right=table.right)

    assert all(len(line) <= width for line in lines)
    assert "█" * BAR in lines[1]
    assert "dropped" in lines[1]


def test_a_turn_without_weight_has_no_bar() -> None:
    chat = Trimmer()
    chat.session.equip(count=lambda _: 0)
    chat.session.add_turn(None, Message.user("x"))

    assert len(shown(chat).rows) == 1
