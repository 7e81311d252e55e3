"""A table as plain text, for pipes and terminals alike: columns side by side, nothing drawn."""

from collections.abc import Sequence

from wcwidth import wcswidth

from chatrepl.terminal.sanitize import one_line


def columns(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()
) -> str:
    """Write rows under headings; columns named in `right` hold numbers. Ends in a newline."""
    shown = [[one_line(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(map(_width, column)) for column in zip(*shown, strict=True)]
    lines = []
    for row in shown:
        cells = [
            _pad(cell, width, left=at in right)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def _pad(cell: str, width: int, *, left: bool) -> str:
    gap = " " * (width - _width(cell))
    return gap + cell if left else cell + gap


def _width(text: str) -> int:
    return max(0, wcswidth(text))
