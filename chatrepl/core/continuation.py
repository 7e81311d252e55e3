"""Going on with a reply that was cut, on models that take no prefill.

The partial reply stays where it is, and a user message after it asks for the rest. What comes is
joined at the seam: words that the model says again there are left out.
"""

import re
from dataclasses import dataclass
from typing import Final

from chatrepl.core.wire import encode

_QUOTED: Final = 160  # characters of the end that are quoted
_WINDOW: Final = 240  # characters within which a repetition can begin and end
_LEAST: Final = 8  # shorter repetitions may be meant
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})")


def words(partial: str) -> str:
    """Write the message that asks for the rest of `partial`."""
    return (
        f"Your last reply was cut off. It ends with {encode(partial[-_QUOTED:])}. "
        "Continue exactly where it stops: write only what comes next, repeat nothing, "
        "and do not mention that it was cut."
    )


@dataclass(slots=True)
class Seam:
    """Joins a streamed rest to the partial text before it, without saying its end twice.

    `feed` and `flush` are those of `prefill.Joiner`. What comes out does not depend on where the
    pieces end.
    """

    partial: str
    _held: str = ""
    _joined: bool = False

    def feed(self, text: str) -> str:
        if self._joined:
            return text
        self._held += text
        return self._join() if len(self._held) >= _WINDOW else ""

    def flush(self) -> str:
        """End the text and give what was still held back."""
        return "" if self._joined else self._join()

    def _join(self) -> str:
        self._joined = True
        return self._held[_overlap(self.partial, self._held[:_WINDOW]) :]


def _overlap(before: str, after: str) -> int:
    """Count the characters at the start of `after` that say the end of `before` again."""
    blank = len(after) - len(after.lstrip())
    for skip in {0, blank}:
        rest = after[skip:]
        for size in range(min(len(before), len(rest)), _LEAST - 1, -1):
            if before.endswith(rest[:size]):
                return skip + size
    return 0


def resume_point(text: str) -> int:
    """Find where the last block of a Markdown text begins: a place to show it from again."""
    start = at = 0
    fence = ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip(" `~\n"):
                fence = ""
        elif mark:
            fence, start = mark[1], at
        elif not line.strip():
            start = at + len(line)
        at += len(line)
    return start if start < len(text) else 0
