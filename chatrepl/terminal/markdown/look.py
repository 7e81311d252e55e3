"""The look of a reply: a style for each thing that Markdown can say, and the glyphs around it.

Change a colour here. Colours are of the terminal's own sixteen, so that they fit its background,
or such as can be read on any.
"""

import re
from dataclasses import field, replace

from rich.style import Style

from chatrepl.core.value import frozen
from chatrepl.terminal.theme import AMBER, BLUE, GREEN, INK, PURPLE, RED


@frozen
class Glyphs:
    """What is printed around the text; others serve terminals without Unicode, and ears."""

    bullet: str = "•"
    bar: str = "▎"
    rule: str = "─"
    cross: str = "─┼─"
    column: str = " │ "
    done: str = "☑"
    open: str = "☐"


ASCII = Glyphs("*", "|", "-", "-+-", " | ", "[x]", "[ ]")
WORDS = Glyphs("-", ">", "", "", "  ", "done:", "to do:")


_ADDRESS = re.compile(r"(?:https?://|mailto:)[!-~]{1,2000}", re.IGNORECASE)
_PLAIN = Style()
_BOLD = Style(bold=True)
_DIM = Style(dim=True)
_ITALIC = Style(italic=True)
_CYAN = Style(color="cyan")
_BLUE = Style(color="bright_blue")  # the other blue cannot be read on black
_STRIKE = Style(strike=True)
_FORMULA = Style(color="cyan", italic=True)
_LINK = _BLUE + Style(underline=True)
ALERTS = ("note", "tip", "important", "warning", "caution")
_ALERTS = tuple(
    Style(bold=True, color=color) for color in ("bright_blue", "green", "magenta", "yellow", "red")
)
_HEADINGS = (
    Style(bold=True, color="magenta"),
    _BLUE + _BOLD,
    _CYAN + _BOLD,
    _BOLD,
)


@frozen
class Look:
    """Styles by what they are for; `code_theme` names a pygments style, or none.

    With `links` the terminal is told where a link leads; that is always shown, too.
    """

    text: Style = _PLAIN
    headings: tuple[Style, ...] = _HEADINGS
    strong: Style = _BOLD
    emphasis: Style = _ITALIC
    strike: Style = _STRIKE
    code: Style = _CYAN
    math: Style = _FORMULA
    link: Style = _LINK
    target: Style = _DIM
    image: Style = _ITALIC
    key: Style = _BOLD
    html: Style = _DIM
    note: Style = _CYAN
    marker: Style = _BLUE
    bar: Style = _DIM
    quote: Style = _PLAIN
    rule: Style = _DIM
    table_head: Style = _BOLD
    table_line: Style = _DIM
    alerts: tuple[Style, ...] = _ALERTS
    code_theme: str = "one-dark"
    glyphs: Glyphs = field(default_factory=Glyphs)
    links: bool = False

    def leading_to(self, address: str) -> Style:
        """The style of what leads to an address, if a terminal may be told of such a one."""
        return Style(link=address) if self.links and _ADDRESS.fullmatch(address) else _PLAIN

    def alert(self, name: str) -> Style:
        """The style of an alert's name and bar; without a name, of any quote's bar."""
        if not name:
            return self.bar
        return dict(zip(ALERTS, self.alerts, strict=True)).get(name.lower(), self.strong)


_NO_COLOR = Look(
    headings=(Style(bold=True, underline=True), _BOLD, _BOLD, _BOLD),
    code=_BOLD,
    math=_ITALIC,
    link=Style(underline=True),
    note=_BOLD,
    marker=_PLAIN,
    alerts=(_BOLD,) * len(ALERTS),
    code_theme="",
)
_INK = Style(color="#00658f")  # cyan cannot be read on white

DARK = Look()
LIGHT = Look(
    headings=(
        Style(bold=True, color="#8a2a8a"),
        Style(bold=True, color="#1f5fbf"),
        _INK + _BOLD,
        _BOLD,
    ),
    code=_INK,
    math=_INK + _ITALIC,
    note=_INK,
    link=Style(color="blue", underline=True),
    marker=Style(color="blue"),
    alerts=(
        Style(bold=True, color="blue"),
        Style(bold=True, color="#1a6b2a"),
        _ALERTS[2],
        Style(bold=True, color="#8a5a00"),
        _ALERTS[4],
    ),
    code_theme="xcode",
)
EITHER = Look(
    headings=(*(Style(bold=True, color=color) for color in (PURPLE, BLUE, INK)), _BOLD),
    code=Style(color=INK),
    math=Style(color=INK, italic=True),
    link=Style(color=BLUE, underline=True),
    note=Style(color=INK),
    marker=Style(color=BLUE),
    alerts=tuple(Style(bold=True, color=color) for color in (BLUE, GREEN, PURPLE, AMBER, RED)),
    code_theme="either",
)
NONE = _NO_COLOR
CONTRAST = replace(
    _NO_COLOR,
    target=_PLAIN,
    html=_PLAIN,
    bar=_BOLD,
    rule=_PLAIN,
    table_line=_PLAIN,
)
LOOKS = {"dark": DARK, "light": LIGHT, "either": EITHER, "none": NONE, "contrast": CONTRAST}
