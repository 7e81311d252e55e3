"""The open end of a text in a preview."""

import pytest

from chatrepl.terminal.markdown.layout import close_open


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a **b", "a **b**"),
        ("a **b *c", "a **b *c***"),
        ("a *b **c", "a *b **c***"),
        ("a **b** c", "a **b** c"),
        ("a `b", "a `b`"),
        ("a `b *c` *d", "a `b *c` *d*"),
        ("a ``b ` c", "a ``b ` c``"),
        ("a **", "a "),
        ("a `", "a "),
        ("2 * 3", "2 * 3"),
        ("see [the docs](https://exa", "see the docs"),
        ("~~a", "~~a~~"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_what_is_open_is_closed(text: str, expected: str) -> None:
    assert close_open(text) == expected
