from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.exchange.joining import Seam, resume_point, words


def _joined(partial: str, pieces: list[str]) -> str:
    seam = Seam(partial)
    return "".join([*(seam.feed(piece) for piece in pieces), seam.flush()])


@given(st.text(max_size=400), st.text(max_size=400), st.lists(st.integers(0, 400), max_size=8))
def test_what_comes_out_does_not_depend_on_the_pieces(
    partial: str, rest: str, cuts: list[int]
) -> None:
    edges = [0, *sorted(c for c in cuts if c < len(rest)), len(rest)]
    pieces = [rest[a:b] for a, b in pairwise(edges)]

    assert _joined(partial, pieces) == _joined(partial, [rest])


@pytest.mark.parametrize(
    ("rest", "joined"),
    [
        (" jumps over the dog.", " jumps over the dog."),
        ("quick brown fox jumps over.", " jumps over."),
        ("\n\nquick brown fox jumps over.", " jumps over."),
        ("fox", "fox"),
        ("", ""),
        ("x" * 500, "x" * 500),
    ],
    ids=["goes on", "says words again", "after blank lines", "too short to tell", "empty", "long"],
)
def test_the_end_is_not_said_twice(rest: str, joined: str) -> None:
    assert _joined("The quick brown fox", [rest]) == joined


def test_the_words_quote_the_end() -> None:
    asked = words('a "quoted" end')

    assert '"a \\"quoted\\" end"' in asked
    assert "Continue exactly where it stops" in asked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one paragraph", "one paragraph"),
        ("one\n\ntwo", "two"),
        ("one\n\n```py\na\n\nb", "```py\na\n\nb"),
        ("```py\na\n```\n\nafter", "after"),
        ("~~~\n```\n\nx", "~~~\n```\n\nx"),
        ("", ""),
        ("end\n\n", "end\n\n"),
    ],
)
def test_a_text_is_shown_again_from_its_last_block(text: str, shown: str) -> None:
    assert text[resume_point(text) :] == shown
