"""Colours of code, line by line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.token import Comment, Keyword, String, Token

from chatrepl.terminal.markdown.highlight import Highlighter, lexer_for, style_of, warm
from tests.terminal.stream.texts import Writer
from tests.terminal.test_theme import contrast


def kinds_of(language: str, code: str) -> list[list[tuple[str, object]]]:
    highlighter = Highlighter(language, "one-dark")
    return [
        [(part, kind) for kind, part in highlighter.kinds(line) if part]
        for line in code.split("\n")
    ]


@pytest.mark.parametrize(
    ("language", "code", "family"),
    [
        ("js", "/* a\n b\n c */ let x", Comment),
        ("c", "/* a\n b\n c */ int x;", Comment),
        ("go", "x := `a\n b\n c` + y", String),
        ("css", "/* a\n b\n c */ a{b:c}", Comment),
        ("html", "<!-- a\n b\n c --><p>", Comment),
        ("python", '"""a\n b\n c""" + x', String),
        ("rust", "/* a\n b\n c */ fn", Comment),
        ("lua", "--[[ a\n b\n c ]] x = 1", Comment),
    ],
)
def test_a_comment_or_string_goes_on_over_lines(language: str, code: str, family: object) -> None:
    first, second, third = kinds_of(language, code)
    assert first[-1][1] in family  # type: ignore[operator]
    assert all(kind in family for _, kind in second)  # type: ignore[operator]
    assert third[0][1] in family  # type: ignore[operator]
    assert third[-1][1] not in family  # type: ignore[operator]


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", 'def f():\n    """Say.\n\n    More.\n    """\n    return 1'),
        ("python", "x = '''a\nb'''\nreturn 1"),
        ("js", "s = `a\n${b} c`\nreturn 1"),
        ("go", "s := `a\nb`\nreturn 1"),
        ("c", "/* a\n b */\nreturn 1;"),
        ("html", "<!-- a\n b -->\n<return>"),
    ],
)
def test_a_mark_that_ends_a_row_and_a_string_begins_no_other(language: str, code: str) -> None:
    *_, last = kinds_of(language, code)
    assert not any(kind in family for _, kind in last for family in (String, Comment))  # type: ignore[operator]
    assert "return" in [part for part, _ in last]


def test_a_mark_within_a_comment_or_string_opens_nothing() -> None:
    for line in ("// see /* here", 'x = "/*";', "a /* b */ c"):
        assert kinds_of("js", f"{line}\nlet a")[1][0] == ("let", Keyword.Declaration)


def test_a_script_in_html_is_read_as_a_script() -> None:
    lines = kinds_of("html", "<script>\nlet a = 1;\n</script>\n<b>x</b>")
    assert lines[1][0] == ("let", Keyword.Declaration)
    assert ("b", Token.Name.Tag) in lines[3]


def test_a_here_document_ends_at_its_word() -> None:
    lines = kinds_of("bash", "cat <<EOF\nif $x\nEOF\nif x")
    assert lines[1][0][1] in String  # type: ignore[operator]
    assert lines[3][0] == ("if", Keyword)


@pytest.mark.parametrize(
    "language", ["python", "js", "rust", "bash", "go", "json", "sql", "html", ""]
)
def test_no_character_of_code_is_lost(language: str) -> None:
    for line in Writer(3).code(language).split("\n"):
        assert "".join(part for part, _ in Highlighter(language, "xcode").line(line)) == line


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.sampled_from("ab\"'`/*<>!-{}[]()#= \t河"), max_size=30),
    st.sampled_from(
        ["python", "js", "c", "yaml", "ruby", "php", "html", "markdown", "perl", "haskell", "make"]
    ),
)
def test_odd_code_loses_nothing_either(line: str, language: str) -> None:
    highlighter = Highlighter(language, "one-dark")
    for _ in range(2):
        assert "".join(part for part, _ in highlighter.line(line)) == line


def test_a_copy_goes_on_alone() -> None:
    highlighter = Highlighter("js", "one-dark")
    other = highlighter.copy()
    other.line("/* open")
    assert [part for _, part in highlighter.kinds("let")] == ["let", ""]


def test_an_unknown_language_and_no_theme_have_no_colour() -> None:
    assert lexer_for("nosuchlanguage") is None
    warm("nosuchlanguage")
    assert Highlighter("python", "").line("def f")[0][1].color is None


def test_kinds_that_a_theme_does_not_know_look_like_their_family() -> None:
    odd = Token.Punctuation.Something.New
    assert style_of(odd, "one-dark") == style_of(Token.Punctuation, "one-dark")


@pytest.mark.parametrize("language", ["python", "rust", "sql", "diff", "html"])
def test_code_can_be_read_where_nobody_knows_the_background(language: str) -> None:
    lines = (
        "def f(x: int): return 'a' # b",
        "+ SELECT 1",
        "- let x = 1; // c",
        '<a b="c">&amp;</a>',
    )
    highlighter = Highlighter(language, "either")
    colors = [style.color for line in lines for _, style in highlighter.line(line) if style.color]
    assert colors
    for color in colors:
        name = color.name.lstrip("#")
        assert min(contrast(name, "000000"), contrast(name, "ffffff")) > 4.3


@pytest.mark.parametrize("theme", ["one-dark", "xcode", "either"])
def test_a_difference_has_colours_in_every_theme(theme: str) -> None:
    rows = [
        Highlighter("diff", theme).line(line) for line in ("+new", "-old", "@@ -1 +1 @@", " same")
    ]
    added, gone, place, same = (row[0][1].color for row in rows)
    assert len({added, gone, place, same}) == 4
    assert None not in {added, gone, place}
