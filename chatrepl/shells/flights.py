"""What is remembered of batches, from one run of a command to the next."""

from dataclasses import dataclass
from typing import Any, Protocol


class Memory(Protocol):
    """Where the batches of a command are remembered, from one run to the next."""

    notes: list[dict[str, Any]]
    lasts: bool  # beyond this run

    def note(self, **what: Any) -> None: ...
    def sync(self) -> None: ...


class Forgetting:
    """Remembers batches for this run alone: there is no state."""

    lasts = False

    def __init__(self) -> None:
        self.notes: list[dict[str, Any]] = []

    def note(self, **what: Any) -> None:
        self.notes.append(what)

    def sync(self) -> None: ...


@dataclass(slots=True)
class BatchFlight:
    """A batch that was sent, or was about to be; `id` once the service told it.

    `newest` was the last one of the account before it: no clock tells that as surely.
    """

    mark: str
    size: int
    newest: str
    id: str = ""
    is_over: bool = False


def is_under_way(notes: list[dict[str, Any]]) -> bool:
    """Tell whether a batch was sent of which the results are still to be taken."""
    return any(not flight.is_over for flight in flights_of(notes))


def flights_of(notes: list[dict[str, Any]]) -> list[BatchFlight]:
    """Read off what is remembered which batches there are."""
    flights: dict[str, BatchFlight] = {}
    for note in notes:
        match note:
            case {"mark": str(mark), "size": int(size)}:
                newest = note.get("newest")
                flights[mark] = BatchFlight(mark, size, newest if isinstance(newest, str) else "")
            case {"mark": str(mark), "batch": str(id_)} if mark in flights:
                flights[mark].id = id_
            case {"mark": str(mark), "over": True} if mark in flights:
                flights[mark].is_over = True
            case _:
                pass
    return list(flights.values())
