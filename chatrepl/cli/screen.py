"""How the terminal is to look, from the settings and what the terminal says of itself."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TextIO

from chatrepl.core.settings import Settings
from chatrepl.terminal.console import Appearance, is_dumb
from chatrepl.terminal.markdown.look import ASCII, LOOKS, Look
from chatrepl.terminal.modes import speaks_utf8
from chatrepl.terminal.safe_console import Consoles, open_consoles
from chatrepl.terminal.theme import pick_theme
from chatrepl.terminal.views.parts import Style


def appearance(
    settings: Settings, environ: Mapping[str, str], *, dark: bool | None = None
) -> Appearance:
    """Decide about colours."""
    return Appearance(environ, settings.color, pick_theme(settings.theme, dark=dark))


def consoles(
    settings: Settings,
    environ: Mapping[str, str],
    out: TextIO,
    err: TextIO | None,
    *,
    dark: bool | None = None,
) -> Consoles:
    """Open the two consoles; without stderr, both are stdout's."""
    return open_consoles(out, err or out, appearance(settings, environ, dark=dark))


def choose_look(
    settings: Settings, environ: Mapping[str, str], out: TextIO, *, dark: bool | None = None
) -> Look:
    """Choose the look of replies."""
    background = "light" if dark is False else "dark"
    chosen = LOOKS[background if settings.theme == "auto" else settings.theme]
    return chosen if speaks_utf8(out, environ) else replace(chosen, glyphs=ASCII)


def view_style(
    settings: Settings, environ: Mapping[str, str], out: TextIO, *, look: Look | None = None
) -> Style:
    """Decide how replies are painted; `look` is one that was chosen already."""
    return Style(
        look=look or choose_look(settings, environ, out),
        raw=settings.render == "raw",
        repaint=not settings.accessible and not is_dumb(environ) and out.isatty(),
        utf8=speaks_utf8(out, environ),
        thinking=settings.show_thinking,
    )
