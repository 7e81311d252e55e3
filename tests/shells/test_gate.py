"""The gate of many requests: what the service asks of one holds for all, by a steady clock."""

import time

import pytest

from chatrepl.core.limiter import Limiter
from chatrepl.shells.live import Gate


def gate() -> Gate:
    return Gate(Limiter(asked=8, width=8.0), lambda _words: None)


def waits(one: Gate) -> float:
    return one.limiter.wait(one.under_way, one.clock())


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after": "7"}, 7),
        (429, {"retry-after-ms": "2500"}, 2.5),
        (503, {"retry-after": "3"}, 3),
        (529, {"retry-after": "3"}, 3),
        (529, {}, 0),
        (429, {"retry-after": "soon"}, 0),
        (200, {"retry-after": "7"}, 0),
    ],
)
def test_a_wish_holds_as_soon_as_its_head_is_there(
    status: int, headers: dict[str, str], seconds: float
) -> None:
    one = gate()
    one.hear(status, headers)
    assert seconds - 0.5 < waits(one) <= seconds


@pytest.mark.parametrize("hours", [-24, -1, 1])
def test_a_clock_that_is_set_changes_no_wait(hours: float, monkeypatch: pytest.MonkeyPatch) -> None:
    one = gate()
    one.hear(429, {"retry-after": "30"})
    now = time.time() + hours * 3600
    monkeypatch.setattr(time, "time", lambda: now)
    assert 29 < waits(one) <= 30
