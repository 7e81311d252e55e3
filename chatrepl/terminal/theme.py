"""The colours of everything around a reply: one tint for each thing that is said.

A theme is a mapping from a name to a `Tint`; the names are those of `DARK`. A new name goes into
DARK, and into the others where they differ. The same tints serve rich and prompt_toolkit, which
write styles differently. Colours come from the terminal's own sixteen wherever they can be read.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Final

from chatrepl.core.value import frozen


@frozen
class Tint:
    """A style: a colour (one of the sixteen names, or #rrggbb) and attributes."""

    color: str = ""
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False

    def for_rich(self) -> str:
        """Write the style as rich reads it."""
        return " ".join([*self._attributes(), *([self.color] if self.color else [])])

    def for_prompt(self) -> str:
        """Write the style as prompt_toolkit reads it."""
        color = self.color
        if color and not color.startswith("#"):
            color = "ansi" + color.replace("_", "")
        return " ".join([*self._attributes(), *([f"fg:{color}"] if color else [])])

    def _attributes(self) -> list[str]:
        names = ("bold", "dim", "italic", "underline", "reverse")
        return [name for name in names if getattr(self, name)]


Theme = Mapping[str, Tint]

_MIDDLE: Final = 0.18  # 4.6 : 1 against black, and against white
_FAINT: Final = 10  # where brightness still grows in a straight line

DARK: Theme = MappingProxyType({
    "mark": Tint("cyan", bold=True),
    "meta": Tint(dim=True),
    "hint": Tint(dim=True),
    "thinking": Tint(dim=True, italic=True),
    "heading": Tint(bold=True),
    "command": Tint("cyan"),
    "number": Tint("cyan"),
    "notice": Tint("bright_blue"),  # the other blue cannot be read on black
    "success": Tint("green"),
    "warning": Tint("yellow"),
    "error": Tint("red", bold=True),
    "dropped": Tint(dim=True),
    "pinned": Tint("magenta"),
    "toolbar": Tint(dim=True),
    "toolbar.strong": Tint(bold=True),
    "toolbar.warning": Tint("yellow"),
    "toolbar.error": Tint("red", bold=True),
    "suggestion": Tint(dim=True),
    "candidate": Tint(),
    "candidate.current": Tint(reverse=True),
    "candidate.meta": Tint(dim=True),
    "code": Tint("cyan"),
    "fence": Tint("magenta"),
    "search": Tint("cyan"),
})  # fmt: skip

# Yellow, cyan and green cannot be read on white.
LIGHT: Theme = MappingProxyType({
    **DARK,
    "mark": Tint("#00658f", bold=True),
    "command": Tint("#00658f"),
    "number": Tint("#00658f"),
    "notice": Tint("blue"),
    "success": Tint("#1a6b2a"),
    "warning": Tint("#8a5a00"),
    "toolbar.warning": Tint("#8a5a00"),
    "code": Tint("#00658f"),
    "search": Tint("#00658f"),
})  # fmt: skip

# As far from black as from white: these can be read where nobody knows the background.
INK, BLUE, GREEN = "#007fa1", "#2472e1", "#1b8836"
AMBER, RED, PURPLE = "#a16b00", "#d63d3d", "#b34bb3"
EITHER: Theme = MappingProxyType({
    **DARK,
    "mark": Tint(INK, bold=True),
    "command": Tint(INK),
    "number": Tint(INK),
    "notice": Tint(BLUE),
    "success": Tint(GREEN),
    "warning": Tint(AMBER),
    "error": Tint(RED, bold=True),
    "pinned": Tint(PURPLE),
    "toolbar.warning": Tint(AMBER),
    "toolbar.error": Tint(RED, bold=True),
    "code": Tint(INK),
    "fence": Tint(PURPLE),
    "search": Tint(INK),
})  # fmt: skip

NONE: Theme = MappingProxyType({name: replace(tint, color="") for name, tint in DARK.items()})

# Nothing dim, what matters bold or reversed.
CONTRAST: Theme = MappingProxyType({
    **{name: replace(tint, color="", dim=False) for name, tint in DARK.items()},
    "command": Tint(bold=True),
    "warning": Tint(bold=True),
    "error": Tint(bold=True, reverse=True),
    "suggestion": Tint(underline=True),
    "toolbar": Tint(reverse=True),
    "toolbar.strong": Tint(bold=True, reverse=True),
    "toolbar.warning": Tint(bold=True, underline=True, reverse=True),
    "toolbar.error": Tint(bold=True, underline=True, reverse=True),
    "code": Tint(bold=True),
    "fence": Tint(bold=True),
})  # fmt: skip

THEMES: Mapping[str, Theme] = MappingProxyType(
    {"dark": DARK, "light": LIGHT, "none": NONE, "contrast": CONTRAST}
)


def pick_theme(setting: str, *, dark: bool | None = None) -> Theme:
    """Give the theme of that name; `auto` goes by the background, if it is known."""
    if setting == "auto":
        return {True: DARK, False: LIGHT, None: EITHER}[dark]
    return THEMES[setting]


@cache
def for_either(color: str) -> str:
    """Make a colour (six digits) as bright as can be read on black and on white, in its own hue."""
    parts = [int(color[i : i + 2], 16) for i in (0, 2, 4)]
    end = 0 if _brightness(parts) > _MIDDLE else 255
    share, step = 0.0, 0.5
    while step > 1 / 256:  # on the way to black, or to white
        mixed = [part + (end - part) * (share + step) for part in parts]
        share += step if (_brightness(mixed) > _MIDDLE) is (end == 0) else 0
        step /= 2
    return "".join(f"{round(part + (end - part) * share):02x}" for part in parts)


def _brightness(parts: list[int] | list[float]) -> float:
    """Tell how bright red, green and blue are to the eye, from 0 to 1."""
    linear = [
        part / 255 / 12.92 if part <= _FAINT else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
