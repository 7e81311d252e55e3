"""Where rows stand, and where one is left free."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.terminal.markdown import layout
from chatrepl.terminal.markdown.document import render
from chatrepl.terminal.markdown.look import ASCII, CONTRAST, DARK, LIGHT, NONE, WORDS, Look
from chatrepl.terminal.markdown.wrap import Row, Run, wrap
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
        ("- ```py\n  a\n\n    b\n  ```", ["• a", "", "    b"]),
        ("a\n\n---\n\nb", ["a", "", "─" * 30, "", "b"]),
        ("[a]: /x 'T'\n[b]: /y\n\n[a]", ["[a] /x T", "[b] /y", "", "a (/x)"]),
        ("<div>\n<p>a</p>\n</div>", ["<div>", "<p>a</p>", "</div>"]),
        ("[^1]: a\n[^2]: b", ["[1] a", "[2] b"]),
        ("- [x] a\n- [ ] b", ["☑ a", "☐ b"]),
        ("```\n```", []),
        ("", []),
        ("> ```sh\n> a\n\nb", ["▎ a", "", "b"]),
        ("    code\n\n      more", ["── code", "code", "", "  more"]),
    ],
)
def test_free_rows_stand_where_they_belong(text: str, rows: list[str]) -> None:
    assert texts(render(text, 30)) == rows


def test_code_keeps_its_text_and_has_nothing_around_it() -> None:
    code = "def f():\n    return 1  # x\n\n\nx = '" + "y" * 50 + "'"
    assert texts(render(f"```python\n{code}   \n\n```", 30)) == code.split("\n")


@pytest.mark.parametrize(
    ("text", "look", "rows"),
    [
        ("```\nx\n\ny\n```\nz", DARK, ["── code", "x", "", "y", "", "z"]),
        ("a\n```odd-one x\nx", DARK, ["a", "", "── odd-one", "x"]),
        ("- ~~~text\n  x\n  ~~~", LIGHT, ["• ── text", "  x"]),
        ("```py\nx\n```", DARK, ["x"]),
        ("```py\nx\n```", NONE, ["── python", "x"]),
        ("```py\nx\n```", replace(CONTRAST, glyphs=ASCII), ["-- python", "x"]),
        ("```py\nx\n```", replace(DARK, glyphs=WORDS), ["code: python", "x"]),
        ("```\nx\n```", replace(DARK, glyphs=WORDS), ["code:", "x"]),
        ("```\n```", DARK, []),
        ("```a\u202eb\nx", DARK, ["── a<U+202E>b", "x"]),
        (f"```{'a' * 90}\nx", DARK, [f"── {'a' * 40}", "x"]),
    ],
)
def test_code_without_colours_has_a_word_above_it(text: str, look: Look, rows: list[str]) -> None:
    assert texts(render(text, 60, look)) == rows


def test_the_word_above_code_is_none_of_its_rows() -> None:
    label, code = render("```\nx\n```", 60)
    assert label[0].style == DARK.rule
    assert [part.text for part in code] == ["x"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("> [!NOTE]\n> a\n> b", ["▎ Note", "▎ a", "▎ b"]),
        ("> [!warning]\n>\n> a\n\nb", ["▎ Warning", "▎ a", "", "b"]),
        ("> [!Tip] a\n> b\n>\n> c", ["▎ Tip", "▎ a", "▎ b", "▎", "▎ c"]),
        ("- > [!info]- a", ["• ▎ Info", "  ▎ a"]),
        ("> [!CAUTION]\n> - a", ["▎ Caution", "▎ • a"]),
        ("> [!TIP]", ["▎ Tip"]),
        ("x\n> [!IMPORTANT]\nlazy", ["x", "", "▎ Important", "", "lazy"]),
        ("> a\n> [!NOTE]", ["▎ a", "▎ [!NOTE]"]),
        ("[!NOTE]\na", ["[!NOTE]", "a"]),
        ("> [!a b]", ["▎ [!a b]"]),
    ],
)
def test_an_alert_is_named(text: str, rows: list[str]) -> None:
    assert texts(render(text, 60)) == rows


def test_an_alert_has_its_colour() -> None:
    bar, name = render("> [!Caution]\n> a", 60)[0]
    assert bar.style == name.style == DARK.alert("caution")
    assert render("> [!other]\n> a", 60)[0][1].style == DARK.strong
    assert render("> a", 60)[0][0].style == DARK.bar


@pytest.mark.parametrize(
    "formula",
    [
        "$$\na * b\n- c_1 * d_2 \\\\\n# e\n$$",
        "\\[\n  x^*_1 + \\\n  = y^*_2\n\\]",
        "\\[ a_1 =\n+ b\\_2 \\]",
        "$$ \\{x\\\n> y \\} $$",
        "\\begin{align*}\na &= b_1 \\\\\n1. &= c_2 \\begin{x}\\end{x}\n\\end{align*}",
    ],
)
def test_a_formula_of_several_lines_stands_as_it_was_written(formula: str) -> None:
    lines = formula.split("\n")
    assert texts(render(f"So:\n{formula}\n\nand *b*", 60)) == ["So:", "", *lines, "", "and b"]
    assert texts(render(f"{formula}\nand *b*", 60)) == [*lines, "", "and b"]
    quoted = [f"▎ {line}" for line in lines]
    assert texts(render("> " + formula.replace("\n", "\n> "), 60)) == quoted
    assert {part.style for row in render(formula, 60) for part in row} == {DARK.math}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("so $$\na_1\n$$ is *b*", ["so $$", "a_1", "$$ is b"]),
        ("so $$\na_1\n$$\nis *b*", ["so $$", "a_1", "$$", "is b"]),
        ("$$ is *bash*", ["$$ is bash"]),
        ("\\[1] *a*", ["[1] a"]),
        ("$$a_1 * b_1$$ *c*", ["$$a_1 * b_1$$ c"]),
        ("$$\na\n\n*b*", ["$$", "a", "", "b"]),
        (
            "so \\begin{cases} a \\\\ b \\end{cases} *b*",
            ["so \\begin{cases} a \\\\ b \\end{cases} b"],
        ),
    ],
)
def test_a_formula_ends_where_it_ends(text: str, rows: list[str]) -> None:
    assert texts(render(text, 60)) == rows


LINE = st.lists(st.sampled_from(["word", "x" * 700, "河", "-", "", "a=1"]), min_size=1, max_size=9)


@given(LINE, st.sampled_from([1, 7, 40, 200]), st.sampled_from(["", "json", "bash"]))
def test_a_row_of_code_is_one_row_however_long_it_is(
    words: list[str], width: int, language: str
) -> None:
    line = f"begin {' '.join(words)} end"
    assert texts(render(f"~~~{language}\n{line}\n~~~", width))[-1] == line
    assert texts(render(f"> ~~~{language}\n> {line}", 200))[-1] == f"▎ {line}"
    assert texts(render(f"    {line}\n", width))[-1] == line
    assert texts(render(f"<pre>{line}", width)) == [f"<pre>{line}"]


@given(
    st.integers(60, 4_000),
    st.sampled_from(["x", "a=1", "é", "b://河c"]),
    st.sampled_from([2, 5, 40]),
)
def test_a_word_is_one_row_however_long_it_is(length: int, unit: str, width: int) -> None:
    word = unit * (length // len(unit))
    assert texts(render(f"see {word} there", width)) == ["see", word, "there"]
    assert texts(render(f"- {word}", 60)) == [f"• {word}"]


def test_a_row_without_end_is_ended_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_LONGEST", 3_000)
    for lead in ("", "~~~\n"):
        rows = texts(render(lead + "x" * 9_999, 40))
        assert "".join(rows).count("x") == 9_999
        assert 3_000 <= max(map(len, rows)) < 6_000


class Reading:
    """Counts the characters that wrapping looks at."""

    def __init__(self) -> None:
        self.count = 0

    def wrap(self, runs: list[Run], width: int, **options: bool) -> list[Row]:
        self.count += sum(len(text) for text, _ in runs)
        return wrap(runs, width, **options)


@pytest.mark.parametrize(
    "unit",
    [
        "\\",
        "x",
        "a*",
        "a`",
        "a_",
        "$a^",
        "[^a]",
        "*a **b",
        "&amp;",
        "<b>",
        "河",
        "é",
        "👩‍💻",
        "0.",
        "/*",
    ],
)
@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_no_text_is_looked_at_again_and_again(
    unit: str, blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Reading()
    monkeypatch.setattr(layout, "wrap", reading.wrap)
    text = (unit + blank) * (40_000 // len(unit + blank))
    render(text, 40)
    assert reading.count < 8 * len(text)


@given(
    st.integers(0, 4_000), st.sampled_from(["{}", "see {} there", "- a {}.", "> {} b", "(<{}>)"])
)
def test_an_address_is_never_torn(length: int, form: str) -> None:
    address = "https://a.example/" + "b?c=%20"[:length] * (length // 7)
    rows = texts(render(form.format(address), 40))
    assert sum(address in row for row in rows) == 1
    assert texts(render(f"[a]({address[:999]}) b", 40))[-2:] in (
        [f"({address[:999]})", "b"],
        [f"a ({address[:999]}) b"],
    )


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Roses are red,\nviolets are blue.", ["Roses are red,", "violets are blue."]),
        ("**A:** hi\n**B:** hello  \nso\\\nlong", ["A: hi", "B: hello", "so", "long"]),
        ("- a\n  b\nc\n\n  d\n- e", ["• a", "  b", "  c", "", "  d", "• e"]),
        ("> a\n> b\nc", ["▎ a", "▎ b", "▎ c"]),
        ("1. > a\n   > *b\n   > c*", ["1. ▎ a", "   ▎ b", "   ▎ c"]),
        ("a\nb\n===", ["a b"]),
        ("a `b\nc` d", ["a b c d"]),
        ("[^1]: a\n    b", ["[1] a", "    b"]),
        ("a | b\n---|---\nc<br>d | e", ["a │ b", "──┼──", "c │ e", "d │"]),
        ("a\n<br>\nb<br>\nc", ["a", "", "b", "c"]),
    ],
)
def test_an_end_of_a_line_is_one(text: str, rows: list[str]) -> None:
    assert texts(render(text, 30)) == rows


@given(st.lists(st.integers(1, 400), min_size=1, max_size=12), st.sampled_from(["", "- ", "> "]))
def test_long_lines_of_a_paragraph_end_where_they_end(lengths: list[int], mark: str) -> None:
    lines = [" ".join(f"w{number}" for number in range(length)) for length in lengths]
    rows = texts(render(mark + "\n".join(lines), 60))
    bare = [row.lstrip("•▎ ") for row in rows]
    assert " ".join(bare) == " ".join(lines)
    assert sum(f"{row} ".startswith("w0 ") for row in bare) == len(lines)


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
