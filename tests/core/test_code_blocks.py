"""What is copied and extracted: whole blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.characters import is_unseen
from chatrepl.core.code_blocks import code_blocks, extract
from chatrepl.core.errors import ReplyError
from chatrepl.core.fences import MOST_LEVELS, FenceMark, fence_mark, nested

CODE = st.text(st.characters(exclude_characters="`~\r", codec="utf-8"), max_size=40).filter(
    lambda code: not is_unseen(code)
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
    assert [block.text for block in code_blocks(text)] == ["one\n", "two\n", "three\n"]


INNER = st.lists(
    st.sampled_from(
        ["", "words", "  more", "- item", "~~~", "```py\nx = 1\n```", "```yaml\na:\n```"]
    ),
    max_size=8,
).map(lambda lines: "\n".join(["words", *lines]))


@given(INNER, st.sampled_from(["md", "markdown", "Text", "{.md}", "html"]))
def test_a_block_holds_the_blocks_that_stand_in_it(inner: str, language: str) -> None:
    for fence in ("```", "````"):
        text = f"Here:\n\n{fence}{language}\n{inner}\n{fence}\n\nDone.\n"
        assert extract(text, language) == f"{inner}\n"
        assert len(code_blocks(text)) == 1


LINES = st.lists(st.sampled_from(["", "a", "  b", "\tc", "> d", "- e"]), max_size=6).map(
    lambda lines: ["begin", *lines]
)


@given(LINES, st.sampled_from([("> ", "> "), (" > ", " > "), ("- ", "  "), ("10. ", "    "),
    ("1. - ", "     "), ("> - ", ">   "), ("-\t", "\t"), ("- x\n\n      ", "      ")]))  # fmt: skip
def test_what_a_block_stands_in_is_not_copied(lines: list[str], lead: tuple[str, str]) -> None:
    first, rest = lead
    quoted = [f"{rest}{line}" for line in (*lines, "```", "")]
    text = "\n".join([f"{first}```py", *quoted, "after"])

    if first == "- x\n\n      ":  # four columns into the item: code by indent, as on the screen
        assert code_blocks(text) == ()
    else:
        assert extract(text, "py") == "".join(f"{line}\n" for line in lines)


def test_a_block_ends_with_its_quote() -> None:
    (block,) = code_blocks("> ```py\n> x\nafter\n```\n")[:1]

    assert (block.text, block.closed, block.sure) == ("x\n", True, True)


def test_a_block_in_a_list_may_stand_deep_and_one_behind_the_list_may_not() -> None:
    deep = "1. a\n\n   - b\n\n       ```sh\n       ls\n       ```\n"

    assert extract(deep, "bash") == "ls\n"
    assert code_blocks(f"{deep}\ntext\n\n    ```sh\n    ls\n    ```\n")[1:] == ()


@pytest.mark.parametrize(
    "text",
    [
        "```md\n# A\n\n```\nx\n```\n\nend\n```\n",
        "```md\n# A\n\n```\nx\n```\n\n```\ny\n```\n\nend\n```\n\nafter",
    ],
)
def test_bare_fences_in_markdown_go_by_the_blank_rows_around_them(text: str) -> None:
    assert extract(text, "md").endswith("\nend\n")


def test_a_markdown_block_may_be_followed_by_others() -> None:
    bare = "```md\n# A\n```\n\nThat is:\n\n```\nx\n```\n"
    named = "```md\n# A\n```\nThat is:\n```py\nx\n```\n"
    assert extract(bare, "") == extract(named, "") == "# A\n"
    assert extract(named, "py") == "x\n"


@pytest.mark.parametrize(
    "text",
    [
        "```md\n# A\nRun:\n```\nls\n```\nend\n```\n",  # two readings
        "```md\n# A\n```yaml\na: 1\n```\n",  # one fence is missing
        "```py\nx\n```bash\nls\n```\n",
        "```md\n# A\n```\nb\n" + "```\nx\n```\n" * 40,
    ],
)
def test_what_cannot_be_decided_is_refused(text: str) -> None:
    for language in ("", "md", "bash"):
        with pytest.raises(ReplyError, match="cannot be told") as caught:
            extract(text, language)
        assert caught.value.exit_code == 8
    before = "```rust\nfine\n```\n\n"
    assert extract(before + text, "rs") == extract(before + text, "") == "fine\n"


def test_a_language_is_looked_for_in_markdown_blocks_where_no_other_block_has_it() -> None:
    inner = "```yaml\na: 1\n```\n\n```md\n```sh\nls\n```\n```\n"
    text = f"````md\n{inner}````\n"
    assert extract(text, "yml") == "a: 1\n"
    assert extract(text, "sh") == "ls\n"
    assert extract(f"{text}\n```yaml\nb: 2\n```\n", "yaml") == "b: 2\n"
    assert code_blocks(f"```html\n{inner}```\n", "yaml") == ()
    deep = "".join(f"{'`' * size}md\n" for size in range(390, 2, -1))
    assert code_blocks(deep, "sh") == ()


def test_levels_have_a_bound() -> None:
    assert not code_blocks("```py\n" * 9_000)[0].sure
    levels: tuple[FenceMark, ...] = ()
    for _ in range(99):
        levels = nested(levels, fence_mark("```py"))
    assert len(levels) == MOST_LEVELS
