"""Message Batches: many requests sent in one, and their results once it has ended.

A batch is told apart by its id; each request in it by a `custom_id` of the sender's.
"""

import re
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_event
from chatrepl.api.outgoing import MESSAGES, Upload
from chatrepl.api.translate import Translator
from chatrepl.api.whole import unfolded
from chatrepl.core.errors import ApiError, ApiErrorKind, UsageError
from chatrepl.core.exchange.reply import StreamEvent
from chatrepl.core.foreign_json import counted, read_json
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

if TYPE_CHECKING:  # loads the HTTP client
    from chatrepl.api.client import Client

BATCHES: Final = f"{MESSAGES}/batches"
MOST_REQUESTS: Final = 100_000
MOST_BYTES: Final = 250_000_000  # the service takes 256 MB
_PAGE: Final = 100
_BEGIN: Final = b'{"requests":['
_END: Final = b"]}"
_MOST_LINE_BYTES: Final = 64_000_000
_LATEST: Final = 2.5e11  # in the year 9892; each time zone has a calendar for it
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LATER: Final = "--retry-failed asks again for it."
_UNANSWERED: Final[Mapping[str, str]] = {
    "expired": "The batch expired before its turn came.",
    "canceled": "The batch was cancelled before its turn came.",
}
BatchResult: TypeAlias = tuple[str, list[StreamEvent] | ApiError]


@frozen
class BatchStatus:
    """What the service says of a batch; `created` in seconds since the epoch, 0 where untold.

    `counts` tells how many requests are processing, succeeded, errored, canceled and expired.
    """

    id: str
    status: str
    counts: Mapping[str, int]
    created: float
    expires: float
    archived: bool = False

    @property
    def ended(self) -> bool:
        return self.status == "ended"

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def left(self) -> int:
        return self.counts.get("processing", 0)


@frozen
class BatchEntry:
    """One request of a batch, under the name that it has there; its `body` is read when it goes."""

    custom_id: str
    size: int
    body: Callable[[], bytes]

    @property
    def head(self) -> bytes:
        """What stands before the body."""
        return b'{"custom_id":"' + self.custom_id.encode("ascii") + b'","params":'


@frozen
class BatchDoor:
    """The batches of one account. Everything that goes wrong is an ApiError."""

    client: "Client"

    async def create(
        self, requests: Sequence[BatchEntry], headers: Mapping[str, str]
    ) -> BatchStatus:
        """Send requests. They are sent once, whatever comes.

        After an error that tells of no refusal the batch may be there all the same.
        """
        size = sum(len(one.head) + one.size for one in requests) + 2 * len(requests) - 1
        body = Upload(len(_BEGIN) + size + len(_END), lambda: _pieces(requests))
        return self._status(await self.client.call("POST", BATCHES, body, headers))

    async def retrieve(self, id_: str) -> BatchStatus:
        """Ask how far a batch is."""
        return self._status(await self.client.call("GET", _path(id_)))

    async def cancel(self, id_: str) -> BatchStatus:
        """Have a batch stopped; what is done by then keeps its results."""
        return self._status(await self.client.call("POST", f"{_path(id_)}/cancel", b"{}"))

    async def all(self) -> AsyncIterator[BatchStatus]:
        """Give all batches, the newest first."""
        after, begun = "", set[str]()
        while after not in begun:  # a server that goes round in circles has no more
            begun.add(after)
            page = await self.client.call("GET", f"{BATCHES}?limit={_PAGE}{after}")
            listed = page.get("data")
            for wire in listed if isinstance(listed, list) else []:
                yield self._status(wire)
            last = page.get("last_id")
            if not page.get("has_more") or not isinstance(last, str) or not _ID.fullmatch(last):
                return
            after = f"&after_id={last}"

    async def results(self, id_: str) -> AsyncGenerator[BatchResult, None]:
        """Yield each `custom_id` of a batch that has ended, with its reply's events or its error.

        They come in any order.
        """
        async with aclosing(self.client.lines(f"{_path(id_)}/results", _MOST_LINE_BYTES)) as lines:
            async for line in lines:
                wire = read_json(line)
                if isinstance(wire, dict) and isinstance(wire.get("custom_id"), str):
                    yield wire["custom_id"], self._result(wire.get("result"))

    def _result(self, result: Any) -> list[StreamEvent] | ApiError:
        origin = self.client.origin
        match result:
            case {"type": "succeeded", "message": dict(message)}:
                return list(_events(message, origin))
            case {"type": "errored", "error": error}:
                return from_event(error, None, origin)
            case {"type": "expired" | "canceled" as kind}:
                return ApiError(
                    ApiErrorKind.OVERLOADED, _UNANSWERED[kind], _LATER, type=f"{kind}_error"
                )
            case _:
                return ApiError(ApiErrorKind.STREAM, "The batch has no result for it.", _LATER)

    def _status(self, wire: Any) -> BatchStatus:
        wire = wire if isinstance(wire, dict) else {}
        id_, status = wire.get("id"), wire.get("processing_status")
        if not isinstance(id_, str) or not _ID.fullmatch(id_) or not isinstance(status, str):
            host = self.client.origin.host
            raise ApiError(
                ApiErrorKind.STREAM,
                f"{host} answered, but not as one that takes Message Batches.",
                "--each without --batch sends single requests.",
                retryable=False,
            )
        given = wire.get("request_counts")
        counts = given if isinstance(given, dict) else {}
        return BatchStatus(
            id_,
            status,
            {name: number for name, value in counts.items() if (number := counted(value))},
            _seconds(wire.get("created_at")),
            _seconds(wire.get("expires_at")),
            archived=wire.get("archived_at") is not None,
        )


def packs(
    requests: Iterable[BatchEntry], most: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES
) -> Iterator[list[BatchEntry]]:
    """Split requests into batches that the service takes."""
    pack: list[BatchEntry] = []
    size = 0
    for entry in requests:
        more = entry.size + len(entry.custom_id) + 40
        if pack and (len(pack) >= most or size + more > most_bytes):
            yield pack
            pack, size = [], 0
        pack.append(entry)
        size += more
    if pack:
        yield pack


def _pieces(requests: Iterable[BatchEntry]) -> Iterator[bytes]:
    yield _BEGIN
    for number, entry in enumerate(requests):
        yield (b"," if number else b"") + entry.head + entry.body() + b"}"
    yield _END


def _events(message: Wire, origin: Origin) -> Iterator[StreamEvent]:
    """Give the events that a whole message stands for, billed as what it is."""
    usage = message.get("usage")
    if isinstance(usage, dict):
        message = {**message, "usage": {**usage, "service_tier": "batch"}}
    translator = Translator(None, origin.secrets)
    for value in unfolded({**message, "type": "message"}):
        yield from translator.translate("", value)
    yield from translator.end()


def _path(id_: str) -> str:
    if not _ID.fullmatch(id_):
        raise UsageError(f"{id_} is no id of a batch.", "--batches lists them.")
    return f"{BATCHES}/{id_}"


def _seconds(text: Any) -> float:
    """Read a time; 0 for what is none, or is beyond all calendars, as a server's zero may be."""
    try:
        seconds = datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return seconds if 0 < seconds < _LATEST else 0.0
