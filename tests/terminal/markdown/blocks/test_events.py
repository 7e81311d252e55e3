"""Events are values."""

from chatrepl.terminal.markdown.blocks.events import Heading, Where


def test_events_that_say_the_same_are_equal() -> None:
    assert Heading(Where((), blank=True), 1, "a") == Heading(Where((), blank=True), 1, "a")
