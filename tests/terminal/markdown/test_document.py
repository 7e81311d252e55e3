"""A growing text gives the rows of the whole."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.style import Style

from chatrepl.terminal.markdown.document import Document, Markdown, render
from chatrepl.terminal.markdown.look import DARK, NONE
from chatrepl.terminal.markdown.plain_rows import PlainRows
from chatrepl.terminal.markdown.wrap import Row
from tests.terminal.markdown.rows import texts
from tests.terminal.stream.texts import FRAGMENTS, Writer


@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=12),
    st.integers(1, 30), st.integers(1, 120), st.sampled_from([29, 5, 1]),
)  # fmt: skip
def test_the_rows_depend_on_neither_pieces_nor_previews(
    lines: list[str], size: int, width: int, apart: int
) -> None:
    text = "\n".join(lines)
    document = Document(DARK)
    rows: list[Row] = []
    for number, start in enumerate(range(0, len(text), size)):
        rows += document.feed(text[start : start + size], width)
        if number % apart == 0:  # a preview is as long as the open block
            document.preview(width)
    assert rows + document.finish(width) == render(text, width)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000))
def test_what_is_final_is_a_beginning_of_the_whole(seed: int) -> None:
    text = Writer(seed).mixed(600)
    whole = render(text, 60)
    document = Document(DARK)
    rows: list[Row] = []
    for char in text:
        rows += document.feed(char, 60)
        assert rows == whole[: len(rows)]


def test_the_preview_is_what_the_end_would_be() -> None:
    document = Document(DARK)
    document.feed("Some *text* and\nmore of", 40)
    assert document.preview(40) == document.finish(40) == render("Some *text* and\nmore of", 40)


@given(st.integers(1, 900), st.sampled_from(["{}", "```\n{}", "- {}", "<p>{}", "    {}"]))
def test_the_preview_of_a_long_line_is_what_the_end_would_be(length: int, form: str) -> None:
    document = Document(DARK)
    rows = document.feed(form.format(("word " * 600)[:length].strip()), 40)
    assert rows + document.preview(40) == rows + document.finish(40)


@given(st.integers(2_000, 9_000), st.sampled_from([40, 97]), st.booleans())
def test_of_a_very_long_line_the_preview_shows_the_end(length: int, width: int, raw: bool) -> None:
    growing = PlainRows(Style(), whole=True) if raw else Document(DARK)
    growing.feed(("" if raw else "```py\n") + "abc " * (length // 4) + "x", width)
    (shown,) = texts(growing.preview(width))[-1:]
    (whole,) = texts(growing.finish(width))[-1:]
    assert whole.endswith(shown)
    assert (len(whole) - len(shown)) % width == 0
    assert 20 * width < len(shown) < 24 * width + 1_500


def test_a_lone_mark_is_not_shown_yet() -> None:
    document = Document(DARK)
    document.feed("a\n\n-", 40)
    assert texts(document.preview(40)) == []
    document.feed(" b", 40)
    assert texts(document.preview(40)) == ["", "• b"]


def test_emphasis_is_shown_before_its_end_came() -> None:
    document = Document(DARK)
    document.feed("some **bold", 40)
    assert texts(document.preview(40)) == ["some bold"]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12), st.integers(1, 120))
def test_rows_fit_their_window_and_end_in_no_blank(lines: list[str], width: int) -> None:
    text = "\n".join(lines)
    for row in texts(render(text, width)):
        word = row.lstrip("▎•☑☐─ [].0123456789").removesuffix(":")
        assert cell_len(row) <= width or " " not in word or word in text  # code stays as it is
        assert row == row.rstrip()
        assert not any(char < " " for char in row)


def test_a_console_prints_markdown() -> None:
    out = io.StringIO()
    Console(file=out, width=20).print(Markdown("# a\n\n- some longer text that wraps"))
    assert out.getvalue() == "a\n\n• some longer text\n  that wraps\n"


BARE = "```\nnpm i\n```"


@pytest.mark.parametrize(
    ("text", "code", "behind"),
    [
        (f"# T\n\n{BARE}\n\nmore\n```\n\nend", f"# T\n\n{BARE}\n\nmore", "end"),
        (f"a\n\n{BARE}\n\n```sh\nls\n```\n```\nend", f"a\n\n{BARE}\n\n```sh\nls\n```", "end"),
        ("a\n```\n\nend", "a", "end"),
        ("a\n```\nend", "a", "end"),
        ("a\n\n```\n\nend", "a", "end"),
        (f"a\n\n{BARE}\n```", f"a\n\n{BARE}", ""),
    ],
)
@pytest.mark.parametrize("lead", ["", "> "])
def test_a_bare_fence_below_a_blank_row_opens_a_level_of_a_markdown_text(
    text: str, code: str, behind: str, lead: str
) -> None:
    source = "\n".join(lead + line for line in f"```md\n{text}".split("\n"))
    bar = "▎ " if lead else ""
    shown = "\n".join([code, "", behind] if behind else [code]).split("\n")
    for parts in ([source], source.splitlines(keepends=True), list(source)):
        document = Document(NONE)
        rows = [row for part in parts for row in document.feed(part, 60)] + document.finish(60)
        lines = texts(rows)
        start = lines.index(f"{bar}{shown[0]}")
        assert lines[start:] == [f"{bar}{line}".rstrip() for line in shown]


def test_a_bare_fence_ends_a_block_of_any_other_language() -> None:
    assert "```" not in str(render("```py\na\n\n```\nb\n", 60, NONE))
