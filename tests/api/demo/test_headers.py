import pytest

from chatrepl.api.demo.headers import check_headers, own_headers
from chatrepl.api.demo.wire import ApiFault

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


def test_every_answer_carries_the_headers_of_the_service() -> None:
    headers = own_headers("req_1", 1_780_000_000.0, 3)
    assert headers["request-id"] == "req_1"
    assert headers["anthropic-organization-id"]
    assert headers["anthropic-ratelimit-requests-remaining"] == "3997"
    for kind in ("requests", "tokens", "input-tokens", "output-tokens"):
        assert headers[f"anthropic-ratelimit-{kind}-reset"] == "2026-05-28T20:27:40Z"
