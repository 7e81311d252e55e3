"""One of the saved conversations, chosen from a list: where /load or /delete stands alone."""

from collections.abc import Callable
from pathlib import Path

from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Notice, Outcome, Pick, Table
from chatrepl.pages.saved_list import Listing, none_saved
from chatrepl.session.session import Session
from chatrepl.storage.journal import Journal
from chatrepl.storage.library import SavedEntry, delete, read_entry, scan, taken_names
from chatrepl.storage.saved import checked_name, rename

_MOST_LISTED = 30
_MOST_DIGITS = 3  # of a number in the list; what is longer begins an id


def choose(session: Session, use: Callable[[SavedEntry], Outcome], name: str) -> Outcome:
    """Let one of the conversations but the open one be chosen for `/name`, the newest first."""
    listing = Listing(_others(session), session.edges.clock())
    if not listing:
        is_alone = session.recorder.id is not None and bool(session.conversation.turns)
        return Notice("No other conversation is saved." if is_alone else none_saved(""))

    def as_list() -> Outcome:
        shown = min(len(listing), _MOST_LISTED)
        rows = tuple(
            (str(number + 1), row.title, *row.facts)
            for number, row in enumerate(listing[place] for place in range(shown))
        )
        more = f"{len(listing) - shown} more in /sessions. " if len(listing) > shown else ""
        footer = f"{more}/{name} 1 takes the first."
        return Table(("", "name", "changed", "turns", "cost"), rows, footer=footer)

    return Pick(
        listing,
        lambda id_: use(listing.entry(id_)),
        lambda id_, new: _renamed(session, listing, id_, new),
        lambda id_: deleted(session, listing.entry(id_)),
        as_list,
        "deletes" if name == "delete" else "opens",
    )


def numbered(session: Session, name: str) -> SavedEntry | None:
    """Find a conversation by its number in the list; None where `name` is rather a name or an id.

    Raises UsageError for a number that is not in the list: every id begins with a year.
    """
    if not name.isdecimal() or len(name) > _MOST_DIGITS:
        return None
    names = taken_names(session.edges.library or Path())
    if name in names:
        return None
    files = _others(session)
    place = int(name) - 1
    if 0 <= place < len(files):
        return read_entry(files[place])
    if any(each.startswith(name) for each in names):
        return None
    raise UsageError(f"No saved conversation has the number {name}.", "/load alone shows them.")


def deleted(session: Session, entry: SavedEntry) -> str:
    """Delete a conversation for good, also one that was open in this chat; say so."""
    if entry.id == session.recorder.id:
        raise UsageError("That conversation is open.", "/clear leaves it; then it can be deleted.")
    for _, recorder in session.shelf.all:
        if isinstance(recorder, Journal) and recorder.id == entry.id:
            recorder.close()  # what was open in this chat holds its file
    session.forget(entry.id)
    delete(entry)
    return f"{entry.label} is deleted."


def _renamed(session: Session, listing: Listing, id_: str, name: str) -> str:
    entry = listing.entry(id_)
    new = checked_name(session.edges.library, name, entry.id)
    for _, recorder in session.shelf.all:
        if isinstance(recorder, Journal) and recorder.id == entry.id:
            recorder.rename(new)
            break
    else:
        rename(entry, new)
    listing.entry(id_)  # it is shown by its new name
    return f"It is called {new} now."


def _others(session: Session) -> list[tuple[str, float, int]]:
    own = f"{session.recorder.id}." if session.recorder.id else None
    files = scan(session.edges.library)
    return [file for file in files if own is None or not file[0].rpartition("/")[2].startswith(own)]
