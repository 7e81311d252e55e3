"""How the terminal is to look, from the settings and what the terminal says of itself."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TextIO

from chatrepl.core.settings import Settings
from chatrepl.terminal.console import Appearance, is_dumb, takes_links, wants_color
from chatrepl.terminal.markdown.look import ASCII, LOOKS, WORDS, Look
from chatrepl.terminal.modes import speaks_utf8
from chatrepl.terminal.safe_console import SafeConsole, open_console
from chatrepl.terminal.theme import pick_theme
from chatrepl.terminal.views.live import LiveView
from chatrepl.terminal.views.parts import Style


def console(
    settings: Settings, environ: Mapping[str, str], out: TextIO, *, dark: bool | None = None
) -> SafeConsole:
    """Open the console that everything is said on."""
    return open_console(out, appearance(settings, environ, dark=dark))


def appearance(
    settings: Settings, environ: Mapping[str, str], *, dark: bool | None = None
) -> Appearance:
    """Give the colours of what is said, on a background that is dark, light or unknown."""
    return Appearance(environ, settings.color, pick_theme(settings.theme, dark=dark))


def choose_look(
    settings: Settings, environ: Mapping[str, str], out: TextIO, *, dark: bool | None = None
) -> Look:
    """Choose the look of replies."""
    background = {True: "dark", False: "light", None: "either"}[dark]
    chosen = LOOKS[background if settings.theme == "auto" else settings.theme]
    if chosen.code_theme and not wants_color(out, appearance(settings, environ)):
        chosen = LOOKS["none"]
    if settings.accessible:
        return replace(chosen, glyphs=WORDS)
    if out.isatty() and not is_dumb(environ) and takes_links(environ):
        chosen = replace(chosen, links=True)
    return chosen if speaks_utf8(out, environ) else replace(chosen, glyphs=ASCII)


def live_view(
    settings: Settings, environ: Mapping[str, str], on: SafeConsole, look: Look, out: TextIO
) -> LiveView:
    """Make the view of one reply that comes."""
    style = Style(
        look=look,
        raw=settings.render == "raw",
        repaint=not settings.accessible and not is_dumb(environ) and out.isatty(),
        utf8=speaks_utf8(out, environ),
        thinking=settings.show_thinking,
        cite=settings.cite,
        whole=settings.accessible,
    )
    return LiveView(on, style, time.monotonic)
