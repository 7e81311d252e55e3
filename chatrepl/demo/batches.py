"""Message Batches: many requests in one, answered later, at half price, in any order.

A batch is worked off in `seconds`; its last `overdue` requests expire. Until it has ended nothing
is told of single requests, and there are no results. What is wrong with one request is its own
result; what is wrong with the list is refused at once.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chatrepl.demo.fields import array, record
from chatrepl.demo.wire import (
    JSON,
    ApiFault,
    Chunk,
    WireAnswer,
    dump,
    error_body,
    invalid,
    json_answer,
)

PATH = "/v1/messages/batches"
MOST_REQUESTS = 100_000
MOST_BYTES = 256_000_000
LASTS_S = 24 * 3600.0
KEPT_S = 29 * 24 * 3600.0
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MOST_LISTED = 1000
_FATES = ("succeeded", "errored", "canceled", "expired")
AnswerAlone = Callable[[JSON, Mapping[str, str]], WireAnswer]


@dataclass
class Batch:
    """One batch of an account."""

    id: str
    created: float
    requests: list[JSON]
    headers: Mapping[str, str]
    cancelled: float | None = None
    results: dict[str, JSON] = field(default_factory=dict)

    def ends(self, seconds: float) -> float:
        """Return when it has ended."""
        return min(self.created + min(seconds, LASTS_S), self.cancelled or float("inf"))


class Batches:
    """The batches of one account; `answer` answers a single request that does not stream."""

    def __init__(
        self, clock: Callable[[], float], new_id: Callable[[], str], answer: AnswerAlone
    ) -> None:
        self.address = "https://api.anthropic.com"  # where results are fetched from
        self.seconds = 0.0
        self.overdue = 0
        self._clock = clock
        self._new_id = new_id
        self._answer = answer
        self._batches: dict[str, Batch] = {}

    def route(
        self,
        method: str,
        where: tuple[str, Mapping[str, list[str]]],
        given: tuple[Mapping[str, str], bytes, dict[str, str]],
    ) -> WireAnswer:
        """Answer a request below `PATH`: `where` is path and query, `given` headers, body, ours."""
        (path, query), (headers, body, own) = where, given
        id_, _, what = path.removeprefix(PATH).lstrip("/").partition("/")
        match method, bool(id_), what:
            case "POST", False, "":
                return json_answer(200, self._object(self._create(body, headers)), own)
            case "GET", False, "":
                return json_answer(200, self._page(query), own)
            case "GET", True, "":
                return json_answer(200, self._object(self._find(id_)), own)
            case "GET", True, "results":
                return self._results(self._find(id_), own)
            case "POST", True, "cancel":
                return json_answer(200, self._object(self._cancel(self._find(id_))), own)
            case "DELETE", True, "":
                return json_answer(200, self._delete(self._find(id_)), own)
            case _, _, "" | "results" | "cancel":
                raise ApiFault(405, "Method Not Allowed")
            case _:
                raise ApiFault(404, "Not Found")

    def _find(self, id_: str) -> Batch:
        if id_ not in self._batches:
            raise ApiFault(404, f"Message Batch {id_} was not found")
        return self._batches[id_]

    def _create(self, body: bytes, headers: Mapping[str, str]) -> Batch:
        requests = _checked(body)
        batch = Batch(f"msgbatch_{self._new_id()}", self._clock(), requests, headers)
        self._batches[batch.id] = batch
        return batch

    def _has_ended(self, batch: Batch) -> bool:
        return self._clock() >= batch.ends(self.seconds)

    def _cancel(self, batch: Batch) -> Batch:
        """Stop a batch; what was worked off before that stays so."""
        if self._has_ended(batch):
            raise invalid("Batch has already ended and cannot be canceled")
        if batch.cancelled is None:
            batch.cancelled = self._clock() + min(1.0, self.seconds / 10)
        return batch

    def _delete(self, batch: Batch) -> JSON:
        if not self._has_ended(batch):
            raise invalid("Batch is still in progress; cancel it first")
        del self._batches[batch.id]
        return {"id": batch.id, "type": "message_batch_deleted"}

    def _page(self, query: Mapping[str, list[str]]) -> JSON:
        """Return a page of all batches, the newest first."""
        limit = (query.get("limit") or ["20"])[0]
        if not limit.isdigit() or not 1 <= int(limit) <= _MOST_LISTED:
            raise invalid(f"limit: Input should be between 1 and {_MOST_LISTED}")
        listed = [self._object(batch) for batch in reversed(self._batches.values())]
        after = (query.get("after_id") or [""])[0]
        ids = [each["id"] for each in listed]
        if after:
            if after not in ids:
                raise invalid("after_id: no such Message Batch")
            listed = listed[ids.index(after) + 1 :]
        page = listed[: int(limit)]
        return {
            "data": page,
            "has_more": len(listed) > len(page),
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
        }

    def _object(self, batch: Batch) -> JSON:
        ended = self._has_ended(batch)
        counts = dict.fromkeys(("processing", *_FATES), 0)
        if ended:
            for result in self._worked_off(batch).values():
                counts[result["type"]] += 1
        else:
            counts["processing"] = len(batch.requests)
        is_archived = self._clock() >= batch.created + KEPT_S
        status = "ended" if ended else "canceling" if batch.cancelled else "in_progress"
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": status,
            "request_counts": counts,
            "ended_at": _time(batch.ends(self.seconds)) if ended else None,
            "created_at": _time(batch.created),
            "expires_at": _time(batch.created + LASTS_S),
            "archived_at": _time(batch.created + KEPT_S) if is_archived else None,
            "cancel_initiated_at": _time(batch.cancelled) if batch.cancelled else None,
            "results_url": f"{self.address}{PATH}/{batch.id}/results"
            if ended and not is_archived
            else None,
        }

    def _results(self, batch: Batch, own: dict[str, str]) -> WireAnswer:
        if not self._has_ended(batch):
            raise ApiFault(404, f"Message Batch {batch.id} has no available results")
        if self._clock() >= batch.created + KEPT_S:
            raise ApiFault(404, f"The results of Message Batch {batch.id} are not kept any more")
        results = self._worked_off(batch).items()
        lines = (dump({"custom_id": id_, "result": each}) + b"\n" for id_, each in _mixed(results))
        headers = {**own, "content-type": "application/x-jsonl"}
        return WireAnswer(200, headers, tuple(map(Chunk, lines)))

    def _worked_off(self, batch: Batch) -> dict[str, JSON]:
        """Return the results, each made once."""
        if not batch.results:
            count = len(batch.requests)
            spent = batch.ends(self.seconds) - batch.created
            share = 1.0 if batch.cancelled is None else min(1.0, spent / (self.seconds or 1.0))
            in_time = count - self.overdue if self.seconds <= LASTS_S else 0
            for place, request in enumerate(batch.requests):
                if place >= share * count:
                    result: JSON = {"type": "canceled"}
                elif place >= in_time:
                    result = {"type": "expired"}
                else:
                    result = self._one(request["params"], batch.headers)
                batch.results[request["custom_id"]] = result
        return batch.results

    def _one(self, params: JSON, headers: Mapping[str, str]) -> JSON:
        answer = self._answer(params, headers)
        try:
            value = json.loads(answer.body)
        except ValueError:
            value = error_body(500, "Internal server error", answer.headers.get("request-id", ""))
        if value.get("type") != "message":
            return {"type": "errored", "error": value}
        value["usage"]["service_tier"] = "batch"
        return {"type": "succeeded", "message": value}


def _checked(body: bytes) -> list[JSON]:
    """Return the requests of a new batch; raises the service's 400 or 413."""
    if len(body) > MOST_BYTES:
        raise ApiFault(413, "Request exceeds the maximum size")
    try:
        value: Any = json.loads(body)
    except ValueError as error:
        raise invalid(f"The request body is not valid JSON: {error}") from None
    record("body", value)
    for key in sorted(value.keys() - {"requests"}):
        raise invalid(f"{key}: Extra inputs are not permitted")
    if "requests" not in value:
        raise invalid("requests: Field required")
    array("requests", value["requests"])
    requests: list[JSON] = value["requests"]
    if not 1 <= len(requests) <= MOST_REQUESTS:
        raise invalid(f"requests: List should have between 1 and {MOST_REQUESTS} items")
    seen: set[str] = set()
    for place, request in enumerate(requests):
        _check_one(f"requests.{place}", request)
        id_ = request["custom_id"]
        if id_ in seen:
            raise invalid(f"requests.{place}.custom_id: custom_id must be unique: {id_}")
        seen.add(id_)
    return requests


def _check_one(path: str, request: Any) -> None:
    record(path, request)
    for key in sorted(request.keys() - {"custom_id", "params"}):
        raise invalid(f"{path}.{key}: Extra inputs are not permitted")
    id_, params = request.get("custom_id"), request.get("params")
    if not isinstance(id_, str) or not _ID.fullmatch(id_):
        raise invalid(f"{path}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
    record(f"{path}.params", params)
    if params.get("stream"):
        raise invalid(f"{path}.params.stream: streaming is not supported in batches")


def _mixed(results: Any) -> Iterator[tuple[str, JSON]]:
    """Yield results in another order than that of the requests."""
    listed = list(results)
    yield from listed[1::2]
    yield from reversed(listed[::2])


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
