import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from chatrepl.core.errors import ReplyError
from chatrepl.core.fences import FenceWatch, closed, code_blocks, extract, line_states

CODE = st.text(st.characters(exclude_characters="`~\r", codec="utf-8"), max_size=40).filter(
    str.strip
)


@given(CODE, st.sampled_from(["```", "~~~~"]), st.sampled_from(["", "   "]))
def test_the_first_block_comes_out_as_it_was_written(code: str, fence: str, indent: str) -> None:
    body = f"{code}\n"
    written = "".join(f"{indent}{line}\n" for line in body.split("\n")[:-1])
    text = f"Look:\n\n{indent}{fence}Python\n{written}{indent}{fence}\n\n```\nother\n```\n"

    assert extract(text, "python") == body
    assert extract(text, "") == body


def test_a_language_is_looked_for_and_an_open_block_counts() -> None:
    text = "```\nplain\n```\n~~~sh title=x\nls\n"

    assert extract(text, "") == "plain\n"
    assert extract(text, "SH") == "ls\n"
    with pytest.raises(ReplyError) as caught:
        extract(text, "rust")
    assert caught.value.exit_code == 8


@pytest.mark.parametrize("text", ["```\n```", "```py\n\n \n```\nmore", "```\n"])
def test_an_empty_block_is_nothing_to_extract(text: str) -> None:
    with pytest.raises(ReplyError) as caught:
        extract(text, "")
    assert caught.value.exit_code == 8


def test_a_block_ends_where_its_lines_end_in_crlf() -> None:
    assert extract("```py\r\nx\r\n```\r\nmore\r\n", "py") == "x\r\n"


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("py", "python"), ("Python", "py"), ("sh", "bash"), ("bash", "shell"), ("js", "JavaScript"),
        ("ts", "typescript"), ("yml", "yaml"), ("c++", "cpp"), ("rb", "ruby"), ("rs", "rust"),
        ("md", "markdown"), ("py", "{.python}"), ("nonesuch", "Nonesuch\ttitle=x"),
    ],
)  # fmt: skip
def test_a_language_is_found_by_each_of_its_names(asked: str, written: str) -> None:
    assert extract(f"```jsx\nother\n```\n```{written}\ncode\n```\n", asked) == "code\n"


def test_languages_that_are_alike_are_not_the_same() -> None:
    text = "```c\none\n```\n```json\ntwo\n```\n```\nthree\n```\n"

    assert [code_blocks(text, name) for name in ("c++", "js", "py")] == [(), (), ()]
    assert code_blocks(text) == ("one\n", "two\n", "three\n")


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("a\n```py\nx\n```\nb", ["", "fence", "code", "fence", ""]),
        ("~~~\n```\n~~~", ["fence", "code", "fence"]),
        ("````\n```\n````x\n`````", ["fence", "code", "code", "fence"]),
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
