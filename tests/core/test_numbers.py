import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.numbers import LARGEST, MOST_DIGITS, place, whole


@given(st.integers(-LARGEST, LARGEST))
def test_whole_numbers_are_read(number: int) -> None:
    assert whole(str(number)) == whole(f" {number} ") == number


@given(st.integers(MOST_DIGITS + 1, 20_000), st.sampled_from(["", "-", "+"]))
def test_one_of_more_digits_is_none_and_costs_nothing(digits: int, sign: str) -> None:
    with pytest.raises(ValueError):
        whole(sign + "7" * digits)


@pytest.mark.parametrize("text", ["", "²", "½", "1_0", "1e3", "0x1", "1.0", "--1", "nan", "\0"])
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        whole(text)
    assert place(text, 9) is None


@given(st.text() | st.integers().map(str), st.integers(0, 50))
def test_a_place_is_one_of_those_there_are(text: str, count: int) -> None:
    number = place(text, count)
    assert number is None or 1 <= number <= count
    if text in {str(n) for n in range(1, count + 1)}:
        assert number == int(text)
