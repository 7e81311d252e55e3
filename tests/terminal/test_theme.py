"""The tints, as both libraries read them."""

import pytest
from prompt_toolkit.styles import Style as PromptStyle
from rich.style import Style as RichStyle

from chatrepl.terminal.theme import CONTRAST, DARK, LIGHT, NONE, THEMES, Tint, pick_theme


@pytest.mark.parametrize("name", THEMES)
def test_every_tint_is_understood_by_both_libraries(name: str) -> None:
    for tint in THEMES[name].values():
        RichStyle.parse(tint.for_rich())
        PromptStyle([("x", tint.for_prompt())])


def test_every_theme_has_the_same_names() -> None:
    assert {tuple(sorted(theme)) for theme in THEMES.values()} == {tuple(sorted(DARK))}


def test_the_themes_without_colour_have_none() -> None:
    assert not any(tint.color for theme in (NONE, CONTRAST) for tint in theme.values())
    assert not any(tint.dim for tint in CONTRAST.values())


def test_a_tint_is_written_in_each_librarys_words() -> None:
    assert Tint("bright_red", bold=True).for_rich() == "bold bright_red"
    assert Tint("bright_red", bold=True).for_prompt() == "bold fg:ansibrightred"
    assert Tint("#00658f").for_prompt() == "fg:#00658f"
    assert Tint().for_rich() == Tint().for_prompt() == ""


def test_auto_follows_the_background_and_is_dark_where_it_is_unknown() -> None:
    assert pick_theme("auto", dark=False) is LIGHT
    assert pick_theme("auto", dark=True) is DARK
    assert pick_theme("auto") is DARK
    assert pick_theme("contrast", dark=False) is CONTRAST
