from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.demo.headers import check_headers, http_date, own_headers
from chatrepl.demo.wire import ApiFault

VERSION = {"anthropic-version": "2026-10-21"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": "Basic abc"}, 401),
        ({"authorization": "Bearer my-bad-key"}, 401),
        ({"x-api-key": "forbidden"}, 403),
    ],
)
def test_a_key_is_asked_for(headers: dict[str, str], status: int) -> None:
    with pytest.raises(ApiFault) as caught:
        check_headers(headers | VERSION)
    assert caught.value.status == status


def test_both_ways_to_send_a_key_work_and_the_version_is_needed() -> None:
    check_headers({"authorization": "Bearer k", **VERSION})
    check_headers({"x-api-key": "k", **VERSION})
    with pytest.raises(ApiFault, match="anthropic-version"):
        check_headers({"x-api-key": "k"})


@given(st.integers(0, 4_000_000_000))
def test_dates_are_written_as_http_does(now: int) -> None:
    assert http_date(now) == formatdate(now, usegmt=True)


def test_every_answer_carries_the_headers_of_the_service() -> None:
    headers = own_headers("req_1", 1_780_000_000.0, 3)
    assert headers["request-id"] == "req_1"
    assert headers["anthropic-organization-id"]
    assert headers["anthropic-ratelimit-requests-remaining"] == "3997"
    for kind in ("requests", "tokens", "input-tokens", "output-tokens"):
        assert headers[f"anthropic-ratelimit-{kind}-reset"] == "2026-05-28T20:27:40Z"
