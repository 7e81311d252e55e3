"""A lone Esc among everything that keyboards send."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.terminal.keyboard import KeySplitter

KEYS = [
    b"a", "é".encode(), "👩".encode(), b"\r", b"\x03", b"\x7f",
    b"\x1b[A", b"\x1bOP", b"\x1b[3~", b"\x1b[1;5C",
    b"\x1b\r", b"\x1bx", b"\x1b[200~two\r\nlines \x1b[A \x1b\x1b[201~", b"\x1b[200~\x1b[201~",
]  # fmt: skip


@given(st.lists(st.sampled_from(KEYS)))
def test_everything_typed_is_kept_in_order_and_nothing_stops(keys: list[bytes]) -> None:
    splitter = KeySplitter()
    assert not splitter.feed(b"".join(keys))
    assert splitter.finish() == b"".join(keys)


@given(st.lists(st.sampled_from(KEYS)), st.lists(st.integers(0, 80)))
def test_pieces_of_any_size_are_the_same(keys: list[bytes], borders: list[int]) -> None:
    typed = b"".join(keys)
    splitter = KeySplitter()
    cuts = sorted({0, len(typed), *(min(border, len(typed)) for border in borders)})
    for start, end in pairwise(cuts):
        assert not splitter.feed(typed[start:end])
    assert splitter.finish() == typed


@given(st.lists(st.sampled_from(KEYS)))
def test_an_esc_alone_stops_and_is_not_kept(keys: list[bytes]) -> None:
    splitter = KeySplitter()
    assert not splitter.feed(b"".join(keys) + b"\x1b")
    assert splitter.waits
    assert splitter.end_of_sequence()
    assert splitter.finish() == b"".join(keys)


def test_two_esc_in_one_piece_stop_once_and_wait_for_the_second() -> None:
    splitter = KeySplitter()
    assert splitter.feed(b"\x1b\x1b")
    assert splitter.end_of_sequence()


def test_what_would_clear_the_screen_later_is_dropped_unless_it_is_pasted() -> None:
    splitter = KeySplitter()
    assert not splitter.feed(b"a\x0cb\x1b[200~c\x0c\x1b[201~\x0c")
    assert splitter.finish() == b"ab\x1b[200~c\x0c\x1b[201~"


def test_a_sequence_that_never_ends_is_kept() -> None:
    splitter = KeySplitter()
    assert not splitter.feed(b"\x1b[")
    assert not splitter.end_of_sequence()
    assert splitter.finish() == b"\x1b["


def test_a_paste_that_is_still_open_is_closed() -> None:
    splitter = KeySplitter()
    assert not splitter.feed(b"\x1b[200~half \x1b")
    assert not splitter.waits
    assert splitter.finish() == b"\x1b[200~half \x1b\x1b[201~"


@given(st.binary())
def test_any_bytes_are_taken(data: bytes) -> None:
    splitter = KeySplitter()
    splitter.feed(data)
    assert len(splitter.finish()) <= len(data) + 12
