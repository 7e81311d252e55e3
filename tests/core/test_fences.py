"""The grammar of fences, and the names of languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from chatrepl.core.fences import (
    FenceMark,
    FenceWatch,
    closed,
    fence_mark,
    language_of,
    line_states,
    nested,
)

PLAIN = FenceMark("`", 4, "md")


def test_a_fence_is_closed_by_its_own_mark_only() -> None:
    mark = fence_mark("````py x")
    assert mark == ("`", 4, "py x")
    closers = ("````", "`````  ", "```", "~~~~", "```` x", "x")
    left = [nested((mark,), fence_mark(body)) for body in closers]
    assert [len(levels) for levels in left] == [0, 0, 1, 1, 2, 1]
    assert fence_mark("``` a`b") is None
    assert fence_mark("~~~ a`b") == ("~", 3, "a`b")


@pytest.mark.parametrize(
    ("body", "depth"),
    [("````js", 2), ("````` {.js}", 2), ("```js", 1), ("~~~~js", 1), ('````""")', 1), ("````", 0)],
)
def test_an_info_string_opens_a_level_and_a_bare_fence_ends_one(body: str, depth: int) -> None:
    assert len(nested((PLAIN,), fence_mark(body))) == depth


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("py", "python"), ("Python3", "python"), ("python3.12", "python"), ("{.python}", "python"),
        ("{#x .py .numberLines}", "python"), ("{python}", "python"), ('python title="x"', "python"),
        ("python:src/a.py", "python"), ("src/a.py", "python"), ("py{1,3}", "python"),
        ("py,linenos", "python"), ("lang-py", "python"), ("language-ts", "typescript"),
        ("zsh", "bash"), ("c++", "cpp"), ("C#", "csharp"), ("golang", "go"), ("ps1", "powershell"),
        ("objective-c", "objc"), ("vb.net", "vb"), ("", ""), (" ", ""), ("Nonesuch", "nonesuch"),
    ],
)  # fmt: skip
def test_a_language_has_one_name(info: str, language: str) -> None:
    assert language_of(info) == language


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("a\n```py\nx\n```\nb", ["", "fence", "code", "fence", ""]),
        ("~~~\n```\n~~~", ["fence", "code", "fence"]),
        ("````\n```\n`````", ["fence", "code", "fence"]),
        ("```md\n```py\n```\n```\nx", ["fence", "code", "code", "fence", ""]),
        ("```a`b\nx", ["", ""]),
        ("    ```\nx", ["", ""]),
        ("   ```\nx", ["fence", "code"]),
    ],
)
def test_lines_know_whether_they_are_code(text: str, states: list[str]) -> None:
    assert line_states(text) == states


ROWS = [
    "", "a", "  b", "    c", "\td", "# e", "***", "- a", "  - b", "10) ~~~", "- ```", " - - ```",
    "-     x", "-     ```", "-\ta", "> a", "> > a", ">", "> ```", ">   ```", "> - ```", "> 1. a",
    "> > ```", "   > b", "```", "```py", "```a`b", "  ```", "   ~~~", "    ```", "     ```x",
    "~~~", "~~~ x", "    ~~~", "      ```", "````", "1. ~~~", "\t```",
]  # fmt: skip


@given(st.lists(st.sampled_from(ROWS), max_size=7))
def test_what_follows_a_text_is_no_code_of_it(lines: list[str]) -> None:
    document = MarkdownIt().parse(f"{closed(chr(10).join(lines))}\n\n# After\n")

    assert [token.type for token in document[-3:]] == [
        "heading_open", "inline", "heading_close",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "end", "begin"),
    [
        ("a", "", ""),
        ("```py\nx", "\n```", "```py\n"),
        ("```py\nx\n", "```", "```py\n"),
        ("```\nx\n```", "", ""),
        ("a\n~~~~ x=1\n```", "\n~~~~", "~~~~ x=1\n"),
        ("> ```\n> x\n", "> ```", "> ```\n"),
        ("> ```\n> x\n\n", "", ""),
        ("> ```\nx", "", ""),
        ("1. a\n\n   ```\n   x", "\n   ```", "   ```\n"),
        ("1. ```\n   x\ny", "", ""),
        ("> - ```", "\n>   ```", ">   ```\n"),
        ("- a\nlazy\n  ```\nx", "", ""),
        ("- a\n# h\n  ```\nx", "\n  ```", "  ```\n"),
        ("-\n  ```", "\n  ```", "  ```\n"),
        ("-     a\nb\n  ```\nx", "\n  ```", "  ```\n"),
        ("a\n```b`", "", ""),
        ("    ```", "", ""),
    ],
)
def test_an_open_block_can_be_ended_and_begun_anew(text: str, end: str, begin: str) -> None:
    watch = FenceWatch()
    for letter in text:
        watch.feed(letter)

    assert (watch.closing(), watch.opening(), watch.inside) == (end, begin, bool(begin))
    assert closed(text) == text + end
