"""Thinking, collapsed and shown."""

import pytest

from chatrepl.terminal.stream.painter import Thinking, duration
from tests.terminal.stream.emulator import Terminal, text_of
from tests.terminal.stream.harness import Clock, Sink, console_on

TEXT = "\n".join(f"step {number}" for number in range(12))


def test_it_shows_its_last_rows_and_leaves_one_line() -> None:
    sink, clock, terminal = Sink(), Clock(), Terminal(40, 20)
    thinking = Thinking(console_on(sink, 40, 20), clock=clock)
    for line in TEXT.splitlines(keepends=True):
        clock.now += 1
        thinking.feed(line)
    terminal.feed(sink.take())
    assert [text_of(row) for row in terminal.rows()] == ["step 8", "step 9", "step 10", "step 11"]
    thinking.conclude(3.21)
    terminal.feed(sink.take())
    assert [text_of(row) for row in terminal.rows()] == ["thought for 3.2 s"]


def test_all_of_it_stays_where_it_is_to_be_shown() -> None:
    sink, clock, terminal = Sink(), Clock(), Terminal(40, 5)
    thinking = Thinking(console_on(sink, 40, 5), clock=clock, whole=True)
    thinking.feed(TEXT)
    thinking.conclude(1)
    terminal.feed(sink.take())
    assert [text_of(row) for row in terminal.rows()] == TEXT.split("\n")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (3.21, "3.2 s"), (59.96, "1 min"), (65, "1 min 5 s"), (3600, "60 min")],
)
def test_durations_are_written_as_people_read_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
