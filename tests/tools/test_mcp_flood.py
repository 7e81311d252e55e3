"""A server may send much, or for long, but not much for long."""

import pytest

from chatrepl.tools.mcp_flood import MOST_BYTES, FloodError, FloodGate


def test_what_comes_by_and_by_is_no_flood() -> None:
    now = [0.0]
    gate = FloodGate(lambda: now[0])

    for _ in range(1_000):
        gate.take(1_000_000, 100)
        now[0] += 1.0


@pytest.mark.parametrize(("size", "lines"), [(MOST_BYTES + 1, 0), (0, MOST_BYTES)])
def test_what_comes_at_once_has_an_end(size: int, lines: int) -> None:
    with pytest.raises(FloodError, match="more than can be read"):
        FloodGate(lambda: 0.0).take(size, lines)
