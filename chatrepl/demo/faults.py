"""Every way an answer can go wrong, on request.

A fault of the stream is one function in `_EVENT_FAULTS` (it changes the events) or a row of
`_BYTE_FAULTS` (it changes the bytes or the ending).
"""

import copy
from collections.abc import Callable
from dataclasses import replace

from chatrepl.demo.headers import http_date
from chatrepl.demo.stream import NamedEvent, encode
from chatrepl.demo.wire import JSON, ApiFault, Chunk, Ending, WireAnswer

_HTML = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in to the guest network</title></head>"
    b"<body><h1>Welcome</h1><p>Please sign in.</p></body></html>\n"
)
_BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)
_WORDS = {
    400: "demo: this request was refused on request",
    401: "invalid x-api-key",
    402: "Your credit balance is too low to access the API.",
    403: "Your API key does not have permission to use the specified resource.",
    404: "model: claude-demo-0",
    408: "The request timed out.",
    409: "The request conflicts with the current state of the resource.",
    413: "Request exceeds the maximum size",
    422: "The request was well formed but could not be processed.",
    429: "This request would exceed your organization's rate limit. Please try again later.",
    500: "Internal server error",
    503: "Service unavailable",
    504: "The request took too long to process.",
    529: "Overloaded",
}
_SPEND = "You have reached your organization's spend limit for this month."


def error_fault(status: int, retry: tuple[str, str] | None, spend: bool, now: float) -> ApiFault:
    """Return the error of a status, with the retry-after that was asked for."""
    if spend:
        return ApiFault(status, _SPEND, {"error_code": "enforced_spend_limit_reached"})
    return ApiFault(status, _WORDS.get(status, "error"), None, **_retry_headers(status, retry, now))


def _retry_headers(status: int, retry: tuple[str, str] | None, now: float) -> dict[str, str]:
    if retry is None:
        return {"retry_after": "1"} if status == 429 else {}
    kind, value = retry
    known = {
        "s": {"retry_after": value},
        "ms": {"retry_after_ms": value},
        "nonsense": {"retry_after": "soon, perhaps"},
        "absurd": {"retry_after": "1000000000"},
        "none": {},
    }
    if kind == "date":
        return {"retry_after": http_date(now + float(value))}
    return known[kind]


def bad_gateway(headers: dict[str, str]) -> WireAnswer:
    """Return the HTML a proxy sends when the service is away."""
    return WireAnswer(502, {**headers, "content-type": "text/html"}, (Chunk(_BAD_GATEWAY),))


def _texts(events: list[NamedEvent]) -> list[int]:
    return [
        place
        for place, (_, data) in enumerate(events)
        if (data.get("delta") or {}).get("type") == "text_delta"
    ]


def cut_after(events: list[NamedEvent], deltas: int) -> int:
    """Return where a stream breaks off: after that many text deltas."""
    found = _texts(events)
    return found[min(deltas, len(found)) - 1] + 1 if found and deltas > 0 else min(2, len(events))


def _error_event(status: str, words: str) -> NamedEvent:
    return "error", {"type": "error", "error": {"type": status, "message": words}}


def _error_first(_events: list[NamedEvent], _after: int) -> list[NamedEvent]:
    return [_error_event("overloaded_error", "Overloaded")]


def _error_after(events: list[NamedEvent], after: int) -> list[NamedEvent]:
    return [*events[: cut_after(events, after)], _error_event("overloaded_error", "Overloaded")]


def _clean_end(events: list[NamedEvent], after: int) -> list[NamedEvent]:
    return events[: cut_after(events, after)]


def _no_stop(events: list[NamedEvent], _after: int) -> list[NamedEvent]:
    return [event for event in events if event[0] != "message_stop"]


def _double_start(events: list[NamedEvent], after: int) -> list[NamedEvent]:
    place = cut_after(events, after)
    return [*events[:place], events[0], *events[place:]]


def _double_stop(events: list[NamedEvent], _after: int) -> list[NamedEvent]:
    return events + events[2:]


def _without(path: str) -> Callable[[list[NamedEvent], int], list[NamedEvent]]:
    """Return a fault that leaves one field out wherever it stands."""
    *parents, last = path.split(".")

    def change(events: list[NamedEvent], _after: int) -> list[NamedEvent]:
        changed = copy.deepcopy(events)
        for _, data in changed:
            here: JSON = data
            for name in parents:
                here = here.get(name) or {}
            here.pop(last, None)
        return changed

    return change


def _no_usage(events: list[NamedEvent], after: int) -> list[NamedEvent]:
    return _without("usage")(_without("message.usage")(events, after), after)


def _unknown(events: list[NamedEvent], after: int) -> list[NamedEvent]:
    """Put an event, a delta and a block that nobody knows among the others."""
    place = cut_after(events, after)
    odd: list[NamedEvent] = [
        ("weather_report", {"type": "weather_report", "sky": "clear"}),
        (
            "content_block_delta",
            {
                "type": "content_block_delta",
                "index": events[place - 1][1].get("index", 0),
                "delta": {"type": "scent_delta", "scent": "rain"},
            },
        ),
    ]
    index = 1 + max((data.get("index", -1) for _, data in events), default=0)
    block = {"type": "hologram", "beam": "green"}
    start = {"type": "content_block_start", "index": index, "content_block": block}
    stop = {"type": "content_block_stop", "index": index}
    tail: list[NamedEvent] = [("content_block_start", start), ("content_block_stop", stop)]
    return [*events[:place], *odd, *events[place:-2], *tail, *events[-2:]]


