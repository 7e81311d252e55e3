"""The colours of everything around a reply: one tint for each thing that is said.

A theme is a mapping from a name to a `Tint`; the names are those of `DARK`. A new name goes into
DARK, and into the others where they differ. The same tints serve rich and prompt_toolkit, which
write styles differently. Colours come from the terminal's own sixteen wherever they can be read.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

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

DARK: Theme = MappingProxyType({
    "mark": Tint("cyan", bold=True),
    "meta": Tint(dim=True),
    "hint": Tint(dim=True),
    "thinking": Tint(dim=True, italic=True),
    "heading": Tint(bold=True),
    "command": Tint("cyan"),
    "number": Tint("cyan"),
    "notice": Tint("blue"),
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
    "success": Tint("#1a6b2a"),
    "warning": Tint("#8a5a00"),
    "toolbar.warning": Tint("#8a5a00"),
    "code": Tint("#00658f"),
    "search": Tint("#00658f"),
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
    """Give the theme of that name; `auto` goes by the background, dark where it is unknown."""
    if setting == "auto":
        return LIGHT if dark is False else DARK
    return THEMES[setting]
