"""The looks."""

from dataclasses import fields

import pytest
from rich.style import Style

from chatrepl.terminal.markdown.look import LOOKS
from tests.terminal.test_theme import XTERM, contrast


def styles(name: str) -> list[Style]:
    look = LOOKS[name]
    single = [getattr(look, field.name) for field in fields(look)]
    return [style for style in [*single, *look.headings, *look.alerts] if isinstance(style, Style)]


def test_there_is_a_look_for_every_theme() -> None:
    assert set(LOOKS) == {"dark", "light", "either", "none", "contrast"}


@pytest.mark.parametrize(
    ("name", "background"),
    [("dark", "000000"), ("light", "ffffff"), ("either", "000000"), ("either", "ffffff")],
)
def test_every_colour_can_be_read_on_its_background(name: str, background: str) -> None:
    for style in styles(name):
        if style.color:
            color = style.color.name.lstrip("#")
            assert contrast(XTERM.get(color, color), background) > 3.4, style


def test_the_looks_without_colour_have_none() -> None:
    assert all(style.color is None for name in ("none", "contrast") for style in styles(name))
    assert not LOOKS["none"].code_theme


def test_the_look_of_high_contrast_has_nothing_dim() -> None:
    assert not any(style.dim for style in styles("contrast"))


def test_nothing_has_a_background() -> None:
    assert all(style.bgcolor is None for name in LOOKS for style in styles(name))
