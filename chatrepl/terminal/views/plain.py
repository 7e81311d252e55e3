"""A reply as it comes: the text, nothing else, and one newline at its end.

On a screen everything that is not plain text is made visible; on a pipe controls are, and with
`raw` nothing is.
"""

from types import TracebackType
from typing import Self, TextIO

from chatrepl.core.events import PrefillBegun, Reply, StreamEvent, TextDelta
from chatrepl.terminal.sanitize import Sanitizer, join_surrogates, pipe


class PlainView:
    """Writes a reply's text to a stream, each delta at once."""

    def __init__(self, out: TextIO, *, raw: bool = False, screen: bool = False) -> None:
        self._out = out
        self._raw = raw
        self._sanitizer = Sanitizer() if screen else None
        self._held = ""
        self._last = ""
        self._prefilled = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if isinstance(error, OSError):
            return
        self._write_safe(self._held)
        if self._sanitizer is not None:
            self._write(self._sanitizer.flush())
        if self._last and self._last != "\n":
            self._write("\n")

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Write what the event brings of the text."""
        del reply
        match event:
            case TextDelta(text):
                self._feed(text)
            case PrefillBegun(prefill) if prefill.mode != "schema" and not self._prefilled:
                self._prefilled = True
                self._feed(prefill.text)
            case _:
                pass

    def _feed(self, text: str) -> None:
        """Write `text`; half of a surrogate pair, or of a line's end, waits for the other half."""
        if self._sanitizer is not None:
            self._write(self._sanitizer.feed(text))
            return
        text = self._held + text
        half = text[-1:] == "\r" or "\ud800" <= text[-1:] <= "\udbff"
        self._held = text[-1:] if half else ""
        self._write_safe(text[: len(text) - len(self._held)])

    def _write_safe(self, text: str) -> None:
        whole = join_surrogates(text)
        self._write(whole if self._raw else pipe(whole))

    def _write(self, text: str) -> None:
        if text:
            self._out.write(text)
            self._out.flush()
            self._last = text[-1]
