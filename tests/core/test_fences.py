import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.errors import ReplyError
from chatrepl.core.fences import code_blocks, extract, line_states

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
