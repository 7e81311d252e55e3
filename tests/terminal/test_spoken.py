"""Words for marks."""

import ast
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

import chatrepl
from chatrepl.terminal.spoken import ASCII_FOR, SpokenStream

ROOMS = ("attachments", "commands", "pages", "session", "shells", "tools", "turn")
NOT_SAID = {"clipboard.py", "titles.py"}  # other programs' words, and what a title loses


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("▣ a.md · text · ~2 tokens\n", "attached: a.md, text, ~2 tokens\n"),
        ("1.2k in · 345 out", "1.2k in, 345 out"),
        ("waiting … – a→b ›", "waiting ... - a->b >"),
        ("~34 ████ sent", "~34  sent"),
        ("as it is", "as it is"),
    ],
)
def test_a_stream_for_those_who_listen_takes_words_for_marks(text: str, spoken: str) -> None:
    file = io.StringIO()
    stream = SpokenStream(file)
    stream.write(text)
    assert file.getvalue() == spoken
    assert stream.getvalue == file.getvalue


def _words(room: str) -> Iterator[str]:
    """Give the texts in a room's code that are no docstrings."""
    home = Path(chatrepl.__file__).parent
    for file in (home / f"{room}.py", *(home / room).rglob("*.py")):
        if file.exists() and file.name not in NOT_SAID:
            nodes = list(ast.walk(ast.parse(file.read_text())))
            texts = {id(n.value) for n in nodes if isinstance(n, ast.Expr)}
            yield from (
                n.value
                for n in nodes
                if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in texts
            )


@pytest.mark.parametrize("room", ROOMS)
def test_each_mark_in_our_words_has_another_where_it_cannot_be_drawn(room: str) -> None:
    marks = {mark for text in _words(room) for mark in text if mark.isprintable()}
    assert {mark for mark in marks if not mark.translate(ASCII_FOR).isascii()} == set()
