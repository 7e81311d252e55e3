"""The text inside a block."""

import time
from dataclasses import replace

import pytest
from rich.style import Style

from chatrepl.terminal.markdown.inline import Inline
from chatrepl.terminal.markdown.look import DARK

INLINE = Inline(DARK)


def plain(text: str) -> str:
    return "".join(part for part, _ in INLINE.runs(text, Style.null(), {}))


def style_in(text: str, part: str) -> Style:
    runs = INLINE.runs(text, Style.null(), {})
    return next(style for run, style in runs if part in run)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a **b** *c* ~~d~~ `e`", "a b c d e"),
        ("[a](https://b.example/c)", "a (https://b.example/c)"),
        ("[https://b.example](https://b.example/)", "https://b.example"),
        ("<https://a.example>", "https://a.example"),
        ("<a@b.example>", "a@b.example"),
        ("[](/x)", "/x"),
        ("![alt *x*](i.png)", "image: alt x (i.png)"),
        ("![](i.png)", "image: i.png"),
        ("a <b>b</b> <kbd>K</kbd>", "a b K"),
        ("x </kbd> <kbd>y", "x </kbd> <kbd>y"),
        ("*a <b>x* y</b>", "a <b>x y</b>"),
        ("a<br>b", "a\nb"),
        ("a  \nb\\\nc\nd", "a\nb\nc\nd"),
        ("H<sub>2</sub>O x<sup>n</sup> y<sup>@</sup>", "H₂O xⁿ y<sup>@</sup>"),
        ("a[^1] b[^x]", "a[1] b[x]"),
        ("&amp;&#27;&#x202e;", "&\ufffd<U+202E>"),
        ("$a_1 * b_1$ \\(x^2\\) $5 and $6", "$a_1 * b_1$ \\(x^2\\) $5 and $6"),
        ("\\*a\\* \\[b\\] \\(or so\\)", "*a* [b] (or so)"),
        ("[x](javascript:alert)", "[x](javascript:alert)"),
        ("<!-- a --> b", "<!-- a --> b"),
        ("a\tb", "a   b"),
    ],
)
def test_text_is_shown_without_its_marks_and_nothing_is_dropped(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_emphasis_has_a_style() -> None:
    assert style_in("**a** b", "a").bold
    assert style_in("***a***", "a").italic
    assert style_in("<b>a</b>", "a").bold
    assert not style_in("**a** b", "b").bold


def test_references_are_looked_up() -> None:
    known = {"D": {"href": "/u", "title": ""}}
    runs = INLINE.runs("[x][d] [d] [e]", Style.null(), known)
    assert "".join(part for part, _ in runs) == "x (/u) d (/u) [e]"


def test_a_text_full_of_marks_is_shown_as_it_is() -> None:
    for text in ("[a](" * 300, "*a **b " * 300):
        assert plain(text) == text


LINKING = Inline(replace(DARK, links=True))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see [a **b**](https://c.example/d)", "https://c.example/d"),
        ("<http://c.example>", "http://c.example"),
        ("<a@c.example>", "mailto:a@c.example"),
        ("![a](https://c.example/i.png)", "https://c.example/i.png"),
        ("[](https://c.example)", "https://c.example"),
        ("[a](HTTPS://c.example)", "HTTPS://c.example"),
    ],
)
def test_a_link_leads_where_its_shown_target_says(text: str, address: str) -> None:
    runs = LINKING.runs(text, Style.null(), {})
    leading = [run for run, style in runs if style.link]
    assert {style.link for _, style in runs if style.link} == {address}
    assert address.removeprefix("mailto:") in "".join(leading)
    assert [run for run, _ in runs] == [run for run, _ in INLINE.runs(text, Style.null(), {})]
    assert not any(style.link for _, style in INLINE.runs(text, Style.null(), {}))


@pytest.mark.parametrize(
    "text",
    [
        "[a](file:///etc/passwd)", "[a](ssh://b.example)", "[a](/here)", "[a](i.png)", "plain",
        "[a](vscode://x)", "[a](tel:1)", "[a](ftp://b.example)", "![a](data:image/png;base64,xx)",
        "[a](https:b)", f"[a](https://b.example/{'c' * 2100})", "<ssh://b.example>",
    ],
)  # fmt: skip
def test_nothing_but_the_web_and_mail_is_led_to(text: str) -> None:
    assert not any(style.link for _, style in LINKING.runs(text, Style.null(), {}))


@pytest.mark.parametrize(
    "part",
    [r"\(x ", r"\[x ", r"\begin{a} ", r"\begin{a", r"\end{a} ", "$x ", "$$x ", "$1_", r"\) ", "$$"],
)
def test_formulas_that_never_end_take_no_more_time_than_their_text_is_long(part: str) -> None:
    def seconds(size: int) -> float:
        begun = time.process_time()
        INLINE.runs(part * (size // len(part)), Style.null(), {})
        return time.process_time() - begun

    assert seconds(48_000) < 16 * seconds(6_000) + 0.5  # by the square: some seconds


@pytest.mark.parametrize(
    "text",
    [
        r"\(x^2\) \(y", r"\(x \(y^2\)", r"\[x_1\)\]", r"\begin{a}x_1\end{a}\begin{b}",
        r"\begin{a}\begin{b}x\end{b}\end{a}", r"\begin{align*}a_1\end{align*}",
    ],
)  # fmt: skip
def test_a_formula_that_ends_stays_as_it_is_among_those_that_do_not(text: str) -> None:
    assert any(style == DARK.math for _, style in INLINE.runs(text, Style.null(), {}))


def test_what_ends_a_formula_ends_none_of_another_text() -> None:
    links: dict[str, str] = {}
    for text, is_formula in ((r"\(x^2\)", True), (r"\(x^2 ", False), (r"\(x^3\)", True)):
        runs = INLINE.runs(text, Style.null(), links)
        assert any(style == DARK.math for _, style in runs) is is_formula
