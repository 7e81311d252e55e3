"""A server may send much, or for long, but not much for long."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.tools.mcp_flood import MOST_BYTES, FloodError, FloodGate

PER_SECOND, PER_LINE = 8_000_000, 4_000


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


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 16), st.integers(0, 4_000)), max_size=12)
)
def test_it_is_a_flood_where_any_span_of_time_brings_more_than_it_may(
    came: list[tuple[int, int, int]],
) -> None:
    now = [0.0]
    gate = FloodGate(lambda: now[0])
    times = list(accumulate(pause for pause, _, _ in came))
    sizes = [count * 1_000_000 + lines * PER_LINE for _, count, lines in came]
    for at, (_, count, lines) in enumerate(came):
        now[0] = float(times[at])
        spans = (
            sum(sizes[begin : at + 1]) - PER_SECOND * (times[at] - times[begin])
            for begin in range(at + 1)
        )
        if max(spans) > MOST_BYTES:
            with pytest.raises(FloodError):
                gate.take(count * 1_000_000, lines)
            break
        gate.take(count * 1_000_000, lines)
