"""Rows of segments to the characters that a terminal gets."""

import re
import zlib

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

from chatrepl.terminal.elements.clean import clean
from chatrepl.terminal.elements.wrap import Row

_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}
# terminals do not agree on the width of these
RISKY = re.compile("[\u200d\ufe0f\u20e3\u2600-\u27bf\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")


class Ansi:
    """Encode rows for one console: its colours, its character set, its links."""

    def __init__(self, console: Console) -> None:
        self._system = _SYSTEMS.get(console.color_system or "")
        self._plain = console.no_color
        self._encoding = console.encoding
        self._unicode = console.encoding.lower().replace("-", "").startswith("utf")
        self._codes: dict[Style, tuple[str, str]] = {}

    def row(self, row: Row) -> str:
        """The characters of a row, without its end."""
        out: list[str] = []
        for part, style, _ in row:
            text = clean(part)  # once more: this is the last place before the terminal
            if not self._unicode:
                text = text.encode(self._encoding, "replace").decode(self._encoding)
            if style:
                begin, end = self._codes.get(style) or self._code(style)
                out.append(f"{begin}{text}{end}" if begin else text)
            else:
                out.append(text)
        return "".join(out)

    def _code(self, style: Style) -> tuple[str, str]:
        """What goes before and after a text in a style."""
        bare = style.without_color if self._plain else style
        shown = bare.update_link(None).render("x", color_system=self._system)
        begin, _, end = shown.rpartition("x")
        if style.link and self._system is not None and style.link == clean(style.link):
            number = zlib.crc32(style.link.encode())  # the same in each frame
            begin = f"\x1b]8;id={number};{style.link}\x1b\\{begin}"
            end += "\x1b]8;;\x1b\\"
        self._codes[style] = begin, end
        return begin, end
