"""What an answer is before anybody carries it: status, headers, timed chunks, an ending."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

JSON = dict[str, Any]

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class Ending(StrEnum):
    """How an answer ends after its last chunk."""

    CLEAN = "clean"
    TORN = "torn"  # the connection closes inside a chunk
    RESET = "reset"  # the peer resets the connection
    STALL = "stall"  # nothing more comes, the connection stays open
    REPEAT = "repeat"  # the last chunk comes again for ever
    REFUSED = "refused"  # the connection closes before any byte
    HEADERS = "headers"  # header lines for ever, never a body


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of a body and the seconds to wait before them."""

    data: bytes
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """One HTTP answer, ready to be carried; `delay` is the time to the first byte in seconds."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: tuple[Chunk, ...] = ()
    ending: Ending = Ending.CLEAN
    delay: float = 0.0

    @property
    def body(self) -> bytes:
        """All bytes that are sent, without the waits."""
        return b"".join(chunk.data for chunk in self.chunks)

    def play(self) -> Iterator[Chunk]:
        """Yield the chunks in order, the last one for ever where the ending says so."""
        yield from self.chunks
        while self.ending is Ending.REPEAT and self.chunks:
            yield self.chunks[-1]


class ApiFault(Exception):  # noqa: N818  # it is an answer of the service, not a failure of ours
    """The service says no: becomes an error body with a status."""

    def __init__(
        self, status: int, message: str, details: JSON | None = None, **headers: str
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def invalid(message: str) -> ApiFault:
    """Return the 400 of the service."""
    return ApiFault(400, message)


def error_body(status: int, message: str, request_id: str, details: JSON | None = None) -> JSON:
    """Return the error object of the service."""
    error: JSON = {"type": ERROR_TYPES.get(status, "api_error"), "message": message}
    if details is not None:
        error["details"] = details
    return {"type": "error", "error": error, "request_id": request_id}


def dump(value: object) -> bytes:
    """Return compact JSON in UTF-8; lone surrogates are written as escapes."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def canonical(value: object) -> bytes:
    """Return JSON bytes that are equal for equal values, for hashing."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def json_answer(status: int, value: object, headers: Mapping[str, str]) -> WireAnswer:
    """Return `value` as a JSON answer."""
    body = dump(value)
    named = {**headers, "content-type": "application/json", "content-length": str(len(body))}
    return WireAnswer(status, named, (Chunk(body),))
