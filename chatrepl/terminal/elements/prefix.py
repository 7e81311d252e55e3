"""What stands before a row: bars of quotes, marks of list items, labels of footnotes."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from chatrepl.terminal.elements.events import Container
from chatrepl.terminal.elements.look import Glyphs, Look
from chatrepl.terminal.elements.wrap import Row, width_of

_ROOM = 12  # cells that are left for the text, if the window is that wide


class Prefix(NamedTuple):
    """Before the first row, before all others, and the cells that are left."""

    first: Row
    rest: Row
    room: int


def prefix_of(path: Sequence[Container], marked: int, width: int, look: Look) -> Prefix:
    """The prefix of a leaf; the marks of the outermost `marked` containers are printed already.

    In a window too narrow for it the outermost parts are left out.
    """
    if not path:
        return Prefix([], [], max(1, width))
    parts = [_part(container, look) for container in path]
    sizes = [width_of(first) for first, _ in parts]
    skip, total = 0, sum(sizes)
    while skip < len(parts) and width - total < min(width, _ROOM):
        total -= sizes[skip]
        skip += 1
    first: Row = []
    rest: Row = []
    for index in range(skip, len(parts)):
        container, (mark, after) = path[index], parts[index]
        style = look.bar if container.kind == "quote" else look.marker
        if mark:
            first.append(Segment(mark, style) if index >= marked else _rest(after, style))
            rest.append(_rest(after, style))
    return Prefix(first, rest, max(1, width - total))


def _rest(after: str, style: Style) -> Segment:
    return Segment(after, style if after.strip() else Style.null())


def _part(container: Container, look: Look) -> tuple[str, str]:
    """What a container puts before its first row and before the others."""
    match container.kind:
        case "quote":
            bar = f"{look.glyphs.bar} "
            return bar, bar
        case "item":
            mark = f"{_glyphs(container.mark, look.glyphs)} "
        case "note":
            mark = f"[{container.mark[:12]}] "
        case _:
            return "", ""
    return mark, " " * width_of(mark)


def _glyphs(mark: str, glyphs: Glyphs) -> str:
    if mark.isascii():
        return mark
    return mark.replace("•", glyphs.bullet).replace("☑", glyphs.done).replace("☐", glyphs.open)
