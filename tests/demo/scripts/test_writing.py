import pytest

from chatrepl.demo.scripts.writing import HOSTILE, counted, long_text


@pytest.mark.parametrize("length", [1, 17, 1000, 20_000])
def test_a_long_text_has_the_length_that_was_asked_for(length: int) -> None:
    assert len(long_text(length)) == length
    assert long_text(20_000).startswith(long_text(length))


def test_the_numbers_are_counted_ten_a_line() -> None:
    assert counted(12) == "1 2 3 4 5 6 7 8 9 10\n11 12\n"
    assert counted(40).split() == [str(n) for n in range(1, 41)]


def test_the_hostile_text_is_hostile() -> None:
    for mark in ("\x1b", "\x07", "\x9b", "\u202e", "\U000e0041"):
        assert mark in HOSTILE
