"""Foreign text that arrives in pieces."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.terminal.sanitize.text import Sanitizer, display, join_surrogates
from tests.terminal.sanitize.hostile import Sample, samples, texts


def sanitized(pieces: list[str]) -> str:
    sanitizer = Sanitizer()
    return "".join([sanitizer.feed(piece) for piece in pieces]) + sanitizer.flush()


@given(st.lists(texts))
def test_any_cutting_shows_what_the_whole_shows(pieces: list[str]) -> None:
    assert sanitized(pieces) == display("".join(pieces))


@given(texts)
def test_character_by_character_shows_what_the_whole_shows(text: str) -> None:
    assert sanitized(list(text)) == display(text)


@pytest.mark.parametrize(
    "sample", [s for s in samples() if len(s.text) < 6_000], ids=lambda sample: sample.name
)
def test_the_corpus_is_the_same_at_every_delta_border(sample: Sample) -> None:
    text = sample.text[:400]
    whole = display(text)
    assert sanitized(list(text)) == whole
    for border in range(len(text) + 1):
        assert sanitized([text[:border], text[border:]]) == whole


def test_letters_and_their_few_marks_are_never_held_back() -> None:
    sanitizer = Sanitizer()
    for piece in ("Hello", " e", "\u0301", "日", "\n", "❤"):
        assert sanitizer.feed(piece) == piece


def test_only_what_the_next_piece_decides_is_held_back() -> None:
    sanitizer = Sanitizer()
    assert [sanitizer.feed(piece) for piece in ("❤", "\ufe0f", "!")] == ["❤", "", "\ufe0f!"]
    assert [sanitizer.feed(piece) for piece in ("a\r", "\nb")] == ["a", "\nb"]
    assert sanitizer.feed("\x1b") == ""
    assert sanitizer.flush() == "^["
    assert sanitizer.flush() == ""


@given(texts, st.lists(st.integers(0, 50)))
def test_what_was_shown_is_never_taken_back(text: str, borders: list[int]) -> None:
    cuts = sorted({0, len(text), *(min(border, len(text)) for border in borders)})
    sanitizer = Sanitizer()
    shown = ""
    for start, end in pairwise(cuts):
        shown += sanitizer.feed(text[start:end])
        assert display(text).startswith(shown)


@pytest.mark.parametrize(
    "unit", ["\u2028", "\u200d", "\u0301", "\ufe0f\u2029", "\U000e0041", "\x9b"]
)
def test_no_text_is_looked_at_again_and_again(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []

    def counted(text: str) -> str:
        looked_at.append(len(text))
        return join_surrogates(text)

    monkeypatch.setattr("chatrepl.terminal.sanitize.text.join_surrogates", counted)
    sanitizer = Sanitizer()
    for _ in range(1_000):
        sanitizer.feed(unit)
    assert sum(looked_at) < 100 * len(unit)
    assert sanitizer.feed("x")
