"""The prompt's mark on the screen before anything slow is imported.

with EarlyPrompt(tty, "› ") as early:      # painted, the question about the background is out
    prompt = Prompt(...)                   # 0.1 s of imports
prompt.type_ahead(early.background.typed)  # keys that were typed meanwhile
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from chatrepl.terminal.background import Background, ask_background, read_background
from chatrepl.terminal.modes import Tty


class EarlyPrompt:
    """Paints a mark, and wipes it away when the real prompt is ready. The tty must be quiet."""

    def __init__(
        self, tty: Tty, mark: str, environ: Mapping[str, str], *, ask: bool = True
    ) -> None:
        self.background = Background()
        self._tty = tty
        self._mark = mark
        self._environ = environ
        self._ask = ask

    def __enter__(self) -> Self:
        self._tty.write(self._mark)
        if self._ask:
            ask_background(self._tty)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ask and error is None:
            self.background = read_background(self._tty, self._environ)
        self._tty.write("\r\x1b[K")
