import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.attachments import safe_read


@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_a_foreign_name_is_one_short_visible_line(name: str) -> None:
    shown = safe_read.shown(name)
    assert len(shown) <= 60
    assert shown.isprintable()
    shown.encode()


@given(st.from_regex(r"[a-z0-9 ._-]{1,60}", fullmatch=True))
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    assert safe_read.shown(name) == name


def test_a_long_name_keeps_its_ending() -> None:
    assert safe_read.shown("a" * 200 + ".png").endswith(".png")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (84_300, "84 kB"),
        (1_250_000, "1.2 MB"),
        (31_900_000, "31 MB"),
        (2_000_000_000, "2.0 GB"),
    ],
)
def test_sizes_are_put_into_words(count: int, text: str) -> None:
    assert safe_read.size(count) == text
