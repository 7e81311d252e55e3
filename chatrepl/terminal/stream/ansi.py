"""Rows of segments to the characters that a terminal gets."""

import re
from typing import NamedTuple

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

from chatrepl.terminal.markdown.wrap import Row, clean

_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}
# terminals do not agree on the width of these
RISKY = re.compile("[\u200d\ufe0f\u20e3\u2600-\u27bf\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")


class _Code(NamedTuple):
    """What goes before and after a text; `colour` if it is nothing but a foreground colour."""

    begin: str
    end: str
    colour: bool


_NONE = _Code("", "", colour=False)


class Ansi:
    """Encode rows for one console: its colours and its character set."""

    def __init__(self, console: Console) -> None:
        self._system = _SYSTEMS.get(console.color_system or "")
        self._plain = console.no_color
        self._encoding = console.encoding
        self._unicode = console.encoding.lower().replace("-", "").startswith("utf")
        self._codes: dict[Style, _Code] = {}

    def row(self, row: Row) -> str:
        """The characters of a row, without its end."""
        out: list[str] = []
        on = _NONE
        whole = "".join([part for part, _, _ in row])
        safe = clean(whole) == whole  # once more: this is the last place before the terminal
        for part, style, _ in row:
            text = part if safe else clean(part)
            if not self._unicode:
                text = text.encode(self._encoding, "replace").decode(self._encoding)
            code = (self._codes.get(style) or self._code(style)) if style else _NONE
            if not (on.colour and code.colour):  # a colour takes the place of a colour
                out.append(on.end)
            out.append(code.begin)
            out.append(text)
            on = code
        out.append(on.end)
        return "".join(out)

    def _code(self, style: Style) -> _Code:
        bare = style.without_color if self._plain else style
        sample = bare.update_link(None).render("x", color_system=self._system)
        begin = sample.partition("x")[0]
        end = "\x1b[m" if begin else ""
        if style.link and self._system is not None:
            begin, end = f"\x1b]8;;{clean(style.link)}\x1b\\{begin}", f"{end}\x1b]8;;\x1b\\"
        colour = bool(begin) and style == Style.from_color(style.color)
        self._codes[style] = _Code(begin, end, colour)
        return self._codes[style]
