"""The list of what was spent, as people and programs read it."""

import time
from pathlib import Path

import pytest

from chatrepl.core.errors import UsageError
from chatrepl.core.spending import Spending
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.pages.usage_list import UsageQuestion, look_at, none_spent, usage_facts, usage_list
from chatrepl.storage.accounts import Accounts

NOW = time.mktime((2026, 11, 28, 9, 5, 0, 0, 0, -1))
MIDNIGHT = time.mktime((2026, 11, 28, 0, 0, 0, 0, 0, -1))
DAY_S = 86_400


def price(model: str, usage: Usage, _when: float) -> Cost | None:
    return None if model == "new" else Cost(usage.input_tokens / 1000, usage.input_tokens / 500)


def ledger(folder: Path) -> None:
    accounts = Accounts.of(folder)
    accounts.enter(Spending("a", NOW, "opus", Usage(1000, 20, cache_read_input_tokens=500), "t1"))
    accounts.enter(Spending("b", NOW, "new", Usage(300, 5)))
    accounts.enter(Spending("c", NOW - DAY_S, "opus", Usage(2000, 1), at_least=True))
    accounts.enter(Spending("d", NOW - 40 * DAY_S, "opus", Usage(4000, 1)))


@pytest.mark.parametrize(
    ("typed", "span", "by"),
    [
        ("", "month", "day"),
        ("today", "today", "day"),
        ("7d", "7d", "day"),
        ("model 30d", "30d", "model"),
        ("all by conversation", "all", "conversation"),
        ("ALL --by Model", "all", "model"),
    ],
)
def test_a_question_is_a_time_and_what_requests_have_in_common(
    typed: str, span: str, by: str
) -> None:
    asked = UsageQuestion.read(typed.split())
    assert (asked.span, asked.by) == (span, by)


@pytest.mark.parametrize("typed", ["week", "0d", "-3d", "d", "7", "7d hour"])
def test_what_is_no_question_is_refused_with_what_there_is(typed: str) -> None:
    with pytest.raises(UsageError, match="today, 7d, month, all"):
        UsageQuestion.read(typed.split())


@pytest.mark.parametrize(
    ("span", "since"),
    [
        ("all", 0.0),
        ("today", MIDNIGHT),
        ("1d", MIDNIGHT),
        ("7d", time.mktime((2026, 11, 22, 0, 0, 0, 0, 0, -1))),
        ("month", time.mktime((2026, 11, 1, 0, 0, 0, 0, 0, -1))),
    ],
)
def test_a_time_begins_at_midnight(span: str, since: float) -> None:
    assert UsageQuestion(span).since(NOW) == since
    assert UsageQuestion("99999d").since(NOW) < MIDNIGHT - 36_000 * DAY_S


def test_a_row_says_what_it_took_cost_and_saved_and_the_last_sums_up(tmp_path: Path) -> None:
    ledger(tmp_path)
    table = usage_list(look_at(tmp_path, UsageQuestion.read(["model"]), price, NOW))

    assert table.headings == ("model", "requests", "in", "cached", "out", "cost", "saved")
    assert table.rows == (
        ("new", "1", "300", "0", "5", "price unknown", "unknown"),
        ("opus", "2", "3.5k", "500", "≥ 21", "≥ $3.00", "$3.00"),
        ("all", "3", "3.8k", "500", "≥ 26", "≥ $3.00", "$3.00"),
    )
    assert "1 reply is cut" in table.footer
    assert "price of 1 reply is not known" in table.footer


def test_a_day_has_its_row_and_one_alone_needs_no_sum(tmp_path: Path) -> None:
    ledger(tmp_path)
    month = usage_list(look_at(tmp_path, UsageQuestion(), price, NOW))
    today = usage_list(look_at(tmp_path, UsageQuestion("today", "day"), price, NOW))

    assert [row[0] for row in month.rows] == ["2026-11-27", "2026-11-28", "all"]
    assert [row[:2] for row in today.rows] == [("2026-11-28", "2")]


def test_programs_get_the_counts_and_null_for_what_is_not_known(tmp_path: Path) -> None:
    ledger(tmp_path)
    facts = usage_facts(look_at(tmp_path, UsageQuestion("all", "conversation"), price, NOW))

    assert (facts["span"], facts["by"], facts["since"]) == ("all", "conversation", None)
    alone, talk = facts["rows"]
    assert (alone["conversation"], alone["requests"], alone["cut"]) == (None, 3, 1)
    assert (talk["conversation"], talk["usage"]["cache_read_input_tokens"]) == ("t1", 500)
    assert facts["total"]["cost_usd"] == pytest.approx(7.0)
    model = usage_facts(look_at(tmp_path, UsageQuestion("today", "model"), price, NOW))
    assert (model["rows"][0]["cost_usd"], model["rows"][0]["saved_usd"]) == (None, None)
    assert str(model["since"]).startswith("2026-11-28T00:00:00")


def test_filling_the_cache_is_no_saving(tmp_path: Path) -> None:
    Accounts.of(tmp_path).enter(Spending("a", NOW, "m", Usage(1), cost=Cost(2.0, 1.0)))
    (row,) = usage_list(look_at(tmp_path, UsageQuestion(), price, NOW)).rows
    assert row[-1] == "-$1.00"


@pytest.mark.parametrize("span", ["today", "3d", "month", "all"])
def test_an_empty_ledger_is_said_to_be_empty(tmp_path: Path, span: str) -> None:
    assert "Nothing was spent" in none_spent(UsageQuestion(span))
    assert usage_list(look_at(None, UsageQuestion(span), price, NOW)).rows == ()


def test_what_only_kept_the_cache_warm_is_counted_and_told_apart(tmp_path: Path) -> None:
    for number in range(3):
        spending = Spending(f"{number}", NOW, "m", Usage(1), cost=Cost(0.5, 0.0), warm=number > 0)
        Accounts.of(tmp_path).enter(spending)
    spent = look_at(tmp_path, UsageQuestion(), price, NOW)
    table, total = usage_list(spent), usage_facts(spent)["total"]
    assert table.rows[0][1] == "3"
    assert table.footer == "2 requests only kept the cache warm, for $1.00."
    assert (total["requests"], total["kept_warm"], total["kept_warm_usd"]) == (3, 2, 1.0)
