"""The set-up of prompt_toolkit."""

import pytest

from chatrepl.terminal.prompt.line_editor import prompt_style
from chatrepl.terminal.theme import THEMES


@pytest.mark.parametrize("name", THEMES)
def test_every_theme_makes_a_style(name: str) -> None:
    style = prompt_style(THEMES[name])
    bottom = style.get_attrs_for_style_str("class:bottom-toolbar")
    assert not bottom.reverse
    chosen = style.get_attrs_for_style_str("class:completion-menu.completion.current")
    assert chosen.reverse


def test_a_style_takes_its_tints_from_the_theme() -> None:
    attributes = prompt_style(THEMES["contrast"]).get_attrs_for_style_str("class:toolbar.error")
    assert attributes.bold
    assert attributes.reverse
