"""Formulas."""

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from chatrepl.terminal.markdown.inline import add_math

PARSER = add_math(MarkdownIt("commonmark"))


def formulas(text: str) -> list[str]:
    tokens: list[Token] = []
    PARSER.inline.parse(text, PARSER, {}, tokens)
    return [token.content for token in tokens if token.type == "math"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$x$ and $a_1 b_1$", ["$x$", "$a_1 b_1$"]),
        ("$$\na * b\n$$", ["$$\na * b\n$$"]),
        ("\\(x\\) \\[y_1 = 2\\]", ["\\(x\\)", "\\[y_1 = 2\\]"]),
        ("$5 and $6", []),
        ("costs $5, or US$ 6$", []),
        ("\\[not a link\\]", []),
        ("\\(1\\)", []),
        ("`$x$`", []),
        ("\\( f(x) \\)", ["\\( f(x) \\)"]),
        (
            "\\(n\\), \\(2n\\), \\( ABC \\), \\(x, y\\)",
            ["\\(n\\)", "\\(2n\\)", "\\( ABC \\)", "\\(x, y\\)"],
        ),
        ("\\(a\\_1\\) \\[*x*\\]", ["\\(a\\_1\\)", "\\[*x*\\]"]),
        ("\\(see below\\) \\(it's a test!\\) \\(maybe\\) \\(10-20\\) \\[x\\] \\(\\)", []),
        ("a \\begin{x} b_1 \\\\ c_1 \\end{x}", ["\\begin{x} b_1 \\\\ c_1 \\end{x}"]),
        ("$2^n$", ["$2^n$"]),
    ],
)
def test_formulas_are_told_from_prices_and_brackets(text: str, expected: list[str]) -> None:
    assert formulas(text) == expected