def _start_text(events: list[NamedEvent], _after: int) -> list[NamedEvent]:
    """Put the first piece of each block's text into its start."""
    changed = copy.deepcopy(events)
    out: list[NamedEvent] = []
    for name, data in changed:
        opening = out[-1][1].get("content_block", {}) if out else {}
        delta = data.get("delta") or {}
        field = str(delta.get("type", "")).removesuffix("_delta")
        if field in {"text", "thinking"} and opening.get(field) == "":
            opening[field] = delta[field]
        else:
            out.append((name, data))
    return out


def _start_message(events: list[NamedEvent], _after: int) -> list[NamedEvent]:
    """Put the first block of text into the start of the message, and leave out its events."""
    changed = copy.deepcopy(events)
    first = next((e for e in changed if _opens_text(e)), None)
    if first is None:
        return events
    mine = [e for e in changed if e[1].get("index") == first[1]["index"]]
    text = "".join((data.get("delta") or {}).get("text", "") for _, data in mine)
    changed[0][1]["message"]["content"] = [{"type": "text", "text": text}]
    return [event for event in changed if event not in mine]


def _opens_text(event: NamedEvent) -> bool:
    return bool(event[1].get("content_block", {}).get("type") == "text")


def _null_stop(events: list[NamedEvent], _after: int) -> list[NamedEvent]:
    changed = copy.deepcopy(events)
    for name, data in changed:
        if name == "message_delta":
            data["delta"]["stop_reason"] = None
    return changed


_EVENT_FAULTS: dict[str, Callable[[list[NamedEvent], int], list[NamedEvent]]] = {
    "error-first": _error_first,
    "error": _error_after,
    "cut": _clean_end,
    "no-stop": _no_stop,
    "double-start": _double_start,
    "double": _double_stop,
    "no-usage": _no_usage,
    "no-message": _without("message"),
    "no-delta": _without("delta"),
    "no-index": _without("index"),
    "no-type": _without("type"),
    "unknown": _unknown,
    "start-text": _start_text,
    "start-message": _start_message,
    "null-stop": _null_stop,
}
_BREAKS = {"torn": Ending.TORN, "reset": Ending.RESET, "stall": Ending.STALL}
_SPOILT = {
    "bad-json": b'event: content_block_delta\ndata: {"type":"content_block_delta",\n\n',
    "bad-utf8": b'event: content_block_delta\ndata: {"type":"\xff\xfe\xc3"}\n\n',
}
_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_INSTEAD = ("html", "json", "empty", "pings", "pings-for-ever", "pings-after", "huge")
STREAM_FAULTS = (*_EVENT_FAULTS, *_BREAKS, *_SPOILT, *_INSTEAD)


def change_events(name: str, events: list[NamedEvent], after: int) -> list[NamedEvent]:
    """Return the events as the fault `name` leaves them; unchanged where it works on bytes."""
    change = _EVENT_FAULTS.get(name)
    if change is not None:
        return change(events, after)
    if name in _BREAKS or name in _SPOILT or name == "pings-after":
        return events[: cut_after(events, after)]
    return events


def change_answer(name: str, answer: WireAnswer) -> WireAnswer:
    """Return the answer as the fault `name` leaves it; unchanged where it works on events."""
    if name in _BREAKS:
        return replace(answer, ending=_BREAKS[name])
    if name in _SPOILT:
        return replace(answer, chunks=(*answer.chunks, Chunk(_SPOILT[name])))
    if name == "pings-after":
        return replace(answer, chunks=(*answer.chunks, Chunk(_PING, 0.05)), ending=Ending.REPEAT)
    if name == "pings":
        return replace(answer, chunks=(Chunk(_PING),) * 5)
    if name == "pings-for-ever":
        return replace(answer, chunks=(Chunk(_PING, 0.05),), ending=Ending.REPEAT)
    if name == "empty":
        return replace(answer, chunks=())
    if name == "huge":
        data = {"type": "ping", "padding": "x" * 5_000_000}
        return replace(answer, chunks=(Chunk(encode(("ping", data))), *answer.chunks))
    return _other_content(name, answer)


def _other_content(name: str, answer: WireAnswer) -> WireAnswer:
    if name == "html":
        headers = {**answer.headers, "content-type": "text/html; charset=utf-8"}
        return replace(answer, headers=headers, chunks=(Chunk(_HTML),))
    if name == "json":
        headers = {**answer.headers, "content-type": "application/json"}
        return replace(answer, headers=headers, chunks=(Chunk(b'{"status": "ok"}'),))
    return answer


def instead(name: str, headers: dict[str, str]) -> WireAnswer | None:
    """Return the answer of a fault that leaves no room for any other."""
    if name == "refused":
        return WireAnswer(200, headers, ending=Ending.REFUSED)
    if name == "headers":
        return WireAnswer(200, headers, ending=Ending.HEADERS)
    if name == "silence":
        return WireAnswer(200, headers, delay=3600.0)
    if name == "redirect":
        moved = {**headers, "location": "https://elsewhere.invalid/v1/messages"}
        return WireAnswer(307, {**moved, "content-length": "0"})
    return None
