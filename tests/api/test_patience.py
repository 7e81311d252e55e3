from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.api.retry import retry_after, should_retry, span

NOW = 1_790_000_000.0


@given(st.text())
def test_nothing_in_the_header_makes_it_raise_or_go_back_in_time(text: str) -> None:
    wish = retry_after({"retry-after": text, "retry-after-ms": text, "date": text})
    assert wish is None or wish >= 0


@given(st.floats(0, 1e9))
def test_seconds_and_milliseconds_are_read(seconds: float) -> None:
    assert retry_after({"retry-after": str(seconds)}) == seconds
    assert retry_after({"retry-after-ms": str(seconds), "retry-after": "7"}) == seconds / 1000


@given(st.integers(0, 10**6))
def test_a_date_is_measured_against_the_date_of_the_answer(seconds: int) -> None:
    headers = {"retry-after": formatdate(NOW + seconds, usegmt=True), "date": formatdate(NOW)}
    assert retry_after(headers) == seconds


@pytest.mark.parametrize("text", ["", "soon", "nan", "-3", "Wed, 99 Foo", "1e", "٣ s"])
def test_what_makes_no_sense_counts_as_nothing_said(text: str) -> None:
    assert retry_after({"retry-after": text}) is None


def test_a_date_in_the_past_counts_as_nothing_said() -> None:
    assert retry_after({"retry-after": formatdate(1_000_000)}) is None


def test_the_word_of_the_service_on_retries_is_read() -> None:
    assert should_retry({"x-should-retry": "true"}) is True
    assert should_retry({"x-should-retry": " False"}) is False
    assert should_retry({"x-should-retry": "perhaps"}) is None
    assert should_retry({}) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"), (90, "90 s"), (121, "3 min"), (7200, "2 h"), (86_400, "24 h"),
        (200_000, "3 days"), (1e9, "more than a year"), (float("inf"), "more than a year"),
    ],
)  # fmt: skip
def test_a_time_is_said_in_its_largest_fitting_unit(seconds: float, words: str) -> None:
    assert span(seconds) == words
