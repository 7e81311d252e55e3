"""Words for marks."""

import io

import pytest

from chatrepl.terminal.spoken import SpokenStream


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("▣ a.md · text · ~2 tokens\n", "attached: a.md, text, ~2 tokens\n"),
        ("1.2k in · 345 out", "1.2k in, 345 out"),
        ("waiting … – a→b ›", "waiting ... - a->b >"),
        ("as it is", "as it is"),
    ],
)
def test_a_stream_for_those_who_listen_takes_words_for_marks(text: str, spoken: str) -> None:
    file = io.StringIO()
    stream = SpokenStream(file)
    stream.write(text)
    assert file.getvalue() == spoken
    assert stream.getvalue == file.getvalue
