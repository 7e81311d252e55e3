import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.keep_warm import Absences, Kept, Reread, due
from chatrepl.core.spending import Spending

SECONDS = st.floats(1, 1e6)


def at(when: float, chat: str, *, warm: bool = False) -> Spending:
    return Spending(f"{chat}{when}", when, "m", conversation=chat, warm=warm)


def test_absences_are_read_off_the_ledger_a_conversation_each() -> None:
    spendings = [
        at(100, "a"),
        at(160, "b"),
        at(400, "a"),
        at(900, "a", warm=True),
        at(1000, ""),
        at(1360, "b"),
        at(1360, "b"),
        at(1300, "b"),
        at(1400, "here"),
    ]
    absences = Absences.of(spendings, 2000, "here")
    assert absences.ended == (300.0, 1200.0)
    assert absences.lasting == (1600.0, 640.0)


def test_nobody_is_expected_more_surely_than_those_who_came_and_stayed_away_allow() -> None:
    often = Absences(ended=(4000.0,) * 100)
    never = Absences(lasting=(50_000.0,) * 100)
    unknown = Absences()
    chances = [one.chance(3540, 3600, 7140) for one in (often, unknown, never)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 0.95
    assert 0.05 < chances[1] < 0.15
    assert chances[2] < 0.01


@given(st.lists(SECONDS), st.lists(SECONDS), SECONDS, SECONDS, SECONDS)
def test_a_chance_is_one(
    ended: list[float], lasting: list[float], away: float, more: float, further: float
) -> None:
    absences = Absences(tuple(ended), tuple(lasting))
    assert 0 < absences.chance(away, away + more, away + more + further) < 1


def test_what_came_back_sooner_or_later_than_a_read_helps_counts_as_not_come() -> None:
    soon, late = Absences((3570.0,)), Absences((7200.0,))
    assert soon.chance(3540, 3600, 7140) == late.chance(3540, 3600, 7140)
    assert Absences((60.0,)).chance(3540, 3600, 7140) == Absences().chance(3540, 3600, 7140)


@pytest.mark.parametrize(
    ("usd", "saves", "chance", "pays"),
    [
        (0.01, 0.4, 0.1, True),
        (0.01, 0.4, 0.02, False),
        (0.01, 0.1, 0.09, False),
        (0.0001, 0.0099, 0.9, False),
        (0.0001, 0.01, 0.9, True),
    ],
)
def test_a_read_pays_where_more_is_expected_of_it_than_it_costs_and_more_than_a_cent_is_at_stake(
    usd: float, saves: float, chance: float, pays: bool
) -> None:
    assert Reread(usd, saves).pays(chance) is pays


def test_a_row_of_reads_saves_once_and_only_what_would_have_been_cold() -> None:
    again = Reread(0.01, 0.4)
    row = Kept().read(again, 3540, 1000, since=0, cold=3600)
    row = row.read(again, 7080, 1000, since=3540, cold=7140)
    assert (row.in_a_row, row.since, row.cold_at, row.usd) == (2, 0, 3600, 0.02)
    assert row.came(7200, 1000, last=7080).saved_usd == 0.4
    assert row.came(7200, 250, last=7080).saved_usd == 0.1
    assert row.came(7200, 2000, last=7080).saved_usd == 0.4
    assert row.came(3599, 1000, last=7080).saved_usd == 0
    assert row.came(7200, 1000, last=7100).saved_usd == 0
    back = row.came(7200, 1000, last=7080)
    assert back.came(9000, 1000, last=7080) == back
    assert Kept().came(9000, 1000, last=0) == Kept()
    assert Kept().read(again, 9, 0, since=0, cold=8).came(9, 5, last=9).saved_usd == 0


def test_what_it_came_to_is_said_in_one_line() -> None:
    assert Kept(2, 0.03, 0.21).words() == "Kept warm 2 times for $0.0300; saved $0.21."
    assert Kept(1, 0.25).words() == "Kept warm once for $0.25; saved nothing."
    assert Kept(5, 0.5, 0.75, 1).less(Kept(2, 0.25, 0.5)) == Kept(3, 0.25, 0.25)


def test_it_is_read_again_a_little_before_it_expires() -> None:
    assert (due(3600, "1h"), due(300, "5m"), due(300, "?")) == (3540, 270, 270)
