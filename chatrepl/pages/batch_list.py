"""The list of Message Batches that the account has: `--batches` prints it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from chatrepl.api.batches import BatchStatus
from chatrepl.core.outcome import Table
from chatrepl.pages.saved_list import when

NO_BATCHES: Final = "There are no batches."
_FATES: Final = ("succeeded", "errored", "canceled", "expired")


def batch_list(batches: Sequence[BatchStatus]) -> Table:
    """List batches, the newest first; what came of their requests is told once they have ended."""
    rows = tuple(
        (
            one.id,
            one.status.replace("_", " "),
            f"{one.total:,}",
            _fates(one),
            when(one.created) if one.created else "",
        )
        for one in batches
    )
    return Table(("id", "state", "requests", "", "created"), rows, right=frozenset({2}))


def batch_facts(batch: BatchStatus) -> dict[str, Any]:
    """Give a row for programs."""
    return {
        "id": batch.id,
        "status": batch.status,
        "requests": batch.total,
        "counts": {name: batch.counts.get(name, 0) for name in ("processing", *_FATES)},
        "created": _iso(batch.created),
        "expires": _iso(batch.expires),
        "archived": batch.archived,
    }


def _fates(batch: BatchStatus) -> str:
    words = (f"{batch.counts[name]:,} {name}" for name in _FATES if batch.counts.get(name))
    return "results are not kept any more" if batch.archived else ", ".join(words)


def _iso(seconds: float) -> str | None:
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
