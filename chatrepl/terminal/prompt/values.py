"""What goes into a prompt and what comes out of it: plain values without any library."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from chatrepl.terminal.theme import DARK, Theme


@dataclass(frozen=True, slots=True)
class Line:
    """A submitted text."""

    text: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Ctrl-C twice on an empty line."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Ctrl-D on an empty line, or the keyboard is gone."""


Entry = Line | Interrupted | Closed


@dataclass(frozen=True, slots=True)
class Candidate:
    """A completion: `text` replaces all from `start` (an index into the text) to the cursor."""

    start: int
    text: str
    display: str = ""
    meta: str = ""


class Part(NamedTuple):
    """A piece of the toolbar; the highest `rank` is dropped first where the width is short."""

    style: str
    text: str
    rank: int = 0


@dataclass(frozen=True, slots=True)
class PromptOptions:
    """How a prompt looks and behaves; `history` None writes nothing to disk."""

    mark: str = "› "
    theme: Theme = field(default_factory=lambda: DARK)
    color: bool = True
    vi: bool = False
    multiline: bool = False
    history: Path | None = None
    placeholder: str = ""


def _no_candidates(_text: str, _cursor: int) -> Iterable[Candidate]:
    return ()


def _unheard() -> None:
    return None


def _no_parts() -> Sequence[Part]:
    return ()


@dataclass(frozen=True, slots=True)
class Feeds:
    """Where a prompt asks: completions for a text and cursor, the toolbar's parts.

    `cleared` is told when the user threw a draft away.
    """

    complete: Callable[[str, int], Iterable[Candidate]] = _no_candidates
    toolbar: Callable[[], Sequence[Part]] = _no_parts
    cleared: Callable[[], None] = _unheard
