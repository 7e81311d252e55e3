"""Thinking on the screen: a few dim rows while it lasts, one line when it is over."""

from collections.abc import Callable

from rich.console import Console
from rich.style import Style

from chatrepl.terminal.elements.plain import Plain, Window
from chatrepl.terminal.stream.painter import Painter

DIM = Style(dim=True, italic=True)
_ROWS = 4


class Thinking(Painter):
    """Paints thinking: all of it if `shown`, else its last rows, which one line replaces."""

    def __init__(
        self,
        console: Console,
        *,
        clock: Callable[[], float],
        shown: bool = False,
        live: bool = True,
        style: Style = DIM,
    ) -> None:
        text = Plain(style)
        self._style = style
        self._window = None if shown else Window(text, _ROWS)
        super().__init__(console, self._window or text, clock=clock, live=live)

    def conclude(self, seconds: float) -> None:
        """End it, with a line that says how long it took; where all is shown, without one."""
        if self._window:
            self._window.summary = [(f"thought for {duration(seconds)}", self._style)]
        self.finish()


def duration(seconds: float) -> str:
    """Seconds as people read them: `3.2 s`, `1 min 5 s`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
