"""Rows as text, for tests."""

from collections.abc import Iterable

from chatrepl.terminal.markdown.wrap import Row


def texts(rows: Iterable[Row]) -> list[str]:
    return ["".join(segment.text for segment in row) for row in rows]
