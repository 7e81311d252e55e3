"""The line below the prompt, fitted to the width: what matters least goes first."""

from collections.abc import Sequence

from wcwidth import wcswidth

from chatrepl.terminal.prompt.values import Part
from chatrepl.terminal.sanitize import one_line

_ROOM = 3  # columns below which nothing readable fits


def fit(parts: Sequence[Part], width: int, *, ascii_only: bool = False) -> list[tuple[str, str]]:
    """Give the styled pieces of a line at most `width` columns wide."""
    separator, mark = (" | ", "~") if ascii_only else (" · ", "…")
    shown = [part._replace(text=one_line(part.text)) for part in parts]
    shown = [part for part in shown if part.text]
    while len(shown) > 1 and _width(shown, separator) > width:
        least = max(range(len(shown)), key=lambda index: (shown[index].rank, index))
        del shown[least]
    if shown and _width(shown, separator) > width:
        shown = [shown[0]._replace(text=cut(shown[0].text, width, mark))]
    fragments: list[tuple[str, str]] = []
    for part in shown:
        if fragments:
            fragments.append(("class:toolbar", separator))
        fragments.append((f"class:{part.style}", part.text))
    return fragments


def cut(text: str, width: int, mark: str = "…") -> str:
    """Shorten a line to a number of columns; `mark` ends it."""
    if width < _ROOM:
        return ""
    while text and cells(text) > width - 1:
        text = text[:-1]
    return f"{text}{mark}"


def cells(text: str) -> int:
    """Count the columns that a safe line takes."""
    width: int = wcswidth(text)
    return width if width >= 0 else len(text)


def _width(parts: Sequence[Part], separator: str) -> int:
    return sum(cells(part.text) for part in parts) + cells(separator) * (len(parts) - 1)
