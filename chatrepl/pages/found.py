"""Where words stand in conversations: `--search` prints it, `/search` shows it, a line for each."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from chatrepl.core.errors import StorageError
from chatrepl.core.outcome import Table
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.message import Role
from chatrepl.core.value import frozen
from chatrepl.core.words import spans
from chatrepl.storage.library import SavedEntry
from chatrepl.storage.read import load
from chatrepl.storage.search import excerpt, pattern_of, search

_MOST_PLACES: Final = 1_000
_MOST_TURNS: Final = 24  # characters
_OPEN: Final = "(this one)"


@frozen
class Find:
    """A conversation that holds the words; `entry` is None for the one that is open.

    `turns` names those where they stand, by number, or by id where they are on another branch;
    the others tell of the newest place.
    """

    entry: SavedEntry | None
    turns: tuple[str, ...]
    places: int
    role: Role
    before: str
    words: str
    after: str

    @property
    def name(self) -> str:
        """What opens it."""
        return (self.entry.name or self.entry.id) if self.entry is not None else ""

    @property
    def excerpt(self) -> str:
        return f"{self.before}{self.words}{self.after}"


def find_all(
    conversation: Conversation,
    folder: Path | None,
    words: str,
    open_id: str | None = None,
    beside: Iterable[Turn] = (),
) -> tuple[Find, ...]:
    """Find words in the conversation that is open, then in the saved ones, the newest first.

    What was asked `beside` it, or another, is found at the turn that it was asked after.
    """
    if not words.strip():
        return ()
    return (*_in_open(conversation, words, beside), *_in_saved(folder, words, open_id))


def found_list(finds: Iterable[Find], words: str) -> Table:
    """List them with their turns, how often the words stand there, and the newest place."""
    rows = tuple(
        (find.name or _OPEN, _shortened(find.turns), str(find.places), find.excerpt)
        for find in finds
    )
    headings = ("conversation", "turns", "places", "where")
    return Table(headings, rows, right=frozenset({2}), sought=words.strip())


def jumps(finds: Sequence[Find]) -> Iterator[str]:
    """Say how to go to the newest place, in the open conversation and in the first other one."""
    for find in [f for f in finds if f.entry is None] + [f for f in finds if f.entry][:1]:
        verb = f"/load {find.name}" if find.entry else "/goto"
        yield f"{verb} {find.turns[-1]} {'opens it' if find.entry else 'goes'} there"


def found_facts(find: Find) -> dict[str, Any]:
    """Give a row for programs."""
    return {
        "id": find.entry.id if find.entry else None,
        "name": (find.entry.name if find.entry else "") or None,
        "turns": [int(turn) if turn.isdigit() else turn for turn in find.turns],
        "places": find.places,
        "role": find.role,
        "excerpt": find.excerpt,
    }


def _in_open(conversation: Conversation, words: str, beside: Iterable[Turn]) -> Iterator[Find]:
    pattern, turns = pattern_of(words), conversation.turns
    places = [(turn.id, turn) for turn in turns.values()]
    places += [(turn.parent or turn.id, turn) for turn in beside if turn.id not in turns]
    hits = [
        (place, message.role, excerpt(match))
        for place, turn in places
        for message in turn.messages
        if (match := pattern.search(message.markdown))
    ]
    if hits:
        _, role, newest = hits[-1]
        named = _named(conversation, [turn for turn, _, _ in hits])
        yield Find(None, named, len(hits), role, *newest)


def _in_saved(folder: Path | None, words: str, open_id: str | None) -> Iterator[Find]:
    for entry, hits in groupby(search(folder, words, _MOST_PLACES), lambda hit: hit.entry):
        if entry.id == open_id:
            continue
        *_, newest = places = list(hits)
        try:
            turns = _named(load(entry.path).conversation, [hit.turn for hit in places])
        except StorageError:  # it went away, or cannot be read any more
            continue
        yield Find(
            entry, turns, len(places), newest.role, newest.before, newest.found, newest.after
        )


def _named(conversation: Conversation, turns: Iterable[TurnId]) -> tuple[str, ...]:
    """Name turns by their numbers; those of other branches, which have none, by their ids."""
    numbers = {turn.id: str(n) for n, turn in enumerate(conversation.path(), 1)}
    names = dict.fromkeys(numbers.get(turn, turn) for turn in turns)
    return tuple(names)


def _shortened(turns: Sequence[str]) -> str:
    numbers = {int(turn) for turn in turns if turn.isdigit()}
    names = [spans(numbers), *(turn for turn in turns if not turn.isdigit())]
    words = ", ".join(filter(None, names))
    return words if len(words) <= _MOST_TURNS else f"{words[: _MOST_TURNS - 1].rstrip(', ')}…"
