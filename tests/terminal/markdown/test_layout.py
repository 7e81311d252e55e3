"""Where rows stand, and where one is left free."""

import pytest

from chatrepl.terminal.markdown.document import render
from tests.terminal.markdown.rows import texts


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("# a\nb", ["a", "", "b"]),
        ("a\n- b\n- c\n\nd", ["a", "", "• b", "• c", "", "d"]),
        ("- a\n\n- b\n- c", ["• a", "", "• b", "• c"]),
        ("- a\n  - b\n\n    c\n- d", ["• a", "  • b", "", "    c", "• d"]),
        ("9. a\n10. b", ["9. a", "10. b"]),
        ("> a\n> # b\n>\n> c", ["▎ a", "▎", "▎ b", "▎", "▎ c"]),
        ("- - a\n  - b", ["• • a", "  • b"]),
        ("-\n- a", ["•", "• a"]),
        ("- a\n-\n- b\n-\n  c", ["• a", "•", "• b", "• c"]),
        ("- ```\n  a\n\n    b\n  ```", ["• a", "", "    b"]),
        ("a\n\n---\n\nb", ["a", "", "─" * 30, "", "b"]),
        ("[a]: /x 'T'\n[b]: /y\n\n[a]", ["[a] /x T", "[b] /y", "", "a (/x)"]),
        ("<div>\n<p>a</p>\n</div>", ["<div>", "<p>a</p>", "</div>"]),
        ("[^1]: a\n[^2]: b", ["[1] a", "[2] b"]),
        ("- [x] a\n- [ ] b", ["☑ a", "☐ b"]),
        ("```\n```", []),
        ("", []),
        ("> ```\n> a\n\nb", ["▎ a", "", "b"]),
        ("    code\n\n      more", ["code", "", "  more"]),
    ],
)
def test_free_rows_stand_where_they_belong(text: str, rows: list[str]) -> None:
    assert texts(render(text, 30)) == rows


def test_code_keeps_its_text_and_has_nothing_around_it() -> None:
    code = "def f():\n    return 1  # x\n\n\nx = '" + "y" * 50 + "'"
    rows = texts(render(f"```python\n{code}   \n\n```", 30))
    assert rows[:4] == code.split("\n")[:4]
    assert "".join(rows[4:]) == code.split("\n")[4]


def test_a_long_paragraph_wraps_as_if_it_were_one() -> None:
    words = " ".join(f"word{number}" for number in range(1_000))
    rows = texts(render(words, 50))
    assert " ".join(rows) == words
    assert all(len(row) > 40 for row in rows[:-1])


def test_a_footnote_is_indented_below_its_mark() -> None:
    assert texts(render("[^ab]: " + "word " * 8, 24)) == [
        "[ab] word word word word",
        "     word word word word",
    ]
