"""Where the embedded engine answers, nobody pays: all that is told of money says so."""

import re
from collections.abc import Callable
from contextlib import suppress

import pytest

from chatrepl.cli.farewell import farewell
from chatrepl.core.errors import UnsentError
from chatrepl.session.cold import cold_line
from tests.commands.playing import Player
from tests.commands.test_cold_send import HOUR_S, LONG, SHORT, Clock, player, typed

_MONEY = re.compile(r"\$\d")


def _does(*lines: str) -> Callable[[Player, Clock], None]:
    def do(one: Player, _clock: Clock) -> None:
        for line in lines:
            one.do(line)

    return do


def _cold(one: Player, clock: Clock) -> None:
    clock.now += HOUR_S
    one.way = "N"
    one.said.append(cold_line(one.session))
    with suppress(UnsentError):
        typed(one)


def _bounded(one: Player, _clock: Clock) -> None:
    one.session.use(max_cost_usd=0.0001)
    one.do("/compare -n 2")
    one.agree = False
    typed(one)


def _leaves(one: Player, _clock: Clock) -> None:
    one.said.append(farewell(one.session, demo=one.session.is_demo))


PLACES = {
    "cold": _cold,
    "bounded": _bounded,
    "farewell": _leaves,
    "context": _does("/context"),
    "drop": _does("/drop 1"),
    "cold drop": _does("/drop 2-3", "/restore 2-3"),
    "truncate": _does("/truncate 1"),
    "model": _does("/model haiku-5-5"),
    "beside": _does(f"/btw -m sonnet-5-5 {SHORT}"),
    "compare": _does("/compare -n 9"),
    "help": _does("/help ask How do I leave?"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("guide", ["", "a guide"])
def test_all_that_tells_of_money_tells_that_nobody_pays_it(place: str, guide: str) -> None:
    one, clock = player()
    one.session.equip(guide=guide)
    one.say(LONG)
    one.said.clear()
    PLACES[place](one, clock)
    told = [line for words in (*one.said, *one.asked) for line in words.splitlines()]
    priced = [line for line in told if _MONEY.search(line) and "per million" not in line]
    assert priced
    assert all(("(demo)" in line) is bool(guide) for line in priced), priced
