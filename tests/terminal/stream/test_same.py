"""A stream and a whole text give the same screen, however the stream is cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.terminal.stream.emulator import erases_unseen
from tests.terminal.stream.harness import faults, streamed
from tests.terminal.stream.texts import FRAGMENTS, Writer, corpus, hard

WIDTHS = (100, 40, 200, 60, 12)


def test_the_corpus_is_large_enough() -> None:
    assert len(set(corpus())) >= 200


@pytest.mark.parametrize("part", range(6))
def test_every_document_of_the_corpus_streams_to_the_same_rows(part: int) -> None:
    for index, text in enumerate(corpus()[part::6]):
        writer = Writer(index)
        pieces = writer.pieces(text)
        assert not faults(text, pieces, WIDTHS[index % len(WIDTHS)], 8), text


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.sampled_from(FRAGMENTS), max_size=14),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=20),
    width=st.sampled_from([1, 2, 7, 40, 80, 100, 200, 500]),
    height=st.sampled_from([2, 5, 30]),
)
def test_any_cutting_of_any_text_gives_the_same_rows(
    lines: list[str], cuts: list[int], width: int, height: int
) -> None:
    text = "\n".join(lines)
    pieces: list[str] = []
    start = 0
    while start < len(text):
        size = cuts[len(pieces) % len(cuts)]
        pieces.append(text[start : start + size])
        start += size
    assert not faults(text, pieces, width, height)


@pytest.mark.parametrize("seed", range(3))
def test_a_long_reply_streams_to_the_same_rows(seed: int) -> None:
    text = Writer(seed).mixed(4_000)
    pieces = [text[start : start + 40] for start in range(0, len(text), 40)]
    assert not faults(text, pieces, 100, 30)


@pytest.mark.parametrize("name", hard(10))
def test_hard_texts_stream_to_the_same_rows(name: str) -> None:
    text = hard(5_000)[name]
    pieces = [text[start : start + 400] for start in range(0, len(text), 400)]
    assert not faults(text, pieces, 80, 20)


def test_nothing_is_erased_in_sight() -> None:
    text = Writer(7).mixed(3_000)
    output = streamed([text[start : start + 7] for start in range(0, len(text), 7)], 60, 12)
    assert "\x1b[J" in output
    assert erases_unseen(output)
