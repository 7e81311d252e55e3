"""What a terminal can show: the decisions about colour.

All that is decided here follows from arguments: the stream, the settings, the environment.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import TextIO

from chatrepl.core.value import frozen
from chatrepl.terminal.theme import DARK, Theme


@frozen
class Appearance:
    """What the console looks like."""

    environ: Mapping[str, str]
    color: str = "auto"
    theme: Theme = field(default_factory=lambda: DARK)


def wants_color(stream: TextIO, appearance: Appearance) -> bool:
    """Decide about colour: the setting, then NO_COLOR, then FORCE_COLOR, then the stream."""
    if appearance.color in {"always", "never"}:
        return appearance.color == "always"
    if appearance.environ.get("NO_COLOR"):
        return False
    forced = appearance.environ.get("FORCE_COLOR", "")
    if forced not in {"", "0", "false"}:
        return True
    return is_terminal(stream) and not is_dumb(appearance.environ)


def color_system(stream: TextIO, appearance: Appearance) -> str | None:
    """Name rich's colour system; None writes no escape sequences at all.

    Where only colours are unwanted, bold and dim stay.
    """
    environ = appearance.environ
    if not wants_color(stream, appearance):
        styled = is_terminal(stream) and not is_dumb(environ) and appearance.color != "never"
        return "standard" if styled else None
    if environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"} or "WT_SESSION" in environ:
        return "truecolor"
    name = environ.get("TERM", "").lower()
    many = name.endswith("256color") or name in {"alacritty", "xterm-kitty", "xterm-ghostty"}
    return "256" if many else "standard"


def is_terminal(stream: TextIO) -> bool:
    """Tell whether the stream is an open terminal."""
    return not stream.closed and stream.isatty()


def is_dumb(environ: Mapping[str, str]) -> bool:
    """Tell whether the terminal understands no escape sequences."""
    return environ.get("TERM", "").lower() in {"dumb", "unknown", ""}
