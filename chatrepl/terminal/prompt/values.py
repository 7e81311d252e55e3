"""What goes into a prompt and what comes out of it: plain values without any library."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from pathlib import Path
from typing import NamedTuple

from chatrepl.core.value import frozen
from chatrepl.terminal.theme import DARK, Theme


@frozen
class Submitted:
    """A submitted text, and lines that were pasted so far: they may stand in the text."""

    text: str
    pasted: tuple[str, ...] = ()


@frozen
class Interrupted:
    """Ctrl-C twice on an empty line."""


@frozen
class Closed:
    """Ctrl-D on an empty line, or the keyboard is gone."""


PromptEntry = Submitted | Interrupted | Closed


@frozen
class Candidate:
    """A completion: `text` replaces all from `start` (an index into the text) to the cursor."""

    start: int
    text: str
    display: str = ""
    meta: str = ""


class ToolbarPart(NamedTuple):
    """A piece of the toolbar; the highest `rank` is dropped first where the width is short."""

    style: str
    text: str
    rank: int = 0


@frozen
class PromptOptions:
    """How a prompt looks and behaves; `history` None writes nothing to disk.

    `plain` lets nothing but text and line ends leave, for screen readers.
    A line that holds one of `secrets` is in no history either.
    """

    mark: str = "› "
    theme: Theme = field(default_factory=lambda: DARK)
    color: bool = True
    vi: bool = False
    plain: bool = False
    multiline: bool = False
    history: Path | None = None
    placeholder: str = ""
    secrets: tuple[str, ...] = ()


@frozen
class Feeds:
    """Where a prompt asks: completions for a text and cursor, the toolbar's parts for a draft.

    `cleared` is told when the user threw a draft away, and says what came of that. `card` gives
    the rows that explain the keys, for a width.
    """

    complete: Callable[[str, int], Iterable[Candidate]] = lambda _text, _cursor: ()
    toolbar: Callable[[Submitted], Sequence[ToolbarPart]] = lambda _draft: ()
    cleared: Callable[[], str] = lambda: ""
    card: Callable[[int], Sequence[str]] = lambda _columns: ()


def whole_characters(text: str) -> str:
    """Replace what is half a character, so that the text can be stored and sent."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
