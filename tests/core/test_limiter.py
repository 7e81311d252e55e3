"""How many requests may be under way, by what the service says."""

import math
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.limiter import Limiter

NOW = 1_800_000_000.0


def said(kind: str, limit: object, left: object, reset_in: float | None = None) -> dict[str, str]:
    headers = {f"anthropic-ratelimit-{kind}-limit": str(limit)}
    headers[f"anthropic-ratelimit-{kind}-remaining"] = str(left)
    if reset_in is not None:
        reset = datetime.fromtimestamp(NOW + reset_in, UTC).isoformat().replace("+00:00", "Z")
        headers[f"anthropic-ratelimit-{kind}-reset"] = reset
    return headers


def open_(asked: int = 0) -> Limiter:
    """Give a limiter whose first request was answered."""
    return Limiter(asked).ended(100, 10)


def test_the_first_request_goes_alone() -> None:
    limiter = Limiter(8)
    assert limiter.wait(0, NOW) == 0
    assert limiter.wait(1, NOW) == math.inf
    assert limiter.ended().wait(7, NOW) == 0
    assert limiter.ended().wait(8, NOW) == math.inf


def test_a_service_that_says_nothing_gets_a_few_at_once() -> None:
    limiter = open_()
    for _ in range(100):
        limiter = limiter.ended(100, 10)
    assert limiter.allowed(NOW) == 4


def test_headers_let_it_grow() -> None:
    limiter = open_().heard(200, said("requests", 1000, 900, 60), NOW)
    assert limiter.allowed(NOW) == 4
    for _ in range(2000):
        limiter = limiter.ended(100, 10)
    assert limiter.allowed(NOW) == 32


@given(st.integers(1, 50), st.integers(0, 60), st.integers(0, 60), st.floats(0.1, 100))
def test_never_more_are_under_way_than_the_headers_leave(
    limit: int, left: int, asked: int, reset_in: float
) -> None:
    limiter = open_(asked).heard(200, said("requests", limit, left, reset_in), NOW)
    assert limiter.allowed(NOW) <= left
    assert limiter.allowed(NOW + reset_in + 1) <= limit
    wait = limiter.wait(left, NOW)
    assert wait > 0
    assert math.isinf(wait) or 0 < wait <= reset_in + 0.01


def test_what_is_used_up_is_waited_for_and_no_longer() -> None:
    limiter = open_(9).heard(200, said("requests", 5, 0, 30), NOW)
    assert limiter.wait(0, NOW) == pytest.approx(30)
    assert limiter.wait(0, NOW + 10) == pytest.approx(20)
    assert limiter.wait(0, NOW + 30.1) == 0
    assert limiter.wait(5, NOW + 30.1) == math.inf


def test_tokens_limit_it_by_what_a_request_needs() -> None:
    limiter = open_(9).heard(200, said("input-tokens", 1000, 350, 30), NOW)
    assert limiter.allowed(NOW) == 3
    limiter = open_(9).heard(200, said("output-tokens", 1000, 25, 30), NOW)
    assert limiter.allowed(NOW) == 2


def test_a_full_limit_has_room_for_one() -> None:
    assert open_(9).heard(200, said("input-tokens", 50, 50, 30), NOW).allowed(NOW) == 1
    assert open_(9).heard(200, said("input-tokens", 50, 49, 30), NOW).allowed(NOW) == 0


def test_what_a_request_needs_follows_the_last_ones() -> None:
    limiter = open_()
    for _ in range(50):
        limiter = limiter.ended(200, 0)
    assert limiter.need[0] == pytest.approx(200, rel=0.01)


def test_a_wish_to_stay_away_holds_for_all() -> None:
    limiter = open_(9).paused(20, NOW).paused(5, NOW)
    assert limiter.wait(0, NOW) == 20
    assert limiter.wait(0, NOW + 20) == 0


def test_a_jam_halves_what_is_tried_once_a_second_and_never_stops_it() -> None:
    limiter = open_(8).heard(429, {}, NOW).heard(429, {}, NOW + 0.5)
    assert limiter.allowed(NOW + 1) == 4
    for second in range(20):
        limiter = limiter.heard(429, {}, NOW + 10 + 2 * second)
    assert limiter.allowed(NOW + 60) == 1
    for _ in range(100):
        limiter = limiter.ended()
    assert limiter.allowed(NOW + 60) == 8


def test_a_wrong_clock_here_does_no_harm() -> None:
    date = {"date": format_datetime(datetime.fromtimestamp(NOW, UTC), usegmt=True)}
    headers = said("requests", 5, 0, 30) | date
    assert open_(9).heard(200, headers, NOW + 9000).wait(0, NOW + 9000) == pytest.approx(30)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        said("requests", "many", "few"),
        said("requests", "nan", "-1"),
        said("requests", "inf", "inf"),
    ],
)
def test_headers_that_say_nothing_change_nothing(headers: dict[str, str]) -> None:
    assert open_(9).heard(200, headers, NOW) == open_(9)


def test_half_of_the_headers_are_taken_for_the_whole() -> None:
    only_left = {"anthropic-ratelimit-requests-remaining": "2"}
    only_limit = {"anthropic-ratelimit-requests-limit": "3"}
    assert open_(9).heard(200, only_left, NOW).allowed(NOW) == 2
    assert open_(9).heard(200, only_limit, NOW).allowed(NOW) == 3


def test_a_service_that_does_not_say_when_is_asked_again_soon() -> None:
    headers = said("requests", 5, 0) | {"anthropic-ratelimit-requests-reset": "soon"}
    assert 0 < open_(9).heard(200, headers, NOW).wait(0, NOW) <= 10
