"""The tints, as both libraries read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.styles import Style as PromptStyle
from rich.color import Color
from rich.style import Style as RichStyle

from chatrepl.terminal.theme import (
    CONTRAST,
    DARK,
    EITHER,
    LIGHT,
    NONE,
    THEMES,
    Theme,
    Tint,
    for_either,
    pick_theme,
)

# As xterm draws them.
XTERM = {
    "cyan": "00cdcd", "blue": "0000ee", "bright_blue": "5c5cff", "green": "00cd00",
    "yellow": "cdcd00", "red": "cd0000", "magenta": "cd00cd",
}  # fmt: skip


def contrast(color: str, other: str) -> float:
    """How well one colour can be read on the other, by the rule of WCAG."""

    def light(name: str) -> float:
        parts = [part / 255 for part in Color.parse(f"#{name}").triplet or ()]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    return max(light(color), light(other)) / min(light(color), light(other))


@pytest.mark.parametrize("theme", [*THEMES.values(), EITHER])
def test_every_tint_is_understood_by_both_libraries(theme: Theme) -> None:
    for tint in theme.values():
        RichStyle.parse(tint.for_rich())
        PromptStyle([("x", tint.for_prompt())])


def test_every_theme_has_the_same_names() -> None:
    themes = (*THEMES.values(), EITHER)
    assert {tuple(sorted(theme)) for theme in themes} == {tuple(sorted(DARK))}


@pytest.mark.parametrize(
    ("theme", "background"),
    [(DARK, "000000"), (LIGHT, "ffffff"), (EITHER, "000000"), (EITHER, "ffffff")],
)
def test_every_tint_can_be_read_on_its_background(theme: Theme, background: str) -> None:
    for name, tint in theme.items():
        if color := tint.color.lstrip("#"):
            assert contrast(XTERM.get(color, color), background) > 3.4, name


@given(st.from_regex("[0-9a-f]{6}", fullmatch=True))
def test_any_colour_becomes_one_that_can_be_read_on_black_and_on_white(color: str) -> None:
    assert contrast(for_either(color), "ffffff") > 4.3
    assert contrast(for_either(color), "000000") > 4.3


def test_the_themes_without_colour_have_none() -> None:
    assert not any(tint.color for theme in (NONE, CONTRAST) for tint in theme.values())
    assert not any(tint.dim for tint in CONTRAST.values())


def test_a_tint_is_written_in_each_librarys_words() -> None:
    assert Tint("bright_red", bold=True).for_rich() == "bold bright_red"
    assert Tint("bright_red", bold=True).for_prompt() == "bold fg:ansibrightred"
    assert Tint("#00658f").for_prompt() == "fg:#00658f"
    assert Tint().for_rich() == Tint().for_prompt() == ""


def test_auto_follows_the_background_and_can_be_read_where_it_is_unknown() -> None:
    assert pick_theme("auto", dark=False) is LIGHT
    assert pick_theme("auto", dark=True) is DARK
    assert pick_theme("auto") is EITHER
    assert pick_theme("contrast", dark=False) is CONTRAST
