"""The same rule for text that arrives in pieces: all that comes out is `display` of the whole.

Only what the next piece may still change is held back: a run of invisible characters, a CR, half of
a surrogate pair, marks beyond those that are shown. Letters are never delayed.
"""

import re
from functools import cache

from chatrepl.terminal.sanitize.tables import MARKS, UNSAFE, char_class, end_without, plain
from chatrepl.terminal.sanitize.text import MOST_MARKS, display, join_surrogates


class Sanitizer:
    """Makes foreign text safe piece by piece."""

    def __init__(self) -> None:
        self._context = ""  # the end of what was given out; the rule may look back at it
        self._held: list[str] = []

    def feed(self, delta: str) -> str:
        """Take the next piece; give what can be shown of it now."""
        if delta and not self._held and plain().fullmatch(delta):
            self._context = delta[-1]
            return delta
        if self._held and _undecided().fullmatch(delta):
            self._held.append(delta)
            return ""
        text = join_surrogates("".join((self._context, *self._held, delta)))
        end, context = _decided(text)
        shown = display(text[:end])[len(self._context) :]
        self._context, self._held = text[context:end], [text[end:]] if end < len(text) else []
        return shown

    def flush(self) -> str:
        """Give what was held back, as if the text ended here, and begin anew."""
        text = "".join((self._context, *self._held))
        shown = display(text)[len(self._context) :]
        self._context, self._held = "", []
        return shown


def _decided(text: str) -> tuple[int, int]:
    """Where the part ends that no later text can change, and where the context begins."""
    end = end_without(f"{UNSAFE} 2028 2029", text)
    marks = end_without(MARKS, text, end)
    return (min(end, marks + MOST_MARKS), marks) if marks < end else (end, max(end - 1, 0))


@cache
def _undecided() -> re.Pattern[str]:
    return re.compile(f"[{char_class(UNSAFE)}{char_class(MARKS)}]*")
