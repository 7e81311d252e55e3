"""Views for tests: what is shown goes into a list."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from chatrepl.core.exchange.reply import Reply, StreamEvent


class QuietView:
    """Keeps the events it is shown."""

    def __init__(self) -> None:
        self.events: list[StreamEvent] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        pass

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Keep the event."""
        del reply
        self.events.append(event)


class ShownView(QuietView):
    """A view that keys may reach, too."""

    condense: Callable[[str], str] | None = None

    def let_wait(self, messages: int) -> None:
        """Pass over it."""
