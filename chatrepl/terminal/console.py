"""What a terminal can show: the decisions about colour.

All that is decided here follows from arguments: the stream, the settings, the environment.
"""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Final, TextIO

from chatrepl.core.value import frozen
from chatrepl.terminal.theme import DARK, Theme

_LINKING_TERMS: Final = frozenset(
    {"xterm-kitty", "xterm-ghostty", "foot", "foot-extra", "alacritty", "contour"}
)
_LINKING_PROGRAMS: Final = frozenset({"iTerm.app", "WezTerm", "vscode", "ghostty", "rio"})
_LINKING_VTE: Final = 5000
_MOST_DIGITS: Final = 9


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


def takes_links(environ: Mapping[str, str]) -> bool:
    """Tell whether the terminal is known to take links (OSC 8); tmux takes them since 3.4."""
    program, version = environ.get("TERM_PROGRAM", ""), environ.get("TERM_PROGRAM_VERSION", "")
    term = environ.get("TERM", "")
    if "TMUX" in environ or term.startswith(("screen", "tmux")):
        number = re.match(r"(?:next-)?(\d{1,3})\.(\d{1,3})", version)
        return (
            program == "tmux" and number is not None and (int(number[1]), int(number[2])) >= (3, 4)
        )
    vte = environ.get("VTE_VERSION", "")
    return (
        term in _LINKING_TERMS
        or program in _LINKING_PROGRAMS
        or "WT_SESSION" in environ
        or (vte.isdecimal() and len(vte) < _MOST_DIGITS and int(vte) >= _LINKING_VTE)
    )


def is_terminal(stream: TextIO) -> bool:
    """Tell whether the stream is an open terminal."""
    return not stream.closed and stream.isatty()


def is_dumb(environ: Mapping[str, str]) -> bool:
    """Tell whether the terminal understands no escape sequences."""
    return environ.get("TERM", "").lower() in {"dumb", "unknown", ""}
