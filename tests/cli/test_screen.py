import io

import pytest

from chatrepl.cli.screen import choose_look, console, live_view
from chatrepl.core.settings import Settings
from chatrepl.terminal.markdown.look import CONTRAST, DARK, EITHER, LIGHT, NONE, Look


def stream(encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding)


@pytest.mark.parametrize(
    ("theme", "dark", "look"),
    [
        ("auto", None, EITHER), ("auto", True, DARK), ("auto", False, LIGHT),
        ("dark", False, DARK), ("light", True, LIGHT),
    ],
)  # fmt: skip
def test_the_look_follows_the_setting_and_then_the_terminal(
    theme: str, dark: bool | None, look: Look
) -> None:
    assert choose_look(Settings(theme=theme, color="always"), {}, stream(), dark=dark) == look


def test_a_terminal_without_colour_gets_a_look_that_needs_none() -> None:
    environ = {"NO_COLOR": "1", "TERM": "xterm"}
    assert choose_look(Settings(), environ, stream()) == NONE
    assert choose_look(Settings(color="never"), {}, stream(), dark=False) == NONE
    assert choose_look(Settings(theme="contrast"), environ, stream()) == CONTRAST


def test_without_utf8_the_glyphs_are_plain() -> None:
    assert choose_look(Settings(), {}, stream("ascii")).glyphs != DARK.glyphs


def test_the_setting_decides_about_colour() -> None:
    assert console(Settings(color="never"), {}, stream()).no_color


@pytest.mark.parametrize("cite", [True, False])
def test_the_setting_decides_about_sources(cite: bool) -> None:
    settings, out = Settings(cite=cite), stream()
    assert live_view(settings, {}, console(settings, {}, out), DARK, out)._style.cite is cite


def test_what_is_no_terminal_is_never_repainted() -> None:
    settings, environ, out = Settings(render="raw"), {"TERM": "xterm"}, stream()
    style = live_view(settings, environ, console(settings, environ, out), DARK, out)._style
    assert style.raw
    assert not style.repaint


class Terminal(io.TextIOWrapper):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_links_are_shown_on_a_terminal_that_takes_them_and_not_to_those_who_listen() -> None:
    environ = {"TERM": "xterm-kitty"}
    out = Terminal(io.BytesIO(), "utf-8")
    assert choose_look(Settings(), environ, out).links
    assert not choose_look(Settings(), environ, stream()).links
    assert not choose_look(Settings(), {"TERM": "xterm"}, out).links
    assert not choose_look(Settings(accessible=True), environ, out).links
