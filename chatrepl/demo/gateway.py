"""Servers that speak the Messages API and are not the service: what they refuse, and how.

`Engine(gateway=Gateway(…))`. A new parameter that some server does not take is a name in `refuses`:
a dotted path as the service writes it, or one of the words of `_SPECIAL`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

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

THINKING_KEPT = (
    "`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. "
    "These blocks must remain as they were in the original response."
)
_FREE = frozenset({"input", "input_schema", "schema"})  # their keys are not the service's
_THINKING = frozenset({"thinking", "redacted_thinking"})


class ErrorForm(StrEnum):
    """How a server words an error."""

    SERVICE = "service"
    DETAIL = "detail"  # {"detail": "…"}
    DETAILS = "details"  # {"detail": [{"loc": […], "msg": "…"}]}
    MESSAGE = "message"  # {"message": "…"}
    ERROR = "error"  # {"error": {"message": "…", "code": …}}
    PLAIN = "plain"  # text of a proxy
    PAGE = "page"  # a page whose title says it
    EVENT = "event"  # status 200, and an event without a name


@dataclass(frozen=True, slots=True)
class Gateway:
    """One server; as it stands, the service itself.

    `refuses` are parameters it does not take, at any depth of the body: `cache_control`, `ttl`,
    `diagnostics`, `thinking`, `display`, `output_config`; or `adaptive` (thinking), `system_role`
    (a system message in mid-conversation), `old_thinking` (any thinking of the past).
    """

    refuses: frozenset[str] = frozenset()
    refusal: str = "{path}: Extra inputs are not permitted"
    most_tokens: int = 0  # 0 for as many as the model writes
    least_tokens: int = 0
    key_header_only: bool = False  # reads x-api-key, not authorization
    thinking_words: str = THINKING_KEPT
    error_form: ErrorForm = ErrorForm.SERVICE
    error_status: int = 0  # what every refusal has, 0 for its own
    content_type: str = "text/event-stream; charset=utf-8"
    whole: bool = False  # answers with one JSON message where a stream was asked for
    line_end: str = "\n"

    def check(self, body: JSON, headers: Mapping[str, str]) -> None:
        """Refuse what this server does not take."""
        if self.key_header_only and not headers.get("x-api-key"):
            raise ApiFault(401, "x-api-key header is required")
        for name in sorted(self.refuses):
            for path, words in _SPECIAL.get(name, _anywhere(name))(body):
                raise invalid((words or self.refusal).format(path=path, kept=self.thinking_words))
        limit = body.get("max_tokens")
        if self.most_tokens and isinstance(limit, int) and limit > self.most_tokens:
            raise invalid(
                f"max_tokens: {limit} > {self.most_tokens}, which is the maximum allowed number "
                f"of output tokens for {body.get('model')}"
            )

        if isinstance(limit, int) and limit < self.least_tokens:
            raise invalid(f"max_tokens: must be greater than or equal to {self.least_tokens}")

    def word(self, fault: ApiFault, own: dict[str, str]) -> WireAnswer:
        """Return an error as this server words it."""
        status, headers = self.error_status or fault.status, own | fault.headers
        words = fault.message
        match self.error_form:
            case ErrorForm.SERVICE:
                value: JSON = error_body(status, words, own["request-id"], fault.details)
            case ErrorForm.DETAIL:
                value = {"detail": words}
            case ErrorForm.DETAILS:
                where, _, said = words.partition(": ")
                value = {"detail": [{"loc": ["body", *where.split(".")], "msg": said or words}]}
            case ErrorForm.MESSAGE:
                value = {"message": words}
            case ErrorForm.ERROR:
                value = {"error": {"message": words, "code": status}}
            case ErrorForm.PLAIN:
                return _text(status, headers, "text/plain; charset=utf-8", words)
            case ErrorForm.PAGE:
                page = f"<html><head><title>{words}</title></head><body></body></html>"
                return _text(status, headers, "text/html; charset=utf-8", page)
            case ErrorForm.EVENT:
                event = f"data: {dump({'error': {'message': words}}).decode()}\n\n"
                return _text(200, headers, "text/event-stream", event)
        return json_answer(status, value, headers)

    def carry(self, stream: WireAnswer, message: JSON) -> WireAnswer:
        """Return a stream as this server sends it."""
        if self.whole:
            return json_answer(200, message, stream.headers)
        end = self.line_end.encode()
        chunks = stream.chunks
        if end != b"\n":
            chunks = tuple(Chunk(c.data.replace(b"\n", end), c.wait) for c in chunks)
        headers = {**stream.headers, "content-type": self.content_type}
        return replace(stream, headers=headers, chunks=chunks)


def _text(status: int, headers: Mapping[str, str], kind: str, words: str) -> WireAnswer:
    return WireAnswer(status, {**headers, "content-type": kind}, (Chunk(words.encode()),))


WireRefusal = tuple[str, str]  # where, and in which words if in words of its own


def _anywhere(name: str) -> Callable[[JSON], Iterator[WireRefusal]]:
    """Return how to find a key at any depth."""

    def find(value: Any, path: str = "") -> Iterator[WireRefusal]:
        if isinstance(value, list):
            for place, item in enumerate(value):
                yield from find(item, f"{path}.{place}")
        elif isinstance(value, dict):
            if name in value:
                yield f"{path}.{name}".lstrip("."), ""
            for key, item in value.items():
                if key not in _FREE:
                    yield from find(item, f"{path}.{key}")

    return find


def _adaptive(body: JSON) -> Iterator[WireRefusal]:
    if (body.get("thinking") or {}).get("type") == "adaptive":
        yield "thinking.type", "{path}: 'adaptive' is not supported"


def _system_role(body: JSON) -> Iterator[WireRefusal]:
    for place, message in enumerate(body.get("messages") or []):
        if message.get("role") == "system":
            yield f"messages.{place}.role", "{path}: Input should be 'user' or 'assistant'"


def _old_thinking(body: JSON) -> Iterator[WireRefusal]:
    for place, message in enumerate(body.get("messages") or []):
        content = message.get("content")
        for number, block in enumerate(content if isinstance(content, list) else []):
            if block.get("type") in _THINKING:
                yield f"messages.{place}.content.{number}", "{path}: {kept}"


def _thinking(body: JSON) -> Iterator[WireRefusal]:
    if "thinking" in body:
        yield "thinking", ""


_SPECIAL: dict[str, Callable[[JSON], Iterator[WireRefusal]]] = {
    "adaptive": _adaptive,
    "system_role": _system_role,
    "old_thinking": _old_thinking,
    "thinking": _thinking,  # the parameter; blocks have a text of that name
}
