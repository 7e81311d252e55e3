"""The prompt's mark on the screen before anything slow is imported.

early = EarlyPrompt(tty, "› ", os.environ, head="chatrepl 0.1.0")
early.paint()                              # at once; keys are read later
early.greet("chatrepl 0.1.0 · a model")    # when more is known
with early:                                # the question about the background is out
    prompt = Prompt(...)                   # 0.1 s of imports
prompt.type_ahead(early.background.typed)  # keys that were typed meanwhile

What this module imports, the user waits for.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from chatrepl.terminal.modes import PASTE_ON, Tty

if TYPE_CHECKING:
    from chatrepl.terminal.background import Background

_WIPE = "\r\x1b[K"
_WIPE_BOTH = f"{_WIPE}\x1b[A\x1b[K"


class EarlyPrompt:
    """Paints a mark, and wipes it away when the real prompt is ready. The tty must be quiet.

    `head` stands in the row above until there is a greeting. After the context, `background` is
    what the terminal said of its colours, if it was to be asked, and what was typed meanwhile.
    """

    background: "Background"

    def __init__(
        self,
        tty: Tty,
        mark: str,
        environ: Mapping[str, str],
        *,
        ask: bool = True,
        head: str = "",
    ) -> None:
        self.tty = tty
        self.ask = ask
        self._mark = mark
        self._environ = environ
        self._head = head
        self._painted = False

    def paint(self) -> None:
        """Show the mark, unless it is there already."""
        if not self._painted:
            self._painted = True
            above = f"\x1b[2m{self._head}\x1b[0m\r\n" if self._head else ""
            self.tty.write(PASTE_ON + above + self._mark)  # a paste is one text here, too

    def greet(self, text: str) -> None:
        """Put lines above the mark, in place of the head."""
        wipe = "" if not self._painted else _WIPE_BOTH if self._head else _WIPE
        self._painted, self._head = True, ""
        self.tty.write(wipe + text.replace("\n", "\r\n") + self._mark)

    def wipe(self) -> None:
        """Take the mark away, if it is there; what stands above it stays."""
        if self._painted:
            self._painted = False
            self.tty.write(_WIPE)

    def __enter__(self) -> Self:
        from chatrepl.terminal.background import Background, ask_background

        self.background = Background()
        self.paint()
        if self.ask:
            ask_background(self.tty)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.ask and error is None:
            from chatrepl.terminal.background import read_background

            self.background = read_background(self.tty, self._environ)
        self.wipe()
