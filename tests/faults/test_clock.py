"""A clock that jumps: days back and forth between turns and within one, and after 2038."""

import json
from itertools import count

import pytest

from chatrepl.storage.read import load
from tests.faults.home import Home

DAYS = 86_400.0


@pytest.mark.parametrize("jump", [30 * DAYS, -30 * DAYS, 20 * 365 * DAYS], ids=str)
def test_k1_turns_stay_in_their_order_whatever_the_clock_says(home: Home, jump: float) -> None:
    for number, offset in zip(count(), (0.0, jump, -jump / 2), strict=False):
        home.desk.script(f"say answer {number}")
        more = ("-c",) if number else ("--save", "talk")
        done = home.run("-o", "json", *more, f"question {number}", clock=offset)
        assert done.code == 0, done
        assert 0 <= done.json["duration_ms"] < 60_000

    (path,) = home.path.rglob("conversations/*.jsonl")
    turns = load(path).conversation.path()
    assert [turn.user.text for turn in turns if turn.user] == [f"question {n}" for n in range(3)]
    assert len(home.desk.bodies[-1]["messages"]) == 5


def test_k1_a_wait_is_measured_by_no_calendar(home: Home) -> None:
    home.desk.script("error 429 x1 retry-after date 1", "stream stall after 3")
    env = {"CHATREPL_RETRIES": "1"}
    done = home.run("-o", "json", "--set", "timeout_s=1", "go", env=env, clock="wild")

    assert done.code == 4
    assert done.json["retries"] == 1
    assert done.json["text"]
    assert done.json["duration_ms"] >= 0
    assert json.loads(done.out)["error"]["type"] == "timeout_error"
